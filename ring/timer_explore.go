//go:build explore

package ring

import (
	"time"

	"example.com/contend/ring/interleave"
)

// systemTimer is as in timer_linux.go, for the scheduler to see. Only a bell that is
// made for it has one.
type systemTimer struct{ passed bool } // the deadline; between steps

func newSystemTimer() *systemTimer { return nil }

// NewAlarmedBell makes a bell whose timed sleeps are on a timer of the system's.
func NewAlarmedBell() *Bell {
	b := NewBell()
	b.alarm.Store(&alarm{timer: new(systemTimer)})
	return b
}

// Alarmed reports whether it is such a bell.
func (b *Bell) Alarmed() bool { return b.alarm.Load() != nil }

func (t *systemTimer) wait(d time.Duration) (interrupted bool) {
	return interleave.Await(t, func() bool { return t.passed }, d)
}

func (t *systemTimer) interrupt() {
	interleave.Signals(t)
	t.passed = true
}

func (t *systemTimer) clear() error {
	interleave.Signals(t)
	t.passed = false
	return nil
}

func (t *systemTimer) close() {}
