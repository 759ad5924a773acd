//go:build explore

package ring

import (
	"slices"
	"time"

	"example.com/contend/ring/interleave"
)

// chime and seats are as in sleep.go, but sleep where the scheduler sees it. With
// none in force they sleep on channels.
type chime struct {
	rung chan struct{} // of size 1
	word *byte         // stands for the memory that the sleeper waits for
}

func newChime() chime { return chime{make(chan struct{}, 1), new(byte)} }

func (c chime) ring() {
	interleave.Signals(c.word)
	select {
	case c.rung <- struct{}{}:
	default:
	}
}

func (c chime) rang() bool {
	interleave.Signals(c.word)
	return received(c.rung)
}

func (c chime) ready() bool { return len(c.rung) > 0 }

func (c chime) wait() {
	if interleave.InUse() != nil {
		interleave.Await(c.word, c.ready, interleave.Forever)
	}
	<-c.rung
}

func (c chime) waitFor(timer *time.Timer, d time.Duration) bool {
	if interleave.InUse() != nil {
		interleave.Await(c.word, c.ready, d)
		return received(c.rung)
	}
	select {
	case <-c.rung:
		return true
	case <-timer.C:
		return received(c.rung)
	}
}

type seats struct {
	channel chan struct{} // if there is no scheduler
	line    *[]*bool      // those who sleep; set when they are woken
}

func newSeats() seats { return seats{make(chan struct{}), new([]*bool)} }

func (s seats) offer() bool {
	if interleave.InUse() == nil {
		select {
		case s.channel <- struct{}{}:
			return true
		default:
			return false
		}
	}
	interleave.Signals(s.line)
	if len(*s.line) == 0 {
		return false
	}
	*(*s.line)[0] = true
	*s.line = (*s.line)[1:]
	return true
}

func (s seats) wait(done, closed <-chan struct{}) bool {
	if interleave.InUse() == nil {
		select {
		case <-s.channel:
			return true
		case <-done:
			return false
		case <-closed:
			return false
		}
	}
	interleave.Signals(s.line)
	woken := new(bool)
	*s.line = append(*s.line, woken)
	interleave.Await(s.line, func() bool { return *woken || received(done) || received(closed) }, interleave.Forever)
	*s.line = slices.DeleteFunc(*s.line, func(w *bool) bool { return w == woken })
	return *woken
}

// received reports whether a channel is closed or had a value, which it takes.
func received(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
