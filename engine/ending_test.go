package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R13 for operations that have a context in common: it is watched once for most of them.

// watchedContext counts who waits for its end through AfterFunc.
type watchedContext struct {
	context.Context
	mu             sync.Mutex
	begun, stopped int
	panics         int // at which watch it panics; 0 for never
}

// Value keeps package context from finding a context of its own in it, whose AfterFunc it
// would not ask. So its end has no cause.
func (*watchedContext) Value(any) any { return nil }

func (c *watchedContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	c.begun++
	panics := c.begun == c.panics
	c.mu.Unlock()
	if panics {
		panic("no watch")
	}
	end := context.AfterFunc(c.Context, f)
	return func() bool {
		c.mu.Lock()
		c.stopped++
		c.mu.Unlock()
		return end()
	}
}

// counts returns how many watches were begun and stopped.
func (c *watchedContext) counts() (begun, stopped int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.begun, c.stopped
}

func watchable() (*watchedContext, context.CancelFunc) {
	ctx, cancel := context.WithCancel(background)
	return &watchedContext{Context: ctx}, cancel
}

func submitWith(t *testing.T, ctx context.Context, e *engine.Engine, op engine.Op) *engine.Handle[int] {
	t.Helper()
	h, err := engine.Submit(ctx, e, op, answer(1))
	require.NoError(t, err)
	return h
}

// Whoever has it in common is withdrawn at once, and nobody else.
func TestContextInCommon(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		ctx, cancel := watchable()
		var withdrawals []*engine.Handle[int]
		for n := range 20 {
			withdrawals = append(withdrawals, submitWith(t, ctx, e, engine.Op{Target: target(n), Priority: engine.High}))
		}
		staying := submit(t, e, engine.Op{Target: target(3)}, answer(3))
		taken := withdrawals[7]
		require.True(t, taken.Withdraw())
		begun, _ := ctx.counts()
		require.Equal(t, 2, begun)
		time.Sleep(99 * time.Millisecond)
		began := time.Now()
		cancel()
		for _, h := range withdrawals {
			_, err := h.Wait(background)
			if h == taken {
				withdrawn(t, err, nil)
			} else {
				withdrawn(t, err, context.Canceled)
			}
		}
		require.Zero(t, time.Since(began), "at once")
		_, err := staying.Wait(background)
		require.NoError(t, err)
		require.EqualValues(t, 20, e.Stats().Withdrawn)
	})
}

// Operations come and go: a context that nobody needs any more is not watched, and it is
// again when it is needed.
func TestContextIsNotWatchedInVain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		ctx, cancel := watchable()
		defer cancel()
		for wave := range 3 {
			before, _ := ctx.counts() // winners have had contexts made of it
			for n := range 100 {
				submitWith(t, ctx, e, engine.Op{Target: target(n % 30), Priority: engine.Priority(n)})
			}
			watches := 1
			if wave == 0 {
				watches++ // the first operation of all has one of its own
			}
			begun, _ := ctx.counts()
			require.Equal(t, before+watches, begun)
			pass(time.Second)
			begun, stopped := ctx.counts()
			require.Equal(t, begun, stopped)
		}
		last := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		cancel()
		_, err := last.Wait(background)
		withdrawn(t, err, context.Canceled)
	})
}

// More contexts than are remembered, in turns, each with a cause of its own.
func TestManyContexts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		const contexts, rounds = 1000, 4
		var all [contexts]context.Context
		var cancels [contexts]context.CancelCauseFunc
		var handles [contexts][]*engine.Handle[int]
		for n := range all {
			all[n], cancels[n] = context.WithCancelCause(background)
		}
		for round := range rounds {
			for n, ctx := range all {
				for range 2 + round { // some in a row, so that they are watched together
					h := submitWith(t, ctx, e, engine.Op{Target: target(n), Priority: engine.Priority(round)})
					handles[n] = append(handles[n], h)
				}
			}
		}
		for n := range all {
			if n%2 == 0 {
				cancels[n](fmt.Errorf("cause %d", n))
			}
		}
		pass(time.Second)
		for n, hs := range handles {
			won := 0
			for _, h := range hs {
				_, err := h.Wait(background)
				switch {
				case n%2 == 0:
					var w *engine.WithdrawnError
					require.ErrorAs(t, err, &w)
					require.EqualError(t, w.Cause, fmt.Sprintf("cause %d", n))
				case err == nil:
					won++
				default:
					lost(t, err)
				}
			}
			require.Equal(t, n%2, won)
			cancels[n](nil)
		}
	})
}

// A context that cannot be watched costs its submission, and no other.
func TestContextThatCannotBeWatched(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		ctx, cancel := watchable()
		ctx.panics = 2
		op := engine.Op{Target: target(1)}
		first := submitWith(t, ctx, e, op)
		require.PanicsWithValue(t, "no watch", func() { engine.Submit(ctx, e, op, answer(1)) })
		second := submitWith(t, ctx, e, op)
		cancel()
		for _, h := range []*engine.Handle[int]{first, second} {
			_, err := h.Wait(background)
			withdrawn(t, err, context.Canceled)
		}
		synctest.Wait()
	})
}

// Handles that are kept do not keep what they had in common.
func TestNothingStaysOfAContextInCommon(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		handles, all := func() (handles []*engine.Handle[*payload], all []weak.Pointer[payload]) {
			ctx, _, fn, all := carrying()
			for range 5 {
				h, err := engine.Submit(ctx, e, engine.Op{Target: target(1)}, fn)
				require.NoError(t, err)
				handles = append(handles, h)
			}
			return handles, all
		}()
		pass(time.Second)
		gone(t, "a context in common", all...)
		for _, h := range handles {
			<-h.Done()
		}
		goesOn(t, e)
	})
}

// The end of the context meets verdicts, Withdraw and submissions: each has one outcome.
func TestContextInCommonEndsMeanwhile(t *testing.T) {
	rounds := 300
	if raceDetector {
		rounds = 60
	}
	e := newEngine(t, engine.Config{Shards: 2, Window: 50 * time.Microsecond})
	for range rounds {
		ctx, cancel := context.WithCancelCause(background)
		var all sync.WaitGroup
		for submitter := range 4 {
			all.Go(func() {
				for n := range 40 {
					if submitter == 0 && n == 20 {
						cancel(errChangedMyMind)
					}
					h, err := engine.Submit(ctx, e, engine.Op{Target: target(n % 5)}, answer(n))
					if err != nil {
						withdrawn(t, err, errChangedMyMind)
						continue
					}
					back := n%7 == 0 && h.Withdraw()
					got, err := h.Wait(background)
					switch {
					case back:
						withdrawn(t, err, nil)
					case err == nil:
						require.Equal(t, n, got)
					default:
						if _, ok := err.(*engine.RejectedError); !ok {
							withdrawn(t, err, errChangedMyMind)
						}
					}
				}
			})
		}
		all.Wait()
		cancel(nil)
	}
	require.NoError(t, e.Stop(background))
	s := e.Stats()
	require.Equal(t, s.Submitted, s.Won+s.Rejected+s.Withdrawn)
	require.NotZero(t, s.Withdrawn)
	require.NotZero(t, s.Won)
}
