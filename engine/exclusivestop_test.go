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

// R14 for exclusive targets: Stop, Start and winners that run meanwhile.

// A patient Stop waits for the running winner, then for the one that waited for
// it.
func TestStopWithAHeldTarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		began := time.Now()
		first := submit(t, e, engine.Op{Target: target(1)}, sleeping(time.Minute))
		time.Sleep(time.Second)
		second := submit(t, e, engine.Op{Target: target(1)}, sleeping(time.Minute))
		require.NoError(t, e.Stop(background))
		require.Equal(t, 2*time.Minute+100*time.Millisecond, time.Since(began).Truncate(time.Millisecond))
		token1, err := first.Wait(background)
		require.NoError(t, err)
		token2, err := second.Wait(background)
		require.NoError(t, err)
		require.Greater(t, token2, token1)
	})
}

// One that gives up ends whoever waits for a held target.
func TestStopGivesUpOnAHeldTarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}, Executor: engine.Bounded(1)})
		var cause error
		running := submit(t, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			cause = context.Cause(ctx)
			return 1, nil
		})
		queued := submit(t, e, engine.Op{Target: target(2)}, answer(2))
		time.Sleep(time.Second)
		waiting := submit(t, e, engine.Op{Target: target(1)}, answer(3))
		waitingToo := doInBackground(background, e, engine.Op{Target: target(2)}, answer(4))
		time.Sleep(time.Second)
		require.Equal(t, 2, e.Stats().Windows)
		began := time.Now()
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		_, err := running.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		_, err = queued.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		_, err = waiting.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		_, err = waitingToo.wait()
		stopped(t, err, engine.StoppedError{Accepted: true})
		require.Zero(t, time.Since(began))
		pass(time.Second)
		require.Equal(t, context.Canceled, cause)
		e.Start()
		goesOnBeside(t, e)
		_, err = engine.Do(background, e, engine.Op{Target: target(2)}, sleeping(0))
		require.NoError(t, err, "the queued one never ran")
	})
}

// A winner that runs on keeps its target over a restart, and tokens go on
// growing.
func TestHoldSurvivesRestart(t *testing.T) {
	for name, restart := range map[string]func(*testing.T, *engine.Engine){
		"impatient": func(t *testing.T, e *engine.Engine) {
			require.Equal(t, errNoPatience, e.Restart(impatient()))
		},
		"twice": func(t *testing.T, e *engine.Engine) {
			require.Equal(t, errNoPatience, e.Restart(impatient()))
			e.Restart(impatient()) // there is perhaps nothing to wait for
		},
		"patient": func(t *testing.T, e *engine.Engine) {
			stop := inBackground(func() (int, error) { return 0, e.Stop(background) })
			t.Cleanup(func() { stop.wait() })
			e.Start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := ruled(t, engine.Rules{Exclusive: true})
				began := time.Now()
				first := doInBackground(background, e, engine.Op{Target: target(1)}, sleeping(time.Minute))
				win, err := e.Contend(background, engine.Op{Target: target(2)})
				require.NoError(t, err)
				time.Sleep(time.Second)
				restart(t, e)
				second := doInBackground(background, e, engine.Op{Target: target(1)}, sleeping(0))
				third := doInBackground(background, e, engine.Op{Target: target(2)}, sleeping(0))
				pass(10 * time.Second)
				require.Equal(t, 2, e.Stats().Windows, "both wait")
				win.Finish(nil)
				token3, err := third.wait()
				require.NoError(t, err)
				require.Greater(t, token3, win.Token)
				require.Less(t, time.Since(began), 12*time.Second)
				token2, err := second.wait()
				require.NoError(t, err)
				require.Equal(t, time.Minute+100*time.Millisecond, time.Since(began).Truncate(time.Millisecond))
				token1, _ := first.wait()
				require.Greater(t, token2, token1)
				require.Greater(t, token2, token3)
			})
		})
	}
}

// A winner that ends while the engine is stopped is not waited for by the next
// generation.
func TestWinnerEndsWhileStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		first := doInBackground(background, e, engine.Op{Target: target(1)}, sleeping(time.Minute))
		time.Sleep(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		token1, err := first.wait()
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		require.NotZero(t, token1)
		e.Start()
		began := time.Now()
		token2, err := engine.Do(background, e, engine.Op{Target: target(1)}, sleeping(0))
		require.NoError(t, err)
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.Greater(t, token2, token1)
	})
}

// Who waits for a held target may give up waiting.
func TestContextEndsWhileTheTargetIsHeld(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		first := submit(t, e, engine.Op{Target: target(1)}, sleeping(time.Hour))
		time.Sleep(time.Second)
		began := time.Now()
		_, err := engine.Do(patience(t, time.Minute), e, engine.Op{Target: target(1)}, sleeping(0))
		withdrawn(t, err, errNoPatience)
		require.Equal(t, time.Minute, time.Since(began))
		_, err = first.Wait(background)
		require.NoError(t, err)
		pass(time.Second)
		require.Zero(t, e.Stats().Windows)
		goesOn(t, e)
	})
}

// Inside the winner of an exclusive target, for whose end the next window waits,
// neither Stop nor Restart nor Start waits for that window: they would wait for
// each other.
func TestStopInsideExclusiveWinner(t *testing.T) {
	for name, stop := range map[string]func(*engine.Engine) error{
		"stop":       func(e *engine.Engine) error { return e.Stop(background) },
		"restart":    func(e *engine.Engine) error { return e.Restart(background) },
		"stop start": func(e *engine.Engine) error { err := e.Stop(background); e.Start(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Rules: engine.Rules{Exclusive: true}})
				var next *engine.Handle[int]
				got, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
					next = submit(t, e, engine.Op{Target: target(1)}, answer(2))
					pass(time.Second) // its window is overdue
					require.NoError(t, stop(e))
					return 1, nil
				})
				require.NoError(t, err)
				require.Equal(t, 1, got)
				got, err = next.Wait(background)
				require.NoError(t, err)
				require.Equal(t, 2, got)
				pass(time.Second)
				require.NoError(t, e.Stop(background))
				require.Zero(t, e.Stats().Staged)
			})
		})
	}
}

// Stop waits for a winner that has ended until its target is free, also for one on its
// caller's goroutine: else the target would be held after a restart.
func TestStopWaitsUntilTheTargetIsFree(t *testing.T) {
	var e *engine.Engine
	held := make(chan func())
	e = newEngine(t, engine.Config{
		Shards: 1, Window: time.Millisecond, Rules: engine.Rules{Exclusive: true},
		Registry: atFinish(func() { held <- e.HoldTargets() }),
	})
	ended := make(chan error)
	go func() {
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		ended <- err
	}()
	release := <-held
	for e.Stats().Running > 0 {
		runtime.Gosched()
	}
	require.Equal(t, 1, e.Unsettled())
	release()
	require.NoError(t, <-ended)
	require.Zero(t, e.Unsettled())
}

// atFinish is a registry that calls it when a winner has ended, before that is known.
type atFinish func()

func (f atFinish) Register(engine.Entry) error { return nil }
func (f atFinish) Finish(uuid.UUID, error)     { f() }
