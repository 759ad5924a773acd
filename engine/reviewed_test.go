package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

// What a review of the rules found, in virtual time.

// blockOwner blocks the only shard's goroutine until the function returned is called.
func blockOwner(t *testing.T, e *engine.Engine, at uuid.UUID) func() {
	in, out := make(chan struct{}), make(chan struct{})
	c := newContender("blocker")
	c.then = func(*engine.Verdict) { close(in); <-out }
	_, err := e.Stage(&engine.Bid{Target: at, Window: time.Millisecond, Ticket: &c.Ticket})
	require.NoError(t, err)
	<-in
	return func() { close(out) }
}

func within(t *testing.T, d time.Duration, what string, f func()) bool {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
		return true
	case <-time.After(d):
		t.Errorf("HANGS: %s", what)
		return false
	}
}

type goexitHandler struct{ slog.Handler }

func (goexitHandler) Enabled(context.Context, slog.Level) bool  { return true }
func (goexitHandler) Handle(context.Context, slog.Record) error { runtime.Goexit(); return nil }
func (h goexitHandler) WithAttrs([]slog.Attr) slog.Handler      { return h }
func (h goexitHandler) WithGroup(string) slog.Handler           { return h }

type stopReg struct {
	engine.Registry
	f func()
}

func (s stopReg) Register(engine.Entry) error { s.f(); return nil }

// A winner of Do or Submit that is named in the look that preempts it is cancelled.
func TestPreemptionOfAWinnerThatIsYetToBeTold(t *testing.T) {
	for _, way := range []string{"Submit", "Do"} {
		t.Run(way, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				rules := preempting
				rules.Size = 1
				e := newEngine(t, engine.Config{Shards: 1, MoreRules: []engine.Rules{rules}, RulesOf: func(u uuid.UUID) int {
					if u == target(1) {
						return 1
					}
					return 0
				}})
				unblock := blockOwner(t, e, target(9))
				causes := make(chan error, 1)
				fn := func(ctx context.Context) (int, error) {
					select {
					case <-ctx.Done():
						causes <- context.Cause(ctx)
					case <-time.After(2 * time.Second):
						causes <- errors.New("NOT PREEMPTED")
					}
					return 0, nil
				}
				if way == "Submit" {
					_, err := engine.Submit(background, e, engine.Op{Target: target(1)}, fn)
					require.NoError(t, err)
				} else {
					go engine.Do(background, e, engine.Op{Target: target(1)}, fn)
					time.Sleep(50 * time.Millisecond)
				}
				_, err := engine.Submit(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(1))
				require.NoError(t, err)
				unblock()
				require.Equal(t, engine.ErrPreempted, <-causes)
				require.NoError(t, e.Stop(background))
			})
		})
	}
}

// A hook that ends the goroutine does not keep the next one from being called.
func TestGoexitInPreemptedKeepsTheOtherHooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MoreRules: []engine.Rules{preempting, {Size: 2}}, RulesOf: func(u uuid.UUID) int {
			switch u {
			case target(1):
				return 1
			case target(2):
				return 2
			}
			return 0
		}, Preempted: func([]engine.Preemption) { runtime.Goexit() }})
		started := make(chan struct{})
		_, err := engine.Submit(background, e, engine.Op{Target: target(1), Priority: engine.Low, Window: time.Millisecond}, func(ctx context.Context) (int, error) { close(started); <-ctx.Done(); return 0, nil })
		require.NoError(t, err)
		<-started
		unblock := blockOwner(t, e, target(9))
		f, err := engine.NewFolding(e, func(a, b int) int { return a + b }, func(_ context.Context, sum int) (int, error) { return sum, nil })
		require.NoError(t, err)
		_, err = engine.Submit(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(1))
		require.NoError(t, err)
		var wg sync.WaitGroup
		var got [2]int
		for i := range 2 {
			wg.Go(func() { got[i], _ = f.Do(background, engine.Op{Target: target(2)}, 1) })
		}
		time.Sleep(50 * time.Millisecond)
		unblock()
		if within(t, 2*time.Second, "Folding.Do", wg.Wait) {
			require.Equal(t, [2]int{2, 2}, got)
		}
	})
}

// The longest lock is in force.
func TestLockForEver(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond})
		_, err := e.Lock(background, engine.LockConfig{Target: target(1), Below: engine.Critical, For: math.MaxInt64})
		require.NoError(t, err)
		_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.ErrorIs(t, err, engine.ErrMasked)
		require.NoError(t, e.Stop(background))
	})
}

// A logger that ends the goroutine does not end the shard.
func TestLoggerThatEndsTheGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Logger: slog.New(goexitHandler{}),
			Decided: func([]engine.Decision) { panic("x") }})
		within(t, 2*time.Second, "Do after the logger ended the goroutine", func() {
			engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		})
	})
}

// A Start that goes on elsewhere gives way to a later Stop.
func TestStartThenStopInsideExclusive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Rules: engine.Rules{Exclusive: true}})
		done := make(chan struct{})
		engine.Do(background, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			// a window that waits for this winner
			_, err := engine.Submit(background, e, engine.Op{Target: target(1)}, answer(1))
			require.NoError(t, err)
			time.Sleep(20 * time.Millisecond)
			e.Stop(background)
			e.Start()
			time.Sleep(5 * time.Millisecond)
			e.Stop(background) // the last word
			close(done)
			return 0, nil
		})
		<-done
		time.Sleep(100 * time.Millisecond)
		_, err := engine.Do(background, e, engine.Op{Target: target(2)}, answer(1))
		require.ErrorIs(t, err, engine.ErrStopped, "Start, then Stop")
	})
}

// The retry of a bid is checked like that of an operation.
func TestInvalidRetryOfABid(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond})
		c := newContender("")
		c.Extra = &engine.Extra{Retry: engine.Retry{Limit: 3, Backoff: -1}}
		_, err := e.Stage(&engine.Bid{Target: target(1), Ticket: &c.Ticket})
		require.ErrorIs(t, err, engine.ErrInvalid)
	})
}

// The zero Win can be finished.
func TestZeroWinFinishes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		require.NotPanics(t, func() { engine.Win{}.Finish(nil) })
	})
}

// Stop inside the registry of a Contend does not wait for the window behind it.
func TestStopInsideContendsRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		var once sync.Once
		done := make(chan struct{})
		e = newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Rules: engine.Rules{Exclusive: true}, Registry: stopReg{engine.Discard, func() {
			once.Do(func() {
				engine.Submit(background, e, engine.Op{Target: target(1)}, answer(1))
				time.Sleep(20 * time.Millisecond)
				e.Stop(background)
				close(done)
			})
		}}})
		go func() {
			win, _ := e.Contend(background, engine.Op{Target: target(1)})
			win.Finish(nil)
		}()
		within(t, 2*time.Second, "Stop inside Contend's Register", func() { <-done })
	})
}

// A second Finish does not end the lineage of a later operation.
func TestFinishTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		l := new(engine.Lineage)
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Lineage: l})
		id := uuid.New()
		win, err := e.Contend(background, engine.Op{Target: target(1), ID: id})
		require.NoError(t, err)
		win.Finish(nil)
		_, err = e.Contend(background, engine.Op{Target: target(1), ID: id, Priority: 9})
		require.NoError(t, err)
		win.Finish(nil)
		require.Equal(t, 1, l.Len())
	})
}

// A lock that somebody unlocks while it is being made is not in force for ever.
func TestUnlockedWhileMade(t *testing.T) {
	e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond})
	var over atomic.Bool
	for range 2 {
		go func() {
			for !over.Load() {
				for _, l := range e.Locks() {
					l.Unlock()
				}
			}
		}()
	}
	for i := range 400 {
		l, err := e.Lock(background, engine.LockConfig{Target: target(1), Below: engine.Critical, For: time.Hour, WhenSilent: engine.Locked})
		require.NoError(t, err)
		l.Unlock()
		if i%40 == 0 {
			_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
			require.NoError(t, err, "lock %d; Locks: %v", i, e.Locks())
		}
	}
	over.Store(true)
}

// Locks that have ended by themselves are forgotten.
func TestExpiredLocksAreForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond})
		l, err := e.Lock(background, engine.LockConfig{Target: target(1), For: time.Microsecond})
		require.NoError(t, err)
		w := weak.Make(l)
		l = nil
		for i := range 2000 {
			_, err := e.Lock(background, engine.LockConfig{Target: target(i), For: time.Microsecond})
			require.NoError(t, err)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		for range 5 {
			runtime.GC()
		}
		require.Nil(t, w.Value(), "an expired lock is still referred to")
		runtime.KeepAlive(e)
	})
}
