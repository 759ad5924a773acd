package bench

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Sleeper sleeps to within some 0.1 ms. Go's own timers come up to a millisecond late
// when the process has nothing else to do, since its poller counts in milliseconds:
// of a generator of load that would be half of the lateness measured. This one waits
// for a timer of the system's (timerfd_create(2)) in the same poller, and never reads
// it: a call that may block would wake the runtime's monitor each time, whose work
// would be measured as the generator's. Not safe for concurrent use.
type Sleeper struct {
	file *os.File // nil if the system has no such timer
	conn syscall.RawConn
	set  func(fd uintptr) bool // setOnce
	d    time.Duration         // how long it is to sleep
	done bool                  // the timer was set for that
}

// NewSleeper makes a sleeper, which must be closed.
func NewSleeper() *Sleeper {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &Sleeper{}
	}
	s := &Sleeper{file: os.NewFile(uintptr(fd), "timer")}
	s.set = s.setOnce
	if s.conn, err = s.file.SyscallConn(); err != nil {
		s.file.Close()
		s.file = nil
	}
	return s
}

// Sleep sleeps for some time.
func (s *Sleeper) Sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	if s.d, s.done = d, false; s.file == nil || s.conn.Read(s.set) != nil {
		time.Sleep(d)
	}
}

// setOnce sets the timer when the poller is ready to see it go off, and is called
// again when it has.
func (s *Sleeper) setOnce(fd uintptr) (elapsed bool) {
	if !s.done {
		s.done = true
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(s.d))}
		if unix.TimerfdSettime(int(fd), 0, &spec, nil) == nil {
			return false
		}
		time.Sleep(s.d)
	}
	return true
}

// Close gives the timer back.
func (s *Sleeper) Close() {
	if s.file != nil {
		s.file.Close()
	}
}
