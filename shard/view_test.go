package shard

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// viewed returns what Windows shows, by target.
func viewed(t *testing.T, s *Shard) map[uuid.UUID]Window {
	all := map[uuid.UUID]Window{}
	require.True(t, s.Windows(nil, func(w *Window) bool {
		require.NotContains(t, all, w.Target)
		all[w.Target] = *w
		return true
	}))
	return all
}

// Every window is seen, over many pages; what has just been submitted, too.
func TestWindowsShowsAll(t *testing.T) {
	withShard(t, Config{RingSize: 4096}, func(s *Shard, c *crowd) {
		require.Empty(t, viewed(t, s))
		const targets = 3*windowsAtATime + 1
		for n := range uint64(targets) {
			c.stage(s, fmt.Sprint("first", n), n, Op{Priority: 5, Terms: NewTerms(time.Hour, 0)})
		}
		for n := range uint64(targets) {
			c.stage(s, fmt.Sprint("second", n), n, Op{Priority: 8, Terms: NewTerms(time.Hour, 0)})
		}
		all := viewed(t, s)
		require.Len(t, all, targets)
		for n := range uint64(targets) {
			w := all[target(n)]
			require.Equal(t, 2, w.Contenders)
			require.Equal(t, w.Opened+int64(time.Hour), w.Due)
			require.True(t, w.Led)
			require.Equal(t, fmt.Sprint("second", n), w.LeaderName)
			require.EqualValues(t, 8, w.Leader.Priority)
			require.Nil(t, w.Leader.Ticket)
		}
		some := 0
		require.False(t, s.Windows(nil, func(*Window) bool { some++; return some < windowsAtATime+2 }))
		require.Equal(t, windowsAtATime+2, some)
		s.Abort()
		<-s.Done()
		require.False(t, s.Windows(nil, func(*Window) bool { t.Error("a window of a shard that has ended"); return true }))
	})
}

// Between two pages of a view windows close and open: those that stay are seen
// once, the others at most once.
func TestWindowsWhileTheyChange(t *testing.T) {
	withShard(t, Config{RingSize: 4096}, func(s *Shard, c *crowd) {
		const stay, leave = 3 * windowsAtATime, 3 * windowsAtATime
		for n := range uint64(stay + leave) {
			window := time.Hour
			if n%2 == 1 {
				window = time.Millisecond
			}
			c.stage(s, fmt.Sprint(n), n, Op{Terms: NewTerms(window, 0)})
		}
		seen := map[uuid.UUID]int{}
		require.True(t, s.Windows(nil, func(w *Window) bool {
			if seen[w.Target]++; len(seen) == windowsAtATime {
				time.Sleep(10 * time.Millisecond) // all short ones close
				for n := range uint64(windowsAtATime) {
					c.stage(s, fmt.Sprint("new", n), 10_000+n, Op{Terms: NewTerms(time.Hour, 0)})
				}
			}
			return true
		}))
		for n := uint64(0); n < stay+leave; n += 2 {
			require.Equal(t, 1, seen[target(n)], n)
		}
		for target, times := range seen {
			require.Equal(t, 1, times, target)
		}
		s.Abort()
	})
}

// A view asks for its pages one by one, and the owner goes on in between: while the
// caller does not come back, all others are decided in their time.
func TestWindowsDoesNotStopTheOwner(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		for n := range uint64(2 * windowsAtATime) {
			c.stage(s, fmt.Sprint(n), n, Op{Terms: NewTerms(time.Hour, 0)})
		}
		first := true
		s.Windows(nil, func(*Window) bool {
			if first {
				at := c.now()
				c.stage(s, "meanwhile", 9999, Op{Terms: NewTerms(time.Millisecond, 0)})
				time.Sleep(time.Second)
				require.LessOrEqual(t, c.toldAt("meanwhile"), at+int64(time.Millisecond+Tick))
			}
			first = false
			return true
		})
		s.Abort()
	})
}

// Clear comes behind everything that was submitted before it, and is told at once.
func TestClear(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		for i := range 10 {
			c.stage(s, fmt.Sprint("x", i), 1, Op{Priority: int32(i), Terms: NewTerms(time.Hour, 0)})
		}
		c.stage(s, "y", 2, Op{Terms: NewTerms(time.Second, 0)})
		at := c.now()
		n, ok := s.Clear(target(1), 1<<1, nil)
		require.True(t, ok)
		require.Equal(t, 10, n)
		for i := range 10 {
			v := c.verdict(fmt.Sprint("x", i))
			require.Equal(t, Cleared, v.Outcome)
			require.Equal(t, at, c.toldAt(fmt.Sprint("x", i)))
			require.Equal(t, uuid.Nil, v.EntryID())
		}
		c.stage(s, "after", 1, Op{Terms: NewTerms(time.Second, 0)})
		n, ok = s.Clear(target(3), 3<<1, nil)
		require.True(t, ok)
		require.Zero(t, n)
		time.Sleep(2 * time.Second)
		require.Equal(t, Won, c.outcome("after"))
		require.Equal(t, Won, c.outcome("y"))
		stats := s.Stats()
		require.EqualValues(t, 10, stats.Cleared)
		require.EqualValues(t, 2, stats.Groups)
		require.Zero(t, stats.Staged)
		require.Zero(t, stats.Open)
		s.Close()
		<-s.Done()
		_, ok = s.Clear(target(1), 1<<1, nil)
		require.False(t, ok)
	})
}

// A contender that ends the goroutine when it is told that it was cleared does not
// make the next owner clear once more.
func TestClearOnceThoughTheOwnerEnds(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		leaves := contender(func(*Verdict) {
			again := c.op("again", 1, Op{Terms: NewTerms(time.Millisecond, 0)})
			_, err := s.Stage(&again)
			assert.NoError(t, err)
			runtime.Goexit()
		})
		c.stage(s, "a", 1, Op{Ticket: &Ticket{To: leaves}, Terms: NewTerms(time.Hour, 0)})
		n, ok := s.Clear(target(1), 1<<1, nil)
		require.True(t, ok)
		require.Equal(t, 1, n)
		time.Sleep(time.Second)
		require.Equal(t, Cleared, c.outcome("a"))
		require.Equal(t, Won, c.outcome("again"))
		require.EqualValues(t, 1, s.Stats().Restarts)
	})
}

// Who asks can give up.
func TestViewGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		s := New(Config{RingSize: 64, Now: c.now}) // nobody runs it
		done := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(done) })
		require.False(t, s.Windows(done, func(*Window) bool { return true }))
		_, ok := s.Clear(target(1), 2, done)
		require.False(t, ok)
	})
}
