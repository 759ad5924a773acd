package ring

import "time"

// alarm is where a timed sleep costs least and ends in time: a timer of the system's
// that Go's poller waits for together with all else. A timer of Go's comes up to a
// millisecond late where the process has nothing else to do, since the poller counts
// in milliseconds; and it wakes a second thread, to look for work that is not there.
// At 300,000 operations a second, a look each millisecond, this halves the context
// switches.
//
// Whoever sleeps here is woken through the chime, and the timer is interrupted besides.
// That is a handshake as the bell's: the owner says that it sleeps, then looks at the
// chime; who rings strikes the chime, then looks whether the owner sleeps.
//
//	owner                            who rings
//	arm the timer
//	asleep ← true                    strike the chime
//	if it was struck → do not sleep  if asleep → interrupt the timer
//	else wait for the timer
//	asleep ← false
//	look at the chime
//
// An interruption can come late, when the owner has armed the timer again. It wakes for
// nothing then.
type alarm struct {
	timer *systemTimer

	// asleep publishes to those who ring that the owner is about to sleep here.
	asleep atomicBool

	// alone is the owner's: it woke by itself, and has sent nobody to Go's poller since.
	// See Bell.Relieve.
	alone bool
}

// newAlarm returns nil if there are none.
func newAlarm() *alarm {
	timer := newSystemTimer()
	if timer == nil {
		return nil
	}
	return &alarm{timer: timer}
}

// sleep sleeps for some time, or until the chime is struck, and reports whether it
// was. Owner goroutine only.
func (a *alarm) sleep(d time.Duration, c chime) (rang bool) {
	a.timer.arm(d)
	a.asleep.Store(true)
	if c.rang() {
		a.asleep.Store(false)
		return true
	}
	ended := a.timer.wait()
	a.asleep.Store(false)
	rang = c.rang()
	a.alone = !(ended && rang) // else who rang has sent a thread
	return rang
}

// interrupt ends the sleep of an owner whose chime was struck. Safe for concurrent use.
func (a *alarm) interrupt() {
	if a.asleep.Load() {
		a.timer.interrupt()
	}
}
