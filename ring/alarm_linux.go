//go:build linux && !explore

package ring

import (
	"os"
	"syscall"
	"time"
	"unsafe"
)

// alarm makes a timed sleep end in time. Go's poller counts in milliseconds: in a
// process that has nothing else to do its timers come up to one late. A timer of the
// system's (timerfd_create(2)) that is registered with the poller makes it return, and
// look at Go's timers, when one of them is due. It only wakes the poller: what ends the
// sleep is still Go's timer, so without alarm all is the same but for the millisecond.
//
// It belongs to the owner goroutine. Nil where the system gives none.
type alarm struct {
	file *os.File // keeps it registered
	fd   uintptr
}

// alarmLate is by how much an alarm comes after the timer that it is for, which the
// poller must find due.
const alarmLate = 10 * time.Microsecond

// clockMonotonic is CLOCK_MONOTONIC.
const clockMonotonic = 1

func newAlarm() *alarm {
	fd, _, failed := syscall.RawSyscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if failed != 0 {
		return nil
	}
	return &alarm{os.NewFile(fd, "timerfd"), fd}
}

// set lets the alarm go off once after some time, and not when it was set to before.
func (a *alarm) set(d time.Duration) {
	if a == nil {
		return
	}
	setting := struct{ interval, value syscall.Timespec }{value: syscall.NsecToTimespec(int64(d + alarmLate))}
	syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, a.fd, 0, uintptr(unsafe.Pointer(&setting)), 0, 0, 0)
}

func (a *alarm) close() {
	if a != nil {
		a.file.Close()
	}
}
