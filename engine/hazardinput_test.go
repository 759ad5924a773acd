package engine_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Hazards of what users hand in: IDs that are not unique, functions that fail
// without a value, contexts that have ended.

// Op.ID is the user's own and may come twice: each operation has its own outcome
// and its own entry.
func TestDuplicateOperationIDs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		op := engine.Op{Target: target(1), ID: target(99)}
		entries := map[uuid.UUID]bool{}
		for range 3 {
			first := submit(t, e, op, answer("first"))
			second := submit(t, e, op, answer("second"))
			elsewhere, err := e.Contend(background, engine.Op{Target: target(2), ID: op.ID})
			require.NoError(t, err)
			require.NotEqual(t, first.ID(), second.ID())
			got, err := first.Wait(background)
			require.NoError(t, err)
			require.Equal(t, "first", got)
			_, err = second.Wait(background)
			require.Equal(t, first.ID(), lost(t, err).Winner.ID)
			require.Equal(t, second.ID(), lost(t, err).ID)
			entries[lost(t, err).Winner.EntryID], entries[elsewhere.ID] = true, true
			elsewhere.Finish(nil)
		}
		require.Len(t, entries, 6)
		for entry := range e.Registry().(*engine.Memory).All() {
			require.True(t, entries[entry.ID])
			require.Equal(t, op.ID, entry.Key)
		}
	})
}

// In a lineage they would be each other's parents: the second one is refused as
// long as the first is there.
func TestDuplicateOperationIDsInALineage(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Lineage: new(engine.Lineage)})
		op := engine.Op{Target: target(1), ID: target(99)}
		first := submit(t, e, op, answer("first"))
		_, err := engine.Submit(background, e, op, answer("second"))
		invalid(t, err, "Op.ID")
		_, err = engine.Do(background, e, op, answer("second"))
		invalid(t, err, "Op.ID")
		_, err = e.Contend(background, op)
		invalid(t, err, "Op.ID")
		got, err := first.Wait(background)
		require.NoError(t, err)
		require.Equal(t, "first", got)
		pass(time.Second)
		got, err = engine.Do(background, e, op, answer("third"))
		require.NoError(t, err)
		require.Equal(t, "third", got)
	})
}

// panic(nil) in a policy is a fault like any other, on the way in and at the close.
func TestPolicyThatPanicsWithNil(t *testing.T) {
	for name, rules := range map[string]engine.Rules{
		"order":       {Order: func(_, _ engine.Standing) bool { unmistakablePanic(nil); return true }},
		"early order": {Early: true, Order: func(_, _ engine.Standing) bool { unmistakablePanic(nil); return true }},
		"choose":      {Choose: func([]engine.Standing) int { unmistakablePanic(nil); return 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{
					Shards: 1, MoreRules: []engine.Rules{rules},
					RulesOf: func(id uuid.UUID) int {
						if id == target(2) {
							return 1
						}
						return 0
					},
				})
				for range 2 {
					a := submit(t, e, engine.Op{Target: target(2)}, answer(1))
					b := submit(t, e, engine.Op{Target: target(2)}, answer(1))
					for _, h := range []*engine.Handle[int]{a, b} {
						_, err := h.Wait(background)
						require.ErrorIs(t, err, engine.ErrUndecided)
						var nothing *runtime.PanicNilError
						require.ErrorAs(t, err, &nothing)
					}
					goesOn(t, e)
				}
			})
		})
	}
}

// The hooks beside Decided may fail in every way, too.
func TestOtherHooksThatFail(t *testing.T) {
	for _, c := range failures[1:] {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{
					Shards: 1, Rules: engine.Rules{Early: true, Exclusive: true, Decisive: engine.Critical, Preempt: true},
					Dismissed: func([]engine.Dismissal) { c.fail() },
					Preempted: func([]engine.Preemption) { c.fail() },
				})
				running := doInBackground(background, e, engine.Op{Target: target(1)}, func(ctx context.Context) (error, error) {
					<-ctx.Done()
					return context.Cause(ctx), nil
				})
				pass(time.Second)
				loser := submit(t, e, engine.Op{Target: target(1)}, answer(1))
				decisive := submit(t, e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(2))
				cause, err := running.wait()
				require.NoError(t, err)
				require.Equal(t, engine.ErrPreempted, cause)
				_, err = loser.Wait(background)
				require.True(t, lost(t, err).Early)
				got, err := decisive.Wait(background)
				require.NoError(t, err)
				require.Equal(t, 2, got)
				require.EqualValues(t, 2, e.Stats().Incidents)
				goesOn(t, e)
			})
		})
	}
}

// A context that is done keeps an operation out on the rungs of comfort, too, and
// with everything that would let it wait.
func TestContextIsDoneOnOtherRungs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Rules: engine.Rules{Exclusive: true}})
		ctx, cancel := context.WithCancelCause(background)
		cancel(errChangedMyMind)
		ran := false
		run := func(_ context.Context, n int) (int, error) { ran = true; return n, nil }
		fold, err := engine.NewFolding(e, func(a, b int) int { return a + b }, run)
		require.NoError(t, err)
		_, err = fold.Do(ctx, engine.Op{Target: target(1)}, 1)
		withdrawn(t, err, errChangedMyMind)
		wrapped, err := engine.Wrap(e, engine.Wrapping[int]{Targets: func(int) []uuid.UUID { return []uuid.UUID{target(1)} }}, run)
		require.NoError(t, err)
		_, err = wrapped(ctx, 1)
		withdrawn(t, err, errChangedMyMind)
		_, err = engine.Do(ctx, e, engine.Op{Target: target(1), Retry: engine.Retry{Limit: 9}}, answer(1))
		withdrawn(t, err, errChangedMyMind)
		pass(time.Second)
		require.False(t, ran)
		require.Zero(t, e.Stats().Submitted)
		goesOn(t, e)
	})
}

// An executor that fails is one incident, also if it ends the shard's goroutine.
func TestExecutorThatFailsIsOneIncident(t *testing.T) {
	for _, c := range failures[1:] {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad := true
				e := newEngine(t, engine.Config{Shards: 1, Executor: func(run func()) {
					if bad {
						bad = false
						c.fail()
					}
					go run()
				}})
				_, err := submit(t, e, engine.Op{Target: target(1)}, answer(1)).Wait(background)
				require.ErrorIs(t, err, engine.ErrFailed)
				goesOn(t, e)
				require.EqualValues(t, 1, e.Stats().Incidents)
			})
		})
	}
}
