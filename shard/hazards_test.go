package shard

import (
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A producer is suspended between claim and publish: nobody is decided who may
// stand behind it, since the order and the group would be wrong; the owner sleeps
// meanwhile and does not spin, others go on until the ring is full, and Close
// returns. When it resumes, all are decided as if nothing had been.
func TestStalledProducer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		s := New(Config{RingSize: 16, Now: c.now})
		terms := NewTerms(time.Millisecond, 0)
		c.stage(s, "first", 1, Op{Terms: terms})
		stalled := c.op("stalled", 1, Op{Priority: 1, Terms: terms})
		stalled.At = c.now()
		resume := stall(t, s, &stalled)
		c.stage(s, "behind", 1, Op{Terms: terms})
		go s.Run()
		time.Sleep(time.Second)
		for i := range 13 {
			c.stage(s, fmt.Sprint(i), uint64(2+i), Op{Terms: terms})
			time.Sleep(time.Millisecond)
		}
		room := c.op("room", 1, Op{Terms: terms})
		_, err := s.Stage(&room)
		require.NoError(t, err, "the place of the first one, which was drained")
		full := c.op("full", 1, Op{Terms: terms})
		_, err = s.Stage(&full)
		require.ErrorIs(t, err, ErrFull)
		s.Close()
		time.Sleep(time.Hour)
		require.Zero(t, c.count(), "nobody is told")
		require.Less(t, s.Stats().Sleeps, uint64(10), "the owner waits for the hole to be filled")

		resume()
		<-s.Done()
		require.Equal(t, Won, c.outcome("stalled"))
		for _, loser := range []string{"first", "behind", "room"} {
			require.Equal(t, Lost, c.outcome(loser))
			require.Equal(t, "stalled", c.verdict(loser).WinnerName)
		}
		for i := range 13 {
			require.Equal(t, Won, c.outcome(fmt.Sprint(i)))
		}
	})
}

// Sequences that pass the ends of smaller integers, and even of their own, change
// nothing about who was first.
func TestSequenceOverflow(t *testing.T) {
	for _, start := range []uint64{0, math.MaxInt32 - 2, math.MaxUint32 - 2, math.MaxInt64 - 2, math.MaxUint64 - 2} {
		for name, want := range map[string]struct {
			config CoreConfig
			first  uint64 // who wins, from start on
			told   int
		}{
			"priority": {CoreConfig{}, 0, 6},
			"early":    {CoreConfig{Rules: []Rules{{Early: true}}}, 0, 6},
			"runners":  {CoreConfig{Rules: []Rules{{Early: true, RunnersUp: 3}}}, 0, 6},
			"last":     {CoreConfig{Rules: []Rules{{Policy: LastWins}}}, 5, 6},
			"order":    {CoreConfig{Rules: []Rules{{Order: func(a, b Standing) bool { return false }}}}, 0, 6},
			"limit":    {CoreConfig{Limit: 4}, 0, 6},
		} {
			core := NewCore(want.config)
			for i := range uint64(6) {
				op := Op{Target: target(1), Ticket: &Ticket{}, At: unstamped, Terms: NewTerms(1, uint8(len(want.config.Rules)))}
				require.True(t, op.Begin())
				core.Stage(&op, start+i, 0)
			}
			core.Advance(int64(Tick))
			batch := core.Decide()
			require.Len(t, batch, 1)
			require.Equal(t, start+want.first, batch[0].Winner.ID, "%s from %d", name, start)
			told := len(core.Dismissed())
			next := start
			for s := range batch[0].All() {
				require.GreaterOrEqual(t, int64(s.ID-next), int64(0), "%s from %d: in order", name, start)
				next = s.ID
				told++
			}
			require.Equal(t, want.told, told)
			core.Release()
		}
	}
}

// The process is suspended for seconds, which a monotonic clock does not stop for;
// or a clock that should be monotonic is not. Everything is decided once, nothing
// early by that clock, and what comes afterwards in its time.
func TestSuspendedProcess(t *testing.T) {
	for _, jump := range []time.Duration{10 * time.Second, time.Hour, -20 * time.Millisecond, -5 * time.Second} {
		t.Run(fmt.Sprint(jump), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCrowd(t)
				var offset atomic.Int64
				offset.Store(int64(time.Hour)) // so that there is something to go back to
				now := func() int64 { return c.now() + offset.Load() }
				s := New(Config{RingSize: 256, Now: now})
				go s.Run()
				window := func(n uint64) time.Duration { return time.Duration(1+n) * time.Millisecond }
				for n := range uint64(100) {
					c.stage(s, fmt.Sprint("before", n), n, Op{Terms: NewTerms(window(n), 0)})
				}
				time.Sleep(20*time.Millisecond + 77*time.Microsecond)
				offset.Add(int64(jump))
				for n := range uint64(110) { // of windows that are overdue, and of others
					c.stage(s, fmt.Sprint("after", n), n, Op{Priority: 1, Terms: NewTerms(window(n), 0)})
				}
				time.Sleep(time.Second + max(0, -jump))
				for n := range uint64(110) {
					after := c.verdict(fmt.Sprint("after", n))
					require.Equal(t, Won, after.Outcome)
					require.GreaterOrEqual(t, after.Closed, after.Due)
					require.EqualValues(t, window(n), after.Due-after.Opened)
					if n < 100 {
						before := c.verdict(fmt.Sprint("before", n))
						require.GreaterOrEqual(t, before.Closed, before.Due)
						require.EqualValues(t, window(n), before.Due-before.Opened)
						require.Equal(t, n < 20, before.Outcome == Won, "%d", n)
					}
				}
				opened := now()
				c.stage(s, "next", 1, Op{Terms: NewTerms(window(50), 0)})
				time.Sleep(time.Second)
				next := c.verdict("next")
				require.GreaterOrEqual(t, next.Closed, opened+int64(window(50)))
				require.LessOrEqual(t, next.Closed, opened+int64(window(50)+Tick))
				require.Equal(t, 211, c.count())
				s.Close()
				<-s.Done()
			})
		})
	}
}

// Fencing tokens begin at the wall clock, so that they grow over processes too. If
// that clock is set back between two generations they grow all the same.
func TestWallClockSteppingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var carried Carried
		last := uint64(0)
		for i, fence := range []uint64{1000, 2000, 5, 0, 2001, math.MaxInt64} {
			s := New(Config{RingSize: 16, Now: c.now, Fence: fence, Carried: carried})
			go s.Run()
			for n := range uint64(10) {
				name := fmt.Sprint(i, n)
				c.stage(s, name, 1, Op{Terms: NewTerms(time.Millisecond, 0)})
				time.Sleep(10 * time.Millisecond)
				token := c.verdict(name).Token
				require.Greater(t, token, last)
				require.Greater(t, token, fence)
				last = token
			}
			s.Close()
			<-s.Done()
			carried = s.Carry()
		}
	})
}
