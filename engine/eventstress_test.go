package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

var errBroken = errors.New("broken")

// Submitters, withdrawals, retries and a Stop that does not wait, all at once: what a
// hook sees of each operation is in order and comes to an end.
func TestEventsUnderStress(t *testing.T) {
	for seed := range uint64(50) {
		inBubble(t, func(t *testing.T) { watchStress(t, seed) })
	}
}

func watchStress(t *testing.T, seed uint64) {
	var c chronicle
	e := newEngine(t, engine.Config{
		Shards: 2, Window: time.Millisecond, EventBuffer: 1 << 15, Hooks: c.hooks(), Executor: engine.Bounded(3),
	})
	var wg sync.WaitGroup
	for worker := range uint64(4) {
		wg.Go(func() { submitRandomly(e, rand.New(rand.NewPCG(seed, worker))) })
	}
	time.Sleep(time.Duration(seed) * 137 * time.Microsecond)
	ctx, cancel := context.WithCancel(background)
	cancel()
	e.Stop(ctx)
	wg.Wait()
	require.NoError(t, e.Stop(background))
	require.Zero(t, e.Stats().EventsDropped)
	n, s := c.requireEnded(t), e.Stats()
	for kind, want := range map[engine.EventKind]uint64{
		engine.EventStaged: s.Submitted, engine.EventConflict: s.Conflicts, engine.EventRetried: s.Retried,
		engine.EventCompleted: s.Completed, engine.EventFailed: s.Failed, engine.EventRejected: s.Rejected,
		engine.EventWithdrawn: s.Withdrawn, engine.EventStopped: s.Stopped,
	} {
		require.EqualValues(t, want, n[kind], "seed %d: %v", seed, kind)
	}
}

// submitRandomly submits until the engine is stopped.
func submitRandomly(e *engine.Engine, random *rand.Rand) {
	for n := 0; n < 500; n++ {
		op := engine.Op{Target: target(random.IntN(10)), Priority: engine.Priority(random.IntN(5))}
		if random.IntN(4) == 0 {
			op.Retry = engine.Retry{Limit: 2}
		}
		pause := time.Duration(random.IntN(300)) * time.Microsecond
		fails := random.IntN(8) == 0
		h, err := engine.Submit(background, e, op, func(context.Context) (int, error) {
			time.Sleep(pause)
			if fails {
				return 0, errBroken
			}
			return 0, nil
		})
		if err != nil {
			return
		}
		if random.IntN(4) == 0 {
			h.Withdraw()
		}
		if random.IntN(20) == 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
}
