package shard

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"
)

// The checksum of a round is that of everything in it, written one after the other.
func TestChecksum(t *testing.T) {
	for _, contenders := range []uint64{1, 2, 3, 50, 200, 5000} {
		c := NewCore(CoreConfig{Fence: math.MaxUint64 / 3})
		for n := range contenders {
			id := n * math.MaxInt64
			op := Op{Target: target(n % 3), Hash: uint32(n%3) << 2, At: unstamped, Terms: NewTerms(1, 0), Priority: int32(n) * math.MaxInt32, Tag: id}
			c.Stage(&op, n, 0)
		}
		c.Advance(math.MaxInt64 / 2)
		batch := c.Decide()
		require.NotEmpty(t, batch)
		c.dismissed = []Dismissal{{Outcome: Masked, Target: target(9), Lock: "maintenance", At: math.MinInt64}, {Outcome: Lost, Contenders: math.MaxInt}}
		c.preempted = []Preemption{{Target: target(8), Token: math.MaxUint64}}

		var all []byte
		add := func(vs ...int64) {
			for _, v := range vs {
				all = binary.AppendVarint(all, v)
			}
		}
		for _, d := range c.dismissed {
			all = append(all, d.Target[:]...)
			add(int64(d.Outcome), int64(d.Op.ID), int64(d.Op.Priority), int64(d.Retries), int64(d.Leader.ID),
				int64(d.Leader.Priority), int64(d.Contenders), d.Opened, d.At)
			all = append(all, d.Lock...)
		}
		all = append(all, c.preempted[0].Target[:]...)
		add(-1) // the token, as a signed number
		for i := range batch {
			d := &batch[i]
			all = append(all, d.Target[:]...)
			add(int64(d.Number), d.Opened, d.Due, d.Closed, int64(d.Contenders), int64(d.Folded), int64(d.Retried),
				int64(d.Early), int64(d.Winner.ID), int64(d.Winner.Priority), int64(d.Token()))
			for s := range d.All() {
				add(int64(s.ID), int64(s.Priority), int64(d.OutcomeOf(s)))
			}
		}
		sum := checksum(xxhash.New(), c, batch)
		require.Equal(t, xxhash.Sum64(all), sum)

		last := &batch[len(batch)-1]
		m := last.members
		for m.left > 1 {
			m.advance()
		}
		s := m.standing()
		s.Priority++
		m.set(s)
		require.NotEqual(t, sum, checksum(xxhash.New(), c, batch), "the last contender")
	}
}
