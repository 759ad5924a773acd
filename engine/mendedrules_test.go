package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// A Contend whose registry ends the goroutine leaves nothing held.
func TestContendWhoseRegistryEndsTheGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lineage := new(engine.Lineage)
		w := &witness{register: func(entry engine.Entry) error {
			if entry.Name == "bad" {
				runtime.Goexit()
			}
			return nil
		}}
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}, Registry: w, Lineage: lineage})
		var wg sync.WaitGroup
		wg.Go(func() { e.Contend(background, engine.Op{Target: target(1), Name: "bad", ID: target(3)}) })
		wg.Wait()
		require.Zero(t, lineage.Len())
		_, err := engine.Do(patience(t, time.Hour), e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
	})
}

// Locks lists a lock from the moment it is in force.
func TestLocksForgetsNone(t *testing.T) {
	e := newEngine(t, engine.Config{Shards: 1})
	var over atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for !over.Load() {
				e.Locks()
			}
		})
	}
	for i := range 3000 {
		l, err := e.Lock(background, engine.LockConfig{Target: target(1), For: time.Hour})
		require.NoError(t, err)
		if len(e.Locks()) != 1 {
			over.Store(true)
			wg.Wait()
			t.Fatal("lock", i, "is in force but not listed")
		}
		l.Unlock()
	}
	over.Store(true)
	wg.Wait()
}

// A winner that has ended does not keep operations submitted inside it from its target.
func TestWaitForATargetThatTheOuterWinnerHasLeft(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		var later *engine.Handle[int]
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			var err error
			later, err = engine.Submit(context.WithoutCancel(ctx), e, engine.Op{Target: target(2)}, func(ctx context.Context) (int, error) {
				return engine.Do(ctx, e, engine.Op{Target: target(1)}, answer(1))
			})
			return 1, err
		})
		require.NoError(t, err)
		pass(50 * time.Millisecond)
		_, err = later.Wait(background)
		require.NoError(t, err, "target 1 is free")
	})
}

// An exclusive winner's token is not its inner winners'.
func TestTokenOfAnotherTarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{
			MoreRules: []engine.Rules{{Exclusive: true}},
			RulesOf: func(id uuid.UUID) int {
				if id == target(1) {
					return 1
				}
				return 0
			},
		})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			return engine.Do(ctx, e, engine.Op{Target: target(2)}, func(ctx context.Context) (int, error) {
				_, ok := engine.FencingToken(ctx)
				require.False(t, ok, "target 2 is not exclusive")
				return 1, nil
			})
		})
		require.NoError(t, err)
	})
}

// User's code that panics on the submitter's goroutine leaves nothing in the lineage.
func TestPanicsOnTheSubmittersGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lineage := new(engine.Lineage)
		e := newEngine(t, engine.Config{Lineage: lineage, RulesOf: func(uuid.UUID) int { panic("no") }, Executor: func(func()) { panic("no") }})
		op := engine.Op{Target: target(1), ID: target(2)}
		require.Panics(t, func() { engine.Do(background, e, op, answer(1)) })
		require.Zero(t, lineage.Len(), "Do")
		require.Panics(t, func() { engine.Submit(background, e, op, answer(1)) })
		require.Zero(t, lineage.Len(), "Submit")
		require.Panics(t, func() { e.Contend(background, op) })
		require.Zero(t, lineage.Len(), "Contend")
		op.Mode = engine.None
		require.Panics(t, func() { engine.Submit(background, e, op, answer(1)) })
		require.Zero(t, lineage.Len(), "directly")
	})
}

// The handle of a withdrawn operation keeps nothing once its window has closed.
func TestHandleOfAWithdrawnOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, valuing)
		h, all := submitValued(t, e, engine.Op{Target: target(1)})
		require.True(t, h.Withdraw())
		pass(time.Second)
		gone(t, "a withdrawn Submit", all...)
		runtime.KeepAlive(h)
	})
}

// Nor does that of one that Stop gave up on.
func TestHandleOfOneThatStopGaveUpOn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, valuing)
		h, all := func() (*engine.Handle[int], []weak.Pointer[payload]) {
			op, fn, all := valued(engine.Op{Target: target(1)})
			h := submit(t, e, op, func(ctx context.Context) (int, error) { <-ctx.Done(); return fn(ctx) })
			return h, all
		}()
		pass(time.Second)
		e.Stop(impatient())
		<-h.Done()
		synctest.Wait()
		gone(t, "a given up Submit", all...)
		runtime.KeepAlive(h)
	})
}

// Maps of held targets give their memory back.
func TestMapsOfExclusiveTargets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Executor: engine.Bounded(1), Rules: engine.Rules{Exclusive: true}, Registry: engine.Discard})
		goesOn(t, e)
		before := heap()
		for i := range burstSize / 2 {
			engine.Submit(background, e, engine.Op{Target: target(i), Window: time.Hour}, answer(i))
		}
		pass(2 * time.Hour)
		after := heap() - before
		require.Less(t, after, int64(1<<20))
	})
}

// Who is masked is told at once, whatever the shard waits for.
func TestMaskedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Hour})
		submit(t, e, engine.Op{Target: target(2)}, answer(1))
		pass(time.Second)
		lock(t, e, engine.LockConfig{Target: target(1), Below: 1, For: 10 * time.Hour})
		began := time.Now()
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		maskedBy(t, "", err)
		require.Less(t, time.Since(began), time.Second)
	})
}

// Stop does not wait for windows in which nobody is left.
func TestStopWaitsForNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 1, Overload: engine.DisplaceLowest})
		low := submit(t, e, engine.Op{Target: target(1), Window: time.Hour}, answer(1))
		submit(t, e, engine.Op{Target: target(2), Priority: 1}, answer(1))
		<-low.Done()
		began := time.Now()
		require.NoError(t, e.Stop(background))
		require.Less(t, time.Since(began), time.Second)
	})
}

// A withdrawn part's value goes with its call.
func TestWithdrawnPartBeforeItsWindowCloses(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		f, err := engine.NewFolding(e, func(sum, next *payload) *payload { return sum }, func(_ context.Context, sum *payload) (int, error) { return 1, nil })
		require.NoError(t, err)
		calls, all := foldingCalls(patience(t, time.Millisecond), f, 3)
		for _, c := range calls {
			c.wait()
		}
		gone(t, "a withdrawn value", all...)
	})
}
