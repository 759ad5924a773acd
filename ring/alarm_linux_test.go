//go:build linux && !explore

package ring

import (
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// A timed sleep sets an alarm for its own end, which it may be rung before; and Close
// gives it back.
func TestAlarmOfATimedSleep(t *testing.T) {
	b := NewBell()
	for _, d := range []time.Duration{1000 * time.Hour, time.Hour} {
		b.Ring()
		require.True(t, b.WaitFor(d))
		require.NotNil(t, b.alarm)
		left, err := remaining(b.alarm.fd)
		require.NoError(t, err)
		require.LessOrEqual(t, left, d+alarmLate)
		require.Greater(t, left, d-time.Hour)
	}
	fd := b.alarm.fd
	b.Close()
	_, err := remaining(fd)
	require.Error(t, err)
}

// Without a timed sleep there is nothing to give back.
func TestNoAlarm(t *testing.T) {
	b := NewBell()
	b.Ring()
	b.Wait()
	require.Nil(t, b.alarm)
	b.Close()
}

// remaining returns after which time a timer of the system's goes off.
func remaining(fd uintptr) (time.Duration, error) {
	var setting struct{ interval, value syscall.Timespec }
	_, _, failed := syscall.RawSyscall(syscall.SYS_TIMERFD_GETTIME, fd, uintptr(unsafe.Pointer(&setting)), 0)
	if failed != 0 {
		return 0, failed
	}
	return time.Duration(setting.value.Nano()), nil
}
