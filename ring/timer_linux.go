//go:build linux && !explore

package ring

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// systemTimer is a timer of the system's (timerfd_create(2)) that is registered with
// Go's poller as if it were a connection: to wait for it is to wait until it can be
// read, and a read deadline that has passed ends that. It is never read, so a wait
// takes one call of the system's, which sets it.
//
// wait, clear and close belong to the owner goroutine; interrupt is safe for
// concurrent use.
type systemTimer struct {
	file *os.File
	conn syscall.RawConn
	set  func(fd uintptr) bool // setOnce
	d    time.Duration         // owner: for how long it waits
	done bool                  // owner: it was set for that
}

// clockMonotonic is CLOCK_MONOTONIC.
const clockMonotonic = 1

// past is a deadline that has passed.
var past = time.Unix(1, 0)

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
	if t.conn, err = t.file.SyscallConn(); err != nil || t.clear() != nil || time.Since(now) == 0 {
		t.close()
		return nil
	}
	return t
}

// longest is for how long it is set at most: an owner may wake for nothing, and a
// system of 32 bits does not count further than 68 years.
const longest = 24 * time.Hour

// wait returns after some time, or when it is interrupted.
func (t *systemTimer) wait(d time.Duration) (interrupted bool) {
	t.d, t.done = d, false
	return t.conn.Read(t.set) != nil
}

// setOnce sets the timer when the poller is ready to see it go off. It is called again
// when it has, and if the system refuses to set it, that is at once.
func (t *systemTimer) setOnce(fd uintptr) (elapsed bool) {
	if t.done {
		return true
	}
	t.done = true
	setting := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(min(max(1, t.d), longest)))}
	_, _, failed := syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0)
	return failed != 0
}

func (t *systemTimer) interrupt() { t.file.SetReadDeadline(past) }

// clear takes an interruption back.
func (t *systemTimer) clear() error { return t.file.SetReadDeadline(time.Time{}) }

func (t *systemTimer) close() { t.file.Close() }
