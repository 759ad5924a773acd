package engine_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R7 and R11: where functions run, and that a slow one is nobody else's problem.

// goroutine returns the caller's goroutine line of a stack trace, which names
// its number.
func goroutine() string {
	line, _, _ := bytes.Cut(debug.Stack(), []byte(" ["))
	return string(line)
}

//go:noinline
func unmistakableCaller(e *engine.Engine, ctx context.Context, fn func(context.Context) (int, error)) (int, error) {
	return engine.Do(ctx, e, engine.Op{Target: target(1)}, fn)
}

type contextKey struct{}

func TestDoRunsOnTheCallersGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx := context.WithValue(background, contextKey{}, "mine")
		caller := goroutine()
		pprof.Do(ctx, pprof.Labels("who", "caller"), func(ctx context.Context) {
			_, err := unmistakableCaller(e, ctx, func(got context.Context) (int, error) {
				require.Equal(t, ctx, got, "the caller's own context")
				require.Equal(t, caller, goroutine())
				require.Contains(t, string(debug.Stack()), "unmistakableCaller")
				return 0, nil
			})
			require.NoError(t, err)
		})
	})
}

// Goexit in the function ends the goroutine that called Do.
func TestGoexitInDoEndsTheCaller(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		returned, ended := false, make(chan struct{})
		go func() {
			defer close(ended)
			engine.Do(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
				runtime.Goexit()
				return 0, nil
			})
			returned = true
		}()
		<-ended
		require.False(t, returned)
		require.EqualValues(t, 1, e.Stats().Failed)
		require.Zero(t, e.Stats().Running)
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
	})
}

func TestSubmitRunsElsewhere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h, err := engine.Submit(context.WithValue(background, contextKey{}, "mine"), e, engine.Op{Target: target(1)},
			func(ctx context.Context) (string, error) {
				require.NotContains(t, string(debug.Stack()), "shard.(*Shard).Run")
				require.Equal(t, "mine", ctx.Value(contextKey{}))
				return goroutine(), nil
			})
		require.NoError(t, err)
		where, err := h.Wait(background)
		require.NoError(t, err)
		require.NotEqual(t, goroutine(), where)
	})
}

// With a single shard, whatever blocks would block everybody.
func TestBlockedWinnerDelaysNobody(t *testing.T) {
	sleepy := func(context.Context) (int, error) { time.Sleep(time.Minute); return 0, nil }
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		began := time.Now()
		do := doInBackground(background, e, engine.Op{Target: target(1)}, sleepy)
		handle := submit(t, e, engine.Op{Target: target(2)}, sleepy)
		time.Sleep(time.Second)
		require.Equal(t, 2, e.Stats().Running)
		for i := range 20 {
			opened := time.Now()
			_, err := engine.Do(background, e, engine.Op{Target: target(i)}, answer(0))
			require.NoError(t, err)
			require.Equal(t, 100*time.Millisecond, time.Since(opened))
		}
		_, err := do.wait()
		require.NoError(t, err)
		_, err = handle.Wait(background)
		require.NoError(t, err)
		require.Equal(t, time.Minute+100*time.Millisecond, time.Since(began))
	})
}

func TestBoundedExecutor(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Executor: engine.Bounded(2)})
		began := time.Now()
		var handles []*engine.Handle[time.Duration]
		for i := range 6 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(i)}, func(context.Context) (time.Duration, error) {
				time.Sleep(time.Second)
				return time.Since(began).Truncate(time.Second), nil
			}))
			time.Sleep(time.Millisecond)
		}
		for i, h := range handles {
			ended, err := h.Wait(background)
			require.NoError(t, err)
			require.Equal(t, time.Duration(1+i/2)*time.Second, ended, "in the order of the verdicts")
		}
	})
}

func TestBoundedExecutorSurvivesGoexit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Executor: engine.Bounded(1)})
		var handles []*engine.Handle[int]
		for i := range 4 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(i)}, func(context.Context) (int, error) {
				if i%2 == 0 {
					runtime.Goexit()
				}
				return i, nil
			}))
		}
		for i, h := range handles {
			_, err := h.Wait(background)
			require.Equal(t, i%2 == 0, errors.Is(err, engine.ErrGoexit))
		}
	})
}

func TestModeNoneAndNoTargetExecuteDirectly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := &witness{}
		e := newEngine(t, engine.Config{Registry: w})
		began, caller := time.Now(), goroutine()
		for _, op := range []engine.Op{{}, {Mode: engine.None}, {Target: target(1), Mode: engine.None}} {
			where, err := engine.Do(background, e, op, func(context.Context) (string, error) { return goroutine(), nil })
			require.NoError(t, err)
			require.Equal(t, caller, where)
			h := submit(t, e, op, answer("x"))
			require.Equal(t, engine.OpID{}, h.ID())
			got, err := h.Wait(background)
			require.NoError(t, err)
			require.Equal(t, "x", got)
			require.False(t, h.Withdraw())
			win, err := e.Contend(background, op)
			require.NoError(t, err)
			require.Equal(t, uuid.Nil, win.ID)
			win.Finish(nil)
		}
		s := e.Stats()
		require.EqualValues(t, 9, s.Direct)
		require.Zero(t, s.Submitted)
		require.Empty(t, w.log)
		require.Zero(t, time.Since(began))
	})
}

// No shard is touched: the engine has not even started.
func TestDirectOperationDoesNotStartTheEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{})
		require.NoError(t, err)
		_, err = engine.Do(background, e, engine.Op{}, answer(1))
		require.NoError(t, err)
		// Not stopped: a shard's goroutine would deadlock the bubble.
	})
}

// Who won may submit for the same target and the same shard, and wait.
func TestDoInsideAWinner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		nested := func(ctx context.Context) (int, error) {
			return engine.Do(ctx, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
				return engine.Do(ctx, e, engine.Op{Target: target(1)}, answer(7))
			})
		}
		got, err := engine.Do(background, e, engine.Op{Target: target(1)}, nested)
		require.NoError(t, err)
		require.Equal(t, 7, got)
		got, err = submit(t, e, engine.Op{Target: target(1)}, nested).Wait(background)
		require.NoError(t, err)
		require.Equal(t, 7, got)
		require.EqualValues(t, 6, e.Stats().Completed)
	})
}

// An executor that calls a function twice, of an operation that does not contend or
// does, executes it once.
func TestExecutorThatCallsWhatDoesNotContendTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Executor: func(run func()) { go func() { run(); run() }() }})
		for _, mode := range []engine.Mode{engine.None, engine.PreECS} {
			called := 0
			h, err := engine.Submit(background, e, engine.Op{Target: target(1), Mode: mode}, func(context.Context) (int, error) {
				called++
				return called, nil
			})
			require.NoError(t, err)
			got, err := h.Wait(background)
			synctest.Wait()
			require.NoError(t, err)
			require.Equal(t, 1, got)
			require.Equal(t, 1, called)
		}
	})
}
