package shard

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// returner leaves its operation with the shard again whenever it was told, a number of
// times. The count is shared, and the owner's.
type returner struct {
	op    Deferrable
	shard *Shard
	left  *int
}

func (r *returner) Decided(*Verdict) {
	if *r.left--; *r.left > 0 {
		_ = r.shard.StageLater(&r.op)
	}
}

func (r *returner) Refused(error) {}

// park stages an operation with StageWait, on a goroutine that is parked when it returns.
func (c *crowd) park(s *Shard, name string, terms Terms) {
	op := c.op(name, 1000, Op{Terms: terms})
	go func() {
		_, err := s.StageWait(&op, nil)
		assert.NoError(c.t, err)
	}()
	pass(0)
}

// Who parks gets in although there is always somebody in the backlog: with a ring of one,
// which nothing else gets into meanwhile, after the next of the backlog.
func TestBacklogLeavesRoomToWhoParks(t *testing.T) {
	withIdleShard(t, Config{RingSize: 1, Rules: []Rules{{Size: 1}}}, func(s *Shard, c *crowd) {
		left, terms := 10_000, NewTerms(time.Second, 1)
		for n := range 100 {
			r := &returner{shard: s, left: &left}
			r.op.Op = Op{Target: target(uint64(n)), Hash: uint32(n) << 1, Terms: terms, Ticket: &Ticket{To: r}}
			require.NoError(t, s.StageLater(&r.op))
		}
		c.park(s, "parked", terms)
		go s.Run()
		pass(time.Second)
		require.EqualValues(t, 2, c.verdict("parked").Op.Sequence)
		require.Negative(t, left, "the backlog went on")
	})
}

// The backlog leaves a slot to each who parks, but takes half.
func TestBacklogSharesTheRoom(t *testing.T) {
	for parked, share := range []int{8, 7, 6, 5, 4, 4} {
		withIdleShard(t, Config{RingSize: 8}, func(s *Shard, c *crowd) {
			var refused []string
			c.leave(s, &refused, 20, time.Millisecond)
			for n := range parked {
				c.park(s, fmt.Sprint("parked ", n), NewTerms(time.Millisecond, 0))
			}
			s.ring.DrainRuns(s.ring.Tail(), s.owner.take)
			s.takeBacklog()
			require.Equal(t, share, s.ring.Len(), "%d parked", parked)
			go s.Run()
			pass(10 * time.Millisecond)
			require.Equal(t, 20+parked, c.count())
			require.Zero(t, s.room.Waiting())
		})
	}
}
