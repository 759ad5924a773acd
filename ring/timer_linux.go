//go:build linux && !explore

package ring

import (
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// systemTimer is a timer of the system's (timerfd_create(2)) that is registered with
// Go's poller as if it were a connection: to wait for it is to wait until it can be
// read, and a read deadline that has passed ends that. It is never read, so a wait
// takes one call of the system's, which sets it.
//
// The poller is asked by whoever has nothing else to do. Where all processors are busy
// that is only Go's monitor, every 10 ms. So two waits that were late are followed by many
// with a read deadline a moment behind the timer, as goroutines on a busy processor look
// at Go's timers all the time. It is not always set, for with a timer of Go's to come
// the monitor wakes for it.
//
// arm, wait, yield and close belong to the owner goroutine; interrupt is safe for concurrent
// use.
type systemTimer struct {
	file *os.File
	conn syscall.RawConn
	set  func(fd uintptr) bool // setOnce

	// The owner's:
	armed   time.Time     // when it was armed
	d       time.Duration // for how long
	done    bool          // the timer was set for that
	stale   bool          // a read deadline may have passed
	late    int           // how many of the last waits were late
	guarded int           // how many more waits have a read deadline of their own
}

const (
	// clockMonotonic is CLOCK_MONOTONIC.
	clockMonotonic = 1

	// longest is for how long the timer is set at most: an owner may wake for nothing,
	// and a system of 32 bits does not count further than 68 years.
	longest = 24 * time.Hour

	// waitLate is by how much a wait is late if nobody asks the poller, mostly; lateWaits
	// is how many in a row say so. One can have been held up by anything.
	waitLate, lateWaits = time.Millisecond, 2
	// deadlineLate is by how much a read deadline comes after the timer, which ends the
	// wait first if somebody does.
	deadlineLate = 100 * time.Microsecond
	// guardedWaits is how many waits have one, since the last one that it ended.
	guardedWaits = 1000
)

// past is a deadline that has passed.
var past = time.Unix(-1, 0)

// newSystemTimer returns nil if the system has none to give, or in a bubble of
// testing/synctest, where time stands still while anybody runs: nobody who waits for
// the poller is asleep there.
func newSystemTimer() *systemTimer {
	now := time.Now()
	fd, _, failed := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if failed != 0 {
		return nil
	}
	t := &systemTimer{file: os.NewFile(fd, "timerfd")}
	t.set = t.setOnce
	var err error
	t.conn, err = t.file.SyscallConn()
	if err != nil || t.file.SetReadDeadline(time.Time{}) != nil || !setTimer(fd, 0) || time.Since(now) == 0 {
		t.close()
		return nil
	}
	return t
}

// arm takes earlier interruptions back: what interrupts from now on ends the wait for
// that time.
func (t *systemTimer) arm(d time.Duration) {
	t.armed, t.d, t.done = time.Now(), d, false
	switch {
	case t.guarded > 0:
		t.file.SetReadDeadline(t.armed.Add(d).Add(deadlineLate))
	case t.stale:
		t.file.SetReadDeadline(time.Time{})
	}
}

// wait returns after the time that it was armed for, or when it is interrupted. It
// reports whether a deadline has ended it: an interruption, or its own.
func (t *systemTimer) wait() (ended bool) {
	ended = t.conn.Read(t.set) != nil
	t.stale = ended || t.guarded > 0
	t.guard(time.Since(t.armed)-t.d, ended)
	return ended
}

// yield waits for a timer that goes off at once, and so until somebody who has nothing else
// to do has asked the poller, or for a moment: then others are not done with the processor.
func (t *systemTimer) yield() {
	if t.file.SetReadDeadline(time.Now().Add(deadlineLate)) != nil {
		runtime.Gosched()
		return
	}
	t.d, t.done, t.stale = 0, false, true
	t.conn.Read(t.set)
}

// guard decides whether the next waits have a deadline of their own, by how late the
// last ones were. A wait that ended early, as it was interrupted, says nothing.
func (t *systemTimer) guard(late time.Duration, byDeadline bool) {
	switch {
	case late >= waitLate:
		t.late++
	case late >= 0:
		t.late = 0
	}
	switch needed := t.guarded > 0 && byDeadline && late >= deadlineLate; {
	case needed, t.late >= lateWaits:
		t.guarded, t.late = guardedWaits, 0
	case t.guarded > 0:
		t.guarded--
	}
}

// setOnce sets the timer when the poller is ready to see it go off, and is called again
// when it has.
func (t *systemTimer) setOnce(fd uintptr) (elapsed bool) {
	if t.done {
		return true
	}
	t.done = true
	if setTimer(fd, min(max(1, t.d), longest)) {
		return false
	}
	time.Sleep(min(t.d, time.Millisecond)) // it cannot be set any more
	return true
}

// setTimer sets a timer, or with 0 turns it off, and reports whether it could.
func setTimer(fd uintptr, d time.Duration) bool {
	setting := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(d))}
	_, _, failed := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0)
	return failed == 0
}

func (t *systemTimer) interrupt() { t.file.SetReadDeadline(past) }

func (t *systemTimer) close() { t.file.Close() }
