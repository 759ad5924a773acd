package shard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// R14: Waiting is closed when what is left after Close waits for winners, and not
// before: windows whose time has yet to come are waited for by a Stop inside of
// such a winner, too.
func TestWaitingIsForWinnersAlone(t *testing.T) {
	withShard(t, Config{Rules: exclusive}, func(s *Shard, c *crowd) {
		waiting := func() bool {
			synctest.Wait()
			select {
			case <-s.Waiting():
				return true
			default:
				return false
			}
		}
		c.stage(s, "runs", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
		time.Sleep(time.Second)
		c.stage(s, "overdue", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
		c.stage(s, "beside", 2, Op{Terms: NewTerms(time.Minute, 0)})
		time.Sleep(time.Second)
		require.False(t, waiting(), "before Close")
		s.Close()
		time.Sleep(50 * time.Second)
		require.False(t, waiting(), "the window beside is open")
		time.Sleep(time.Minute)
		require.Equal(t, Won, c.outcome("beside"))
		require.True(t, waiting())
		runs := c.verdict("runs")
		require.True(t, s.Ended(runs.Target, runs.Token))
		<-s.Done()
		require.Equal(t, Won, c.outcome("overdue"))
	})
}

// A window that closed early keeps its target until it is decided: no token frees
// it before, not even that of nobody.
func TestNobodysTokenFreesNothing(t *testing.T) {
	core := NewCore(CoreConfig{Rules: []Rules{{Exclusive: true, Size: 1}}})
	core.Stage(&Op{Target: target(1), At: unstamped, Terms: NewTerms(1, 1)}, 1, 0)
	require.False(t, core.Ended(target(1), 0))
	require.False(t, core.Ended(target(2), 0))
	core.Advance(int64(Tick))
	batch := core.Decide()
	require.Len(t, batch, 1)
	token := batch[0].Token()
	core.Release()
	require.False(t, core.Ended(target(1), 0))
	require.True(t, core.Ended(target(1), token))
	require.False(t, core.Ended(target(1), token), "once")
}
