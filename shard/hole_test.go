package shard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// stall claims a position as a producer does that is then descheduled, and returns
// how it goes on: it publishes its operation.
func stall(t *testing.T, s *Shard, op *Op) (publish func()) {
	s.ring.prepare()
	position, n, err := s.ring.Claim(1)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	op.Begin()
	return func() {
		s.ring.put(position, op, true)
		s.announce(position, 1, s.due(op))
	}
}

// R3: nothing is decided while something that was claimed before is not there,
// since there may be more behind it that was accepted in time. When it comes, all
// are decided, in the order of the claims. The owner waits without looking again
// and again.
func TestNothingIsDecidedInFrontOfAHole(t *testing.T) {
	for _, stamped := range []bool{true, false} {
		withShard(t, Config{}, func(s *Shard, c *crowd) {
			terms := NewTerms(10*time.Millisecond, 0)
			c.stage(s, "before", 1, Op{Priority: 1, Terms: terms})
			time.Sleep(time.Millisecond)
			late := c.op("in the hole", 1, Op{Priority: 5, Terms: terms})
			if late.At = unstamped; stamped {
				late.At = c.now()
			}
			publish := stall(t, s, &late)
			c.stage(s, "behind", 1, Op{Priority: 5, Terms: terms})
			c.stage(s, "beside", 2, Op{Terms: terms})
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Zero(t, c.count(), "decided although something accepted before may be missing")
			require.Less(t, s.Stats().Sleeps, uint64(20), "it waits without a timer")
			publish()
			synctest.Wait()
			require.Equal(t, Won, c.outcome("in the hole"), "the first submitted of the two")
			require.Equal(t, 3, c.verdict("before").Contenders)
			require.Equal(t, Lost, c.outcome("behind"))
			require.Equal(t, Won, c.outcome("beside"))
		})
	}
}
