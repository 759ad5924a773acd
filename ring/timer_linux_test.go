//go:build linux && !explore

package ring

import (
	"math"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A timed sleep ends when its time is over, not before, and again and again.
func TestAlarmGoesOff(t *testing.T) {
	b := NewBell()
	defer b.Close()
	for _, d := range []time.Duration{-1, 0, 1, time.Microsecond, time.Millisecond} {
		before := time.Now()
		require.False(t, b.WaitFor(d))
		require.GreaterOrEqual(t, time.Since(before), d)
	}
	require.NotNil(t, b.alarm.Load())
	require.Nil(t, b.timer)
}

// Whoever rings before a timed sleep or in it ends it.
func TestAlarmIsInterrupted(t *testing.T) {
	b := NewBell()
	defer b.Close()
	b.Ring()
	require.True(t, b.WaitFor(math.MaxInt64))
	rings, rung := make(chan struct{}), make(chan struct{})
	go func() {
		for range rings {
			b.Ring()
		}
		close(rung)
	}()
	for range 10_000 {
		rings <- struct{}{}
		for !b.WaitFor(math.MaxInt64) { // or for nothing, if a ring came late
		}
	}
	close(rings)
	<-rung
}

// An interruption that came late wakes once, and for nothing.
func TestAlarmIsInterruptedLate(t *testing.T) {
	b := NewBell()
	defer b.Close()
	b.WaitFor(0)
	a := b.alarm.Load()
	a.timer.arm(math.MaxInt64)
	a.timer.interrupt()
	a.timer.wait()
	before := time.Now()
	require.False(t, b.WaitFor(time.Millisecond))
	require.GreaterOrEqual(t, time.Since(before), time.Millisecond)
}

// No ring of many is lost that nobody was awake for.
func TestAlarmAndManyWhoRing(t *testing.T) {
	const ringers, rings = 4, 2000
	b := NewBell()
	defer b.Close()
	var answered [ringers]chan struct{}
	var waiting [ringers]struct {
		sync.Mutex
		on bool
	}
	for i := range ringers {
		answered[i] = make(chan struct{}, 1)
		go func() {
			for range rings {
				waiting[i].Lock()
				waiting[i].on = true
				waiting[i].Unlock()
				b.Ring()
				<-answered[i]
			}
		}()
	}
	for left := ringers * rings; left > 0; {
		for i := range ringers {
			waiting[i].Lock()
			if waiting[i].on {
				waiting[i].on = false
				answered[i] <- struct{}{}
				left--
			}
			waiting[i].Unlock()
		}
		if left > 0 {
			b.WaitFor(math.MaxInt64)
		}
	}
}

// Close gives the timer back; without a timed sleep there is none.
func TestAlarmIsGivenBack(t *testing.T) {
	b := NewBell()
	b.Ring()
	b.Wait()
	require.Nil(t, b.alarm.Load())
	b.Close()

	b = NewBell()
	b.WaitFor(0)
	b.Close()
	require.Error(t, b.alarm.Load().timer.file.SetReadDeadline(past))
	b.Ring() // which is harmless
}

// In a bubble, time passes while an owner sleeps.
func TestNoAlarmInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBell()
		before := time.Now()
		require.False(t, b.WaitFor(time.Hour))
		require.Equal(t, time.Hour, time.Since(before))
		require.Nil(t, b.alarm.Load())
		b.Close()
	})
}

// After waits that were late, the next ones have a deadline of Go's, until for long it
// has not been needed.
func TestLateWaitsAreGuarded(t *testing.T) {
	const late = waitLate
	var timer systemTimer
	timer.guard(late-1, false)
	require.Zero(t, timer.guarded, "in time")
	timer.guard(-time.Hour, true)
	require.Zero(t, timer.guarded, "interrupted")
	for range 10 { // held up now and then
		timer.guard(late, false)
		timer.guard(0, false)
	}
	require.Zero(t, timer.guarded, "in time in between")
	timer.guard(late, false)
	timer.guard(-time.Hour, true)
	timer.guard(late, false)
	require.Equal(t, guardedWaits, timer.guarded)
	for range 10 {
		timer.guard(deadlineLate+time.Microsecond, false) // a bit late, but the timer was first
	}
	timer.guard(deadlineLate-1, true) // interrupted near the end
	require.Equal(t, guardedWaits-11, timer.guarded)
	timer.guard(deadlineLate, true)
	require.Equal(t, guardedWaits, timer.guarded)
	for range guardedWaits + 1 {
		timer.guard(0, false)
	}
	require.Zero(t, timer.guarded)
}

// A guarded wait ends though the timer does not go off, and is not taken for one that
// may end for nothing.
func TestGuardedWaitEndsByItsDeadline(t *testing.T) {
	timer := newSystemTimer()
	require.NotNil(t, timer)
	defer timer.close()
	timer.guarded = 2
	timer.set = func(uintptr) bool { return false } // never set
	for _, d := range []time.Duration{0, time.Millisecond} {
		timer.arm(d)
		timer.wait()
		require.GreaterOrEqual(t, time.Since(timer.armed), d+deadlineLate)
		require.Equal(t, guardedWaits, timer.guarded)
	}
	timer.set, timer.guarded = timer.setOnce, 0
	timer.arm(time.Millisecond)
	timer.wait()
	require.GreaterOrEqual(t, time.Since(timer.armed), time.Millisecond, "by an old deadline")
}

// A sleep of any length can be set, on a system of any size.
func TestAlarmOfAnyLength(t *testing.T) {
	timer := newSystemTimer()
	require.NotNil(t, timer)
	defer timer.close()
	for _, d := range []time.Duration{math.MinInt64, 0, 1, time.Hour, 3e9 * time.Second, math.MaxInt64} {
		timer.arm(d)
		require.NoError(t, timer.conn.Control(func(fd uintptr) { require.False(t, timer.setOnce(fd), "%v", d) }))
	}
}

// What cannot be set, because somebody has closed it, does not make its owner spin.
func TestAlarmThatCannotBeSet(t *testing.T) {
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	defer reader.Close()
	defer writer.Close()
	timer := systemTimer{armed: time.Now(), d: time.Hour}
	require.True(t, timer.setOnce(reader.Fd()))
	require.GreaterOrEqual(t, time.Since(timer.armed), time.Millisecond)
}
