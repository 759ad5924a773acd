//go:build !explore

package ring

import "time"

// chime is where one goroutine sleeps until it is rung.
type chime chan struct{}

func newChime() chime { return make(chan struct{}, 1) }

// ring wakes the sleeper, or the next one if there is none. It never blocks.
func (c chime) ring() {
	select {
	case c <- struct{}{}:
	default: // a ring is waiting already
	}
}

func (c chime) wait() { <-c }

// waitFor reports whether it was rung, also if the timer has fired, too.
func (c chime) waitFor(timer *time.Timer, _ time.Duration) bool {
	select {
	case <-c:
		return true
	case <-timer.C:
		return c.rang()
	}
}

// rang reports whether it was rung since the sleeper woke last.
func (c chime) rang() bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// seats are where goroutines sleep in a line.
type seats chan struct{}

func newSeats() seats { return make(chan struct{}) }

// offer wakes the first in line. It reports false if nobody sleeps.
func (s seats) offer() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

// wait reports whether the caller was woken before a channel was closed.
func (s seats) wait(done, closed <-chan struct{}) bool {
	select {
	case <-s:
		return true
	case <-done:
		return false
	case <-closed:
		return false
	}
}
