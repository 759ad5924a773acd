package engine_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// What fresh eyes found in the engine, apart from Stop (stoplate_test.go).

// panickyContext is a context of the user's that fails.
type panickyContext struct{ context.Context }

func (panickyContext) Value(any) any { panic(errBadLuck) }

// A context that panics costs its own caller the call, and nobody else anything.
func TestContextThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		sum, err := engine.NewFolding(e, func(a, b int) int { return a + b }, func(_ context.Context, sum int) (int, error) { return sum, nil })
		require.NoError(t, err)
		bad, op := panickyContext{background}, engine.Op{Target: target(1), Priority: engine.High}
		for _, call := range []func(){
			func() { sum.Do(bad, op, 1) },
			func() { engine.Do(bad, e, op, answer(1)) },
			func() { engine.Submit(bad, e, op, answer(1)) },
			func() { e.Contend(bad, op) },
		} {
			innocent := inBackground(func() (int, error) { return sum.Do(background, engine.Op{Target: target(1)}, 7) })
			synctest.Wait()
			require.PanicsWithValue(t, errBadLuck, call)
			got, err := innocent.wait()
			require.NoError(t, err)
			require.Equal(t, 7, got)
		}
		s := e.Stats()
		require.EqualValues(t, 4, s.Submitted)
		require.Zero(t, s.Running)
	})
}

// R14: when Stop has returned, handles are closed, also of what is just being withdrawn.
func TestWithdrawnHandlesWhenStopReturns(t *testing.T) {
	for range 100 {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Hour})
		ctx, cancel := context.WithCancel(background)
		var handles []*engine.Handle[int]
		for i := range 200 {
			h, err := engine.Submit(ctx, e, engine.Op{Target: target(i)}, answer(1))
			require.NoError(t, err)
			handles = append(handles, h)
		}
		cancel()
		e.Stop(ctx)
		for _, h := range handles {
			require.True(t, isClosed(h.Done()))
		}
	}
}

// finishes is a registry whose Finish does something.
type finishes struct {
	engine.Registry
	f func()
}

func (r finishes) Finish(uuid.UUID, error) { r.f() }

// Stop inside the registry of a Contend that ends does not wait for the window behind
// it.
func TestStopInsideTheEndOfAContend(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		stop := func() { require.NoError(t, e.Stop(patience(t, time.Hour))) }
		e = newEngine(t, engine.Config{Registry: finishes{engine.Discard, func() {
			if f := stop; f != nil {
				stop = nil
				f()
			}
		}}, Rules: engine.Rules{Exclusive: true}})
		win, err := e.Contend(background, engine.Op{Target: target(1)})
		require.NoError(t, err)
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second)
		began := time.Now()
		win.Finish(nil)
		require.Less(t, time.Since(began), time.Minute)
		_, err = h.Wait(background)
		require.NoError(t, err)
	})
}

// R10: after a burst of locks their memory goes back, and heartbeats of one while the
// engine is stopped take none.
func TestMemoryOfLocksGoesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		e.Start()
		goesBack(t, e, func() {
			for i := range 20_000 {
				_, err := e.Lock(background, engine.LockConfig{Target: target(i), Below: 1, For: time.Hour})
				require.NoError(t, err)
			}
		}, func() {
			for _, l := range e.Locks() {
				l.Unlock()
			}
			pass(2 * time.Second)
		})
		l, err := e.Lock(background, engine.LockConfig{Target: target(1), Below: 1, For: time.Hour})
		require.NoError(t, err)
		require.NoError(t, e.Stop(background))
		before := heap()
		for range 20_000 {
			require.NoError(t, l.Heartbeat())
		}
		require.Less(t, heap()-before, int64(1<<20))
	})
}

// What is decided is counted, also where the logger of a failed policy ends the
// goroutine.
func TestLoggerThatEndsTheGoroutineCostsNoCounts(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Logger: slog.New(goexitHandler{}), Rules: engine.Rules{
			Choose: func(group []engine.Standing) int {
				if group[0].Priority > 0 {
					panic(errBadLuck)
				}
				return 0
			},
		}})
		for i := range 12 {
			submit(t, e, engine.Op{Target: target(i / 4), Priority: engine.Priority(i / 4)}, answer(1))
		}
		pass(time.Second)
		s := e.Stats()
		require.EqualValues(t, 8, s.Undecided)
		require.EqualValues(t, 1, s.Won)
		require.EqualValues(t, 3, s.Rejected)
		require.EqualValues(t, 4, s.Incidents, "twice, the policy and the logger")
	})
}
