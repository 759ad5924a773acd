//go:build explore

package ring

import (
	"time"

	"example.com/contend/ring/interleave"
)

// systemTimer is as in timer_linux.go, for the scheduler to see. Only a bell that is
// made for it has one.
type systemTimer struct {
	d      time.Duration
	passed bool // it was interrupted
}

func newSystemTimer() *systemTimer { return nil }

// NewAlarmedBell makes a bell whose timed sleeps are on a timer of the system's.
func NewAlarmedBell() *Bell {
	b := NewBell()
	b.alarm.Store(&alarm{timer: new(systemTimer)})
	return b
}

// Alarmed reports whether it is such a bell.
func (b *Bell) Alarmed() bool { return b.alarm.Load() != nil }

func (t *systemTimer) arm(d time.Duration) {
	interleave.Signals(t)
	t.d, t.passed = d, false
}

func (t *systemTimer) wait() (ended bool) {
	interleave.Await(t, func() bool { return t.passed }, t.d)
	return t.passed
}

func (t *systemTimer) interrupt() {
	interleave.Signals(t)
	t.passed = true
}

func (t *systemTimer) yield() {}

func (t *systemTimer) close() {}
