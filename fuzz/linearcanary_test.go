package fuzz

import (
	"sync/atomic"
	"testing"

	"example.com/contend/engine"
	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An engine that prefers the last among equals, as TestLinearizable would find it:
// of 40 histories 40 are illegal, also to somebody who knows no places and does
// not look at the order of the members, as long as a submission ends when it is
// accepted. If it ended with the outcome, 0 of 40 were: all of a window would
// overlap, and nobody could say who was first.
func TestLinearizabilityFindsLastWins(t *testing.T) {
	const runs = 40
	readings := []reading{{}, {free: true}, {free: true, byOutcome: true}}
	for _, policy := range []engine.Policy{engine.HighestPriority, engine.LastWins} {
		var illegal [3]atomic.Int32
		atOnce(16, runs, func(i int) {
			load := &linearLoad{
				seed: uint64(i), shards: 1, ringSize: 8192, producers: 6, targets: 2, rounds: 20,
				priorities: 1, doors: 1, burst: 1, policy: policy,
			}
			h := load.run()
			for n, r := range readings {
				result := porcupine.CheckOperationsTimeout(linearModel, r.operations(h), patience)
				assert.NotEqual(t, porcupine.Unknown, result, "%+v", r)
				if result == porcupine.Illegal {
					illegal[n].Add(1)
				}
			}
		})
		t.Logf("policy %d: of %d histories %d are illegal; without places %d; ending with the outcome %d",
			policy, runs, illegal[0].Load(), illegal[1].Load(), illegal[2].Load())
		wrong := int32(0)
		if policy == engine.LastWins {
			wrong = runs
		}
		require.Equal(t, wrong, illegal[0].Load())
		require.Equal(t, wrong, illegal[1].Load())
		require.Zero(t, illegal[2].Load(), "the way that finds nothing found something")
	}
}
