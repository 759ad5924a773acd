package fuzz

import (
	"sync/atomic"
	"testing"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
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
		var outrun atomic.Int32
		atOnce(16, runs, func(i int) {
			load := &linearLoad{
				seed: uint64(i), shards: 1, ringSize: 8192, producers: 6, targets: 2, rounds: 20,
				priorities: 1, doors: 1, burst: 1, policy: policy,
			}
			h := load.run()
			wrong := wasOutrun(h)
			if wrong {
				outrun.Add(1)
			}
			for n, r := range readings {
				result := porcupine.CheckOperationsTimeout(linearModel, r.operations(h), patience)
				assert.NotEqual(t, porcupine.Unknown, result, "%+v", r)
				if result == porcupine.Illegal {
					illegal[n].Add(1)
				} else if wrong {
					assert.True(t, r.byOutcome, "%+v found nothing", r)
				}
			}
		})
		t.Logf("policy %d: in %d of %d histories somebody was outrun; %d are illegal; without places %d; ending with the outcome %d",
			policy, outrun.Load(), runs, illegal[0].Load(), illegal[1].Load(), illegal[2].Load())
		if policy == engine.LastWins {
			require.NotZero(t, outrun.Load())
		} else {
			require.Zero(t, outrun.Load()+illegal[0].Load()+illegal[1].Load())
		}
		require.Zero(t, illegal[2].Load(), "the way that finds nothing found something")
	}
}

// wasOutrun reports whether somebody lost to an equal whose submission began when its
// own had returned. On a machine that is very busy nobody may have had the chance.
func wasOutrun(h *model.History) bool {
	attempts := make(map[uint64]*model.Attempt)
	for i := range h.Attempts {
		attempts[h.Attempts[i].ID] = &h.Attempts[i]
	}
	for i := range h.Rulings {
		for _, m := range h.Rulings[i].Members {
			if attempts[m.ID].Returned < attempts[h.Rulings[i].Winner].Begun {
				return true
			}
		}
	}
	return false
}
