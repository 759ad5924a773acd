package shard

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// groupOf makes a decision as far as the hottest targets are counted by it.
func groupOf(n uint64, contenders int) Decision {
	return Decision{Target: target(n), Contenders: contenders}
}

// Space-Saving's promise, against exact counts: nothing is counted too low, nor too
// high by more than its excess, and what has more than a size's share is there.
func TestHottestAgainstExactCounts(t *testing.T) {
	for seed := range uint64(20) {
		const size = 16
		h := newHottest(size)
		rng := rand.New(rand.NewPCG(seed, 1))
		zipf := rand.NewZipf(rng, 1.3, 1, 500)
		exact, total := map[uuid.UUID]uint64{}, uint64(0)
		for range 2000 {
			d := groupOf(zipf.Uint64(), 1+rng.IntN(5))
			h.count([]Decision{d}, 0)
			exact[d.Target] += uint64(d.Contenders)
			total += uint64(d.Contenders)
			requireHeap(t, h)
		}
		require.Len(t, h.heap, size)
		for _, hot := range h.heap {
			require.GreaterOrEqual(t, hot.Operations, exact[hot.Target])
			require.LessOrEqual(t, hot.Operations-hot.Excess, exact[hot.Target])
		}
		for target, n := range exact {
			if n > total/size {
				require.True(t, slices.ContainsFunc(h.heap, func(hot Hot) bool { return hot.Target == target }))
			}
		}
	}
}

func requireHeap(t *testing.T, h *hottest) {
	t.Helper()
	require.Len(t, h.places, len(h.heap))
	for i := range h.heap {
		require.Equal(t, i, h.places[h.heap[i].Target])
		if i > 0 {
			require.LessOrEqual(t, h.heap[(i-1)/2].Operations, h.heap[i].Operations)
		}
	}
}

// Counts fade: who was hot long ago makes way.
func TestHottestFades(t *testing.T) {
	h := newHottest(4)
	for n := range uint64(4) {
		h.count([]Decision{groupOf(n, 1<<n)}, 0)
	}
	h.halve(hotHalfLife - 1)
	require.Len(t, h.heap, 4)
	h.halve(2 * hotHalfLife)
	requireHeap(t, h)
	require.Len(t, h.heap, 2, "4 and 8, as 1 and 2")
	h.count([]Decision{groupOf(9, 1)}, 2*hotHalfLife)
	requireHeap(t, h)
	h.halve(1000 * hotHalfLife)
	require.Empty(t, h.heap)
	h.count([]Decision{groupOf(9, 3)}, 1000*hotHalfLife)
	require.Equal(t, []Hot{{Target: target(9), Operations: 3}}, h.heap)
}

// A shard counts what it decides.
func TestHottestOfAShard(t *testing.T) {
	withShard(t, Config{Hottest: 8, Index: 3}, func(s *Shard, c *crowd) {
		for i := range 3 {
			c.stage(s, string(rune('a'+i)), 1, Op{Terms: NewTerms(time.Millisecond, 0)})
		}
		c.stage(s, "z", 2, Op{Terms: NewTerms(time.Millisecond, 0)})
		require.Empty(t, s.Hottest())
		time.Sleep(time.Second)
		require.ElementsMatch(t, []Hot{{target(1), 3, 3, 0}, {target(2), 3, 1, 0}}, s.Hottest())
	})
	withShard(t, Config{}, func(s *Shard, c *crowd) { require.Nil(t, s.Hottest()) })
}

// Who asks reads the clock beside the owner, and may have read it later.
func TestHottestAskedWithALaterTime(t *testing.T) {
	h := newHottest(4)
	h.count([]Decision{groupOf(1, 8)}, 0)
	h.halve(2 * hotHalfLife)
	h.count([]Decision{groupOf(1, 8)}, 0)
	require.EqualValues(t, 8/4+8, h.heap[0].Operations)
}
