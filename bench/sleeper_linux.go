package bench

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Sleeper sleeps to within some 0.1 ms. Go's own timers come up to a millisecond late
// when the process has nothing else to do, since its poller counts in milliseconds:
// of a generator of load that would be half of the lateness measured. This one waits
// for a timer of the system's (timerfd_create(2)) in the same poller. Not safe for
// concurrent use.
type Sleeper struct {
	fd   int
	file *os.File // nil if the system has no such timer
}

// NewSleeper makes a sleeper, which must be closed.
func NewSleeper() *Sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &Sleeper{}
	}
	return &Sleeper{fd: fd, file: os.NewFile(uintptr(fd), "timer")}
}

// Sleep sleeps for some time.
func (s *Sleeper) Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if s.file == nil || unix.TimerfdSettime(s.fd, 0, &spec, nil) != nil {
		time.Sleep(d)
		return
	}
	var fired [8]byte
	if _, err := s.file.Read(fired[:]); err != nil {
		time.Sleep(d)
	}
}

// Close gives the timer back.
func (s *Sleeper) Close() {
	if s.file != nil {
		s.file.Close()
	}
}
