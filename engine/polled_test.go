package engine_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R13 where nobody is woken by the end of a context.

// Who decides asks first, so that it makes no difference how long before the close the
// context has ended, nor that nobody waits.
func TestContextThatEndedBeforeTheClose(t *testing.T) {
	for _, before := range []time.Duration{1, time.Millisecond, 99 * time.Millisecond} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1})
			ctx, cancel := watchable()
			ran := false
			high := engine.Op{Target: target(1), Priority: engine.High}
			h, err := engine.Submit(ctx, e, high, func(context.Context) (int, error) { ran = true; return 1, nil })
			require.NoError(t, err)
			low := submit(t, e, engine.Op{Target: target(1), Priority: engine.Low}, answer(2))
			alone := submitWith(t, ctx, e, engine.Op{Target: target(2)})
			time.Sleep(100*time.Millisecond - before)
			cancel()
			pass(time.Second)
			for _, h := range []*engine.Handle[int]{h, alone} {
				_, err = h.Wait(impatient())
				withdrawn(t, err, context.Canceled)
			}
			_, err = low.Wait(impatient())
			require.NoError(t, err)
			require.False(t, ran)
			begun, _ := ctx.counts()
			require.Zero(t, begun, "times watched")
			require.EqualValues(t, 2, e.Stats().Withdrawn)
			require.EqualValues(t, 1, e.Stats().Won)
		})
	}
}

// Whoever waits for the outcome is told at once, with whatever context, and so is
// whoever has asked for Done.
func TestWhoWaitsIsToldOfTheEndAtOnce(t *testing.T) {
	for name, wait := range map[string]func(context.Context, *engine.Handle[int]) error{
		"wait": func(_ context.Context, h *engine.Handle[int]) error {
			_, err := h.Wait(background)
			return err
		},
		"wait with the same context": func(ctx context.Context, h *engine.Handle[int]) error {
			_, err := h.Wait(ctx)
			return err
		},
		"done": func(_ context.Context, h *engine.Handle[int]) error {
			<-h.Done()
			_, err := h.Wait(impatient())
			return err
		},
		"done, asked for twice": func(_ context.Context, h *engine.Handle[int]) error {
			h.Done()
			<-h.Done()
			_, err := h.Wait(impatient())
			return err
		},
		"done, too late": func(ctx context.Context, h *engine.Handle[int]) error {
			<-ctx.Done()
			<-h.Done()
			_, err := h.Wait(impatient())
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{})
				ctx, cancel := context.WithCancelCause(background)
				h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
				began := time.Now()
				told := make(chan error)
				const waiters = 3
				for range waiters {
					go func() { told <- wait(ctx, h) }()
				}
				synctest.Wait()
				cancel(errChangedMyMind)
				for range waiters {
					withdrawn(t, <-told, errChangedMyMind)
				}
				require.Zero(t, time.Since(began))
				require.False(t, h.Withdraw())
				pass(time.Second)
				require.EqualValues(t, 1, e.Stats().Withdrawn)
			})
		})
	}
}

// Done of an operation that was decided, or contends for nothing, watches nothing.
func TestDoneOfWhatCannotBeWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := watchable()
		defer cancel()
		free := submitWith(t, ctx, e, engine.Op{})
		won := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		running, err := engine.Submit(ctx, e, engine.Op{Target: target(2)}, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			return 1, nil
		})
		require.NoError(t, err)
		pass(time.Second)
		before, _ := ctx.counts()
		running.Done()
		<-free.Done()
		<-won.Done()
		begun, _ := ctx.counts()
		require.Equal(t, before, begun)
	})
}

func TestDoneIsWatchedOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := watchable()
		defer cancel()
		h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		for range 3 {
			h.Done()
		}
		require.True(t, h.Withdraw())
		begun, stopped := ctx.counts()
		require.Equal(t, [2]int{1, 1}, [2]int{begun, stopped})
	})
}

// What a watch was begun for may be over when it has begun.
func TestDoneMeetsTheOutcome(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := watchable()
		defer cancel()
		h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		ctx.meanwhile = func() {
			ctx.meanwhile = nil
			require.True(t, h.Withdraw())
		}
		<-h.Done()
		begun, stopped := ctx.counts()
		require.Equal(t, [2]int{1, 1}, [2]int{begun, stopped})
	})
}

// Those whose windows are long, or who can be found out otherwise, leave at once.
func TestLongWindowsAreLeftAtOnce(t *testing.T) {
	id := uuid.New()
	rules := engine.Rules{Exclusive: true}
	for name, c := range map[string]struct {
		config engine.Config
		op     engine.Op
	}{
		"window":  {op: engine.Op{Window: time.Hour}},
		"engine":  {config: engine.Config{Window: time.Hour}},
		"rules":   {config: engine.Config{Rules: rules}},
		"retries": {op: engine.Op{Retry: engine.Retry{Limit: 3}}},
		"lineage": {config: engine.Config{Lineage: new(engine.Lineage)}, op: engine.Op{ID: id}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, c.config)
				ctx, cancel, fn, all := carrying()
				c.op.Target = target(1)
				h, err := engine.Submit(ctx, e, c.op, fn)
				require.NoError(t, err)
				ctx, fn = nil, nil
				cancel()
				synctest.Wait()
				gone(t, "before its window closes", all...)
				if c.config.Lineage != nil {
					_, err := c.config.Lineage.Begin(id, 1)
					require.NoError(t, err, "it does not live any more")
				}
				_, err = h.Wait(impatient())
				withdrawn(t, err, context.Canceled)
			})
		})
	}
}

// mute is a context that does not say why it has ended until it is released.
type mute struct {
	context.Context
	released chan struct{}
}

func (c mute) Value(key any) any {
	if c.Err() != nil {
		<-c.released
	}
	return c.Context.Value(key)
}

// R14: Stop does not wait for a cause once its own context has ended, whether the window
// was closed before or is given up.
func TestStopDoesNotWaitForACause(t *testing.T) {
	for _, before := range []time.Duration{0, time.Second} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{})
			base, cancel := context.WithCancel(background)
			ctx := mute{base, make(chan struct{})}
			var all []*engine.Handle[int]
			for n := range 10 {
				all = append(all, submitWith(t, ctx, e, engine.Op{Target: target(n % 4)}))
			}
			cancel()
			pass(before)
			began := time.Now()
			require.Equal(t, errNoPatience, e.Stop(patience(t, time.Millisecond)))
			require.Equal(t, time.Millisecond, time.Since(began))
			for _, h := range all {
				select {
				case <-h.Done():
				default:
					require.Fail(t, "no outcome")
				}
				_, err := h.Wait(background)
				withdrawn(t, err, engine.ErrStopped)
			}
			require.EqualValues(t, 10, e.Stats().Withdrawn)
			close(ctx.released)
			synctest.Wait()
		})
	}
}

// thoughtful is a context that takes its time to say why it has ended.
type thoughtful struct{ context.Context }

func (c thoughtful) Value(key any) any {
	if c.Err() != nil {
		time.Sleep(time.Second)
	}
	return c.Context.Value(key)
}

// R14: Stop waits until those are told that it finds withdrawn.
func TestStopTellsThoseWhoseContextsHaveEnded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		base, cancel := context.WithCancelCause(background)
		ctx := thoughtful{base}
		var all []*engine.Handle[int]
		for n := range 100 {
			all = append(all, submitWith(t, ctx, e, engine.Op{Target: target(n % 30)}))
		}
		cancel(errChangedMyMind)
		require.NoError(t, e.Stop(background))
		for _, h := range all {
			_, err := h.Wait(impatient())
			withdrawn(t, err, errChangedMyMind)
		}
		require.EqualValues(t, 100, e.Stats().Withdrawn)
	})
}

// A cause that is not to be had holds up those who have the same context, nobody else.
func TestCauseThatBlocksHoldsUpNobodyElse(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		base, cancelMute := context.WithCancel(background)
		ctx := mute{base, make(chan struct{})}
		muted := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		other, cancel := context.WithCancelCause(background)
		h := submitWith(t, other, e, engine.Op{Target: target(1)})
		cancelMute()
		cancel(errChangedMyMind)
		pass(time.Second)
		_, err := h.Wait(impatient())
		withdrawn(t, err, errChangedMyMind)
		_, err = muted.Wait(impatient())
		require.Equal(t, errNoPatience, err)
		close(ctx.released)
		_, err = muted.Wait(background)
		withdrawn(t, err, context.Canceled)
	})
}

// Nor does it hold up who waits for an operation that is decided, or no longer than he
// wants to.
func TestNobodyWaitsForACause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		base, cancel := context.WithCancel(background)
		ctx := mute{base, make(chan struct{})}
		slow := func(context.Context) (int, error) { time.Sleep(time.Minute); return 1, nil }
		running, err := engine.Submit(ctx, e, engine.Op{Target: target(1)}, slow)
		require.NoError(t, err)
		pass(time.Second)
		staged := submitWith(t, ctx, e, engine.Op{Target: target(2)})
		cancel()
		for _, h := range []*engine.Handle[int]{staged, running} {
			began := time.Now()
			_, err = h.Wait(patience(t, time.Second))
			require.Equal(t, errNoPatience, err)
			require.Equal(t, time.Second, time.Since(began))
		}
		close(ctx.released)
		got, err := running.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 1, got)
	})
}

// A cause that panics is counted, and what it said is the cause.
func TestCauseThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		base, cancel := context.WithCancel(background)
		ctx := panicky{base}
		all := []*engine.Handle[int]{
			submitWith(t, ctx, e, engine.Op{Target: target(1)}), submitWith(t, ctx, e, engine.Op{Target: target(1)}),
		}
		cancel()
		pass(time.Second)
		for _, h := range all {
			_, err := h.Wait(impatient())
			require.ErrorIs(t, err, engine.ErrWithdrawn)
			require.ErrorIs(t, err, errBadLuck)
		}
		require.EqualValues(t, 2, e.Stats().Incidents)
	})
}

// panicky is a context that panics when it is asked why it has ended.
type panicky struct{ context.Context }

func (c panicky) Value(key any) any {
	if c.Err() != nil {
		panic(errBadLuck)
	}
	return c.Context.Value(key)
}

// R10: an operation may join a window that is longer than its own.
func TestJoinedLongWindowIsLeftAtOnce(t *testing.T) {
	for _, long := range []struct{ engines, opener, own time.Duration }{
		{opener: time.Hour}, {engines: time.Hour, own: 100 * time.Millisecond},
	} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Window: long.engines})
			submit(t, e, engine.Op{Target: target(1), Window: long.opener}, answer(1))
			ctx, cancel, fn, all := carrying()
			_, err := engine.Submit(ctx, e, engine.Op{Target: target(1), Window: long.own}, fn)
			require.NoError(t, err)
			ctx, fn = nil, nil
			cancel()
			synctest.Wait()
			gone(t, "before its window closes", all...)
		})
	}
}

// R10: nor do those stay that Stop gave up on, but for the one whose context is asked.
func TestStopLetsGoOfThoseWithoutCause(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		base, cancel := context.WithCancel(background)
		ctx := mute{base, make(chan struct{})}
		handles := func() (all []weak.Pointer[engine.Handle[int]]) {
			for range 5 {
				all = append(all, weak.Make(submitWith(t, ctx, e, engine.Op{Target: target(1)})))
			}
			return all
		}()
		cancel()
		pass(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		alive := func() (n int) {
			for range 3 {
				runtime.GC()
			}
			for _, h := range handles {
				if h.Value() != nil {
					n++
				}
			}
			return n
		}
		require.LessOrEqual(t, alive(), 1)
		close(ctx.released)
		synctest.Wait()
		require.Zero(t, alive())
	})
}

// A context whose watch ends the goroutine that ends it leaves nobody without outcome, and
// Stop does not wait for it.
func TestWatchThatCannotBeEnded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := watchable()
		h := submitWith(t, &unstoppable{ctx}, e, engine.Op{Target: target(1)})
		done := h.Done()
		cancel()
		<-done
		_, err := h.Wait(background)
		require.ErrorIs(t, err, engine.ErrWithdrawn)
		require.NoError(t, e.Stop(background))
	})
}

// unstoppable is a context whose watch cannot be ended.
type unstoppable struct{ *watchedContext }

func (c *unstoppable) AfterFunc(f func()) (stop func() bool) {
	c.watchedContext.AfterFunc(f)
	return func() bool { runtime.Goexit(); return false }
}

// Done that panics because of its context can be asked for again.
func TestDoneOfAContextThatPanicsOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := watchable()
		h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		ctx.meanwhile = func() {
			ctx.meanwhile = nil
			panic("no watch")
		}
		require.PanicsWithValue(t, "no watch", func() { h.Done() })
		began := time.Now()
		done := h.Done()
		cancel()
		<-done
		require.Zero(t, time.Since(began), "at once")
	})
}

// Whoever waits with the operation's own context is told that it is withdrawn, whoever has
// found that out.
func TestWaitWithTheContextOfWhatIsWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		base, cancel := context.WithCancel(background)
		ctx := mute{base, make(chan struct{})}
		h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
		wait := func(ctx context.Context) *called[int] {
			return inBackground(func() (int, error) { return h.Wait(ctx) })
		}
		one := wait(background)
		synctest.Wait()
		cancel()
		synctest.Wait() // the cause is asked for
		other := wait(ctx)
		pass(time.Second) // also when the window has closed
		late := wait(ctx)
		synctest.Wait()
		close(ctx.released)
		for _, w := range []*called[int]{one, other, late} {
			_, err := w.wait()
			withdrawn(t, err, context.Canceled)
		}
	})
}
