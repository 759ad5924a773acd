package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// R13 for operations that have a context in common: where it is watched, since their
// windows are long, that is once for most of them.

// watchedContext counts who waits for its end through AfterFunc.
type watchedContext struct {
	context.Context
	mu             sync.Mutex
	begun, stopped int
	meanwhile      func() // what happens while it is to be watched
}

// Value keeps package context from finding a context of its own in it, whose AfterFunc it
// would not ask. So its end has no cause.
func (*watchedContext) Value(any) any { return nil }

func (c *watchedContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	c.begun++
	c.mu.Unlock()
	if c.meanwhile != nil {
		c.meanwhile()
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

// newWatchingEngine makes one whose windows are so long that contexts are watched.
func newWatchingEngine(t *testing.T) *engine.Engine {
	t.Helper()
	return newEngine(t, engine.Config{Shards: 1, Window: 2 * time.Second})
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
		e := newWatchingEngine(t)
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
		time.Sleep(1999 * time.Millisecond)
		began := time.Now()
		cancel()
		for _, h := range withdrawals {
			<-h.Done() // Wait would withdraw it by itself
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
		synctest.Wait() // until the owner rests, when it shows what it has counted
		require.EqualValues(t, 20, e.Stats().Withdrawn)
	})
}

// Operations come and go: a context that nobody needs any more is not watched, and it is
// again when it is needed.
func TestContextIsNotWatchedInVain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
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
			pass(3 * time.Second)
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
		e := newWatchingEngine(t)
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
		pass(3 * time.Second)
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

// A context that cannot be watched costs its submission, and no other: not those who have
// the same while that is found out.
func TestContextThatCannotBeWatched(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		ctx, cancel := watchable()
		op := engine.Op{Target: target(1)}
		all := []*engine.Handle[int]{submitWith(t, ctx, e, op)}
		ctx.meanwhile = func() {
			ctx.meanwhile = nil
			all = append(all, submitWith(t, ctx, e, op), submitWith(t, ctx, e, op))
			panic("no watch")
		}
		require.PanicsWithValue(t, "no watch", func() { engine.Submit(ctx, e, op, answer(1)) })
		all = append(all, submitWith(t, ctx, e, op))
		begun, _ := ctx.counts()
		require.Equal(t, 3, begun, "the first, one that panicked, and one for all others")
		cancel()
		for _, h := range all {
			_, err := h.Wait(background)
			withdrawn(t, err, context.Canceled)
		}
		pass(3 * time.Second)
		require.EqualValues(t, 5, e.Stats().Withdrawn, "the one that panicked, too")
	})
}

// Whoever gets a panic has no handle, and so no operation.
func TestSubmitThatPanicsHasNotSubmitted(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		ctx, cancel := watchable()
		defer cancel()
		ctx.meanwhile = func() { panic("no watch") }
		require.PanicsWithValue(t, "no watch", func() {
			engine.Submit(ctx, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { panic("executed") })
		})
		pass(3 * time.Second)
		s := e.Stats()
		require.Zero(t, s.Won)
		require.EqualValues(t, 1, s.Withdrawn)
	})
}

// It may end at the same time.
func TestContextThatEndsWhileItIsToBeWatched(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		ctx, cancel := watchable()
		op := engine.Op{Target: target(1)}
		require.True(t, submitWith(t, ctx, e, op).Withdraw())
		ctx.meanwhile = func() {
			ctx.meanwhile = nil
			cancel()
		}
		_, err := submitWith(t, ctx, e, op).Wait(background)
		withdrawn(t, err, context.Canceled)
	})
}

// As many contexts are known as submit in turns, as a rule. Who has left one does not keep
// others from joining another.
func TestContextsInTurns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		var all [16]*watchedContext
		var cancels [16]context.CancelFunc
		for n := range all {
			all[n], cancels[n] = watchable()
		}
		submitAll := func() (handles []*engine.Handle[int]) {
			for _, ctx := range all {
				handles = append(handles, submitWith(t, ctx, e, engine.Op{Target: target(1)}))
			}
			return handles
		}
		begun := func(n int) int {
			begun, _ := all[n].counts()
			return begun
		}
		for range 2 {
			submitAll()
		}
		last := submitAll()
		for n := range all {
			require.Equal(t, 2, begun(n), n)
		}
		lone, cancel := watchable()
		for range 2 {
			require.True(t, submitWith(t, lone, e, engine.Op{Target: target(1)}).Withdraw())
		}
		submitWith(t, all[9], e, engine.Op{Target: target(1)})
		require.Equal(t, 2, begun(9))
		for n, h := range last {
			cancels[n]()
			_, err := h.Wait(background)
			withdrawn(t, err, context.Canceled)
		}
		cancel()
		pass(3 * time.Second)
		require.Zero(t, e.Stats().Won)
	})
}

// What is made of a context to carry a value has the same Done, and is not held on to for
// others.
func TestContextWithAValueIsNotHeldForOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		base, cancel := context.WithCancelCause(background)
		submitWith(t, base, e, engine.Op{Target: target(1)})
		pass(3 * time.Second)
		carried := func() weak.Pointer[payload] {
			carried := new(payload)
			submitWith(t, context.WithValue(base, t, carried), e, engine.Op{Target: target(1)})
			return weak.Make(carried)
		}()
		for n := range 10 { // there is always somebody
			submitWith(t, base, e, engine.Op{Target: target(10 + n)})
			pass(980 * time.Millisecond)
		}
		gone(t, "what a context carried", carried)
		last := submitWith(t, base, e, engine.Op{Target: target(1)})
		valued := submitWith(t, context.WithValue(base, t, 1), e, engine.Op{Target: target(1)})
		cancel(errChangedMyMind)
		for _, h := range []*engine.Handle[int]{last, valued} {
			_, err := h.Wait(background)
			withdrawn(t, err, errChangedMyMind)
		}
	})
}

// exiting is a context that ends the goroutine of whoever asks for its cause.
type exiting struct{ context.Context }

func (c *exiting) Value(key any) any {
	if c.Err() != nil {
		runtime.Goexit()
	}
	return c.Context.Value(key)
}

// Nobody is left without outcome, whether the context was watched or the operations were
// asked when their window closed.
func TestContextWithoutCause(t *testing.T) {
	for _, window := range []time.Duration{100 * time.Millisecond, 2 * time.Second} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1, Window: window})
			base, cancel := context.WithCancel(background)
			ctx := &exiting{base}
			var all []*engine.Handle[int]
			for range 4 {
				all = append(all, submitWith(t, ctx, e, engine.Op{Target: target(1)}))
			}
			staying := submit(t, e, engine.Op{Target: target(1)}, answer(2))
			cancel()
			pass(3 * time.Second)
			for _, h := range all {
				_, err := h.Wait(background)
				withdrawn(t, err, engine.ErrGoexit)
			}
			_, err := staying.Wait(background)
			require.NoError(t, err)
		})
	}
}

// incomparable is a context that cannot be compared, not even with itself.
type incomparable struct {
	context.Context
	_ []func()
}

func TestContextThatCannotBeCompared(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		base, cancel := context.WithCancelCause(background)
		var all []*engine.Handle[int]
		for range 4 {
			all = append(all, submitWith(t, incomparable{Context: base}, e, engine.Op{Target: target(1)}))
		}
		cancel(errChangedMyMind)
		for _, h := range all {
			_, err := h.Wait(background)
			withdrawn(t, err, errChangedMyMind)
		}
	})
}

// Handles that are kept do not keep what they had in common.
func TestNothingStaysOfAContextInCommon(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newWatchingEngine(t)
		handles, all := func() (handles []*engine.Handle[*payload], all []weak.Pointer[payload]) {
			ctx, _, fn, all := carrying()
			for range 5 {
				h, err := engine.Submit(ctx, e, engine.Op{Target: target(1)}, fn)
				require.NoError(t, err)
				handles = append(handles, h)
			}
			return handles, all
		}()
		pass(3 * time.Second)
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
						assert.ErrorIs(t, err, errChangedMyMind)
						continue
					}
					back := n%7 == 0 && h.Withdraw()
					got, err := h.Wait(background)
					switch {
					case back:
						assert.ErrorIs(t, err, engine.ErrWithdrawn)
					case err == nil:
						assert.Equal(t, n, got)
					default:
						if _, ok := err.(*engine.RejectedError); !ok {
							assert.ErrorIs(t, err, errChangedMyMind)
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
