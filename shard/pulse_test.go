package shard

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A contender that blocks makes the owner overdue, and what closes behind it late;
// a second or two after, that is forgotten.
func TestVitals(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		require.Equal(t, Vitals{Wakes: unpromised, Resting: true}, s.Vitals())
		blocks := contender(func(*Verdict) { time.Sleep(300 * time.Millisecond) })
		c.stage(s, "a", 1, Op{Ticket: &Ticket{To: blocks}, Terms: NewTerms(100*time.Millisecond, 0)})
		synctest.Wait()
		time.Sleep(90 * time.Millisecond)
		c.stage(s, "b", 2, Op{Terms: NewTerms(110*time.Millisecond, 0)})
		synctest.Wait()
		v := s.Vitals()
		require.Equal(t, 2, v.Staged)
		require.False(t, v.Resting)
		require.EqualValues(t, 100*time.Millisecond, v.Wakes)
		require.Zero(t, v.Lateness)

		time.Sleep(110 * time.Millisecond)
		synctest.Wait()
		v = s.Vitals()
		require.Equal(t, 100*time.Millisecond, v.Overdue)
		require.Equal(t, 100*time.Millisecond, v.Lateness)

		time.Sleep(300 * time.Millisecond) // b was told 200 ms late, and the look before took 300 ms
		synctest.Wait()
		v = s.Vitals()
		require.Equal(t, Vitals{Lateness: 300 * time.Millisecond, Wakes: unpromised, Resting: true}, v)

		time.Sleep(200 * time.Second) // the wheel stands still meanwhile
		require.Zero(t, s.Vitals().Lateness)
		c.stage(s, "c", 1, Op{Terms: NewTerms(100*time.Millisecond, 0)})
		time.Sleep(time.Second)
		require.Zero(t, s.Vitals().Lateness)
	})
}

// A long window is a rest; the end of it is reported, and so is what comes before.
func TestBusyIsCalledAfterARest(t *testing.T) {
	var calls atomic.Int64 // read while the owner sleeps only
	withShard(t, Config{Busy: func() { calls.Add(1) }}, func(s *Shard, c *crowd) {
		synctest.Wait()
		require.EqualValues(t, 1, calls.Load(), "the first look")
		stage := func(name string, window time.Duration) {
			c.stage(s, name, 1, Op{Terms: NewTerms(window, 0)})
			synctest.Wait()
		}
		stage("a", 10*time.Second)
		require.EqualValues(t, 2, calls.Load())
		require.True(t, s.Vitals().Resting)
		time.Sleep(9500 * time.Millisecond)
		require.False(t, s.Vitals().Resting, "the promise comes near")
		require.EqualValues(t, 2, calls.Load())
		time.Sleep(time.Second)
		require.EqualValues(t, 3, calls.Load())
		stage("b", 100*time.Millisecond)
		require.EqualValues(t, 4, calls.Load())
		time.Sleep(time.Second)
		require.EqualValues(t, 4, calls.Load(), "it had not rested")
	})
}

// How late the looks of the last one to two seconds were.
func TestLatenessIsForgotten(t *testing.T) {
	var p pulse
	late := func(at, by time.Duration) { p.late(int64(at), int64(by)) }
	worst := func(at time.Duration) time.Duration { return time.Duration(p.worst(int64(at))) }
	late(0, 5)
	late(time.Second/2, 3)
	require.EqualValues(t, 5, worst(time.Second-1))
	late(time.Second, 2)
	require.EqualValues(t, 5, worst(2*time.Second-1))
	require.EqualValues(t, 2, worst(2*time.Second))
	late(2*time.Second, 1)
	require.EqualValues(t, 2, worst(2*time.Second))
	late(4*time.Second, 0)
	require.EqualValues(t, 0, worst(4*time.Second))
	late(4*time.Second, 7)
	require.EqualValues(t, 7, worst(6*time.Second-1-time.Second))
	require.Zero(t, worst(time.Minute))
}
