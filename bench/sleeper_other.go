//go:build !linux

package bench

import "time"

// Sleeper sleeps as precisely as Go's timers do here. Not safe for concurrent use.
type Sleeper struct{}

// NewSleeper makes a sleeper, which must be closed.
func NewSleeper() *Sleeper { return &Sleeper{} }

// Sleep sleeps for some time.
func (*Sleeper) Sleep(d time.Duration) { time.Sleep(d) }

// Close does nothing.
func (*Sleeper) Close() {}
