package engine_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R14: stopping, starting, and what becomes of what is under way.

var errNoPatience = errors.New("no patience")

// patience is a context that ends after a while with errNoPatience.
func patience(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeoutCause(background, d, errNoPatience)
	t.Cleanup(cancel)
	return ctx
}

// stopped checks that the error is a stop of that kind.
func stopped(t *testing.T, err error, want engine.StoppedError) {
	t.Helper()
	var s *engine.StoppedError
	require.ErrorAs(t, err, &s)
	require.ErrorIs(t, err, engine.ErrStopped)
	require.Equal(t, want, *s)
}

// refuses checks that every rung refuses.
func refuses(t *testing.T, e *engine.Engine) {
	t.Helper()
	_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
	stopped(t, err, engine.StoppedError{})
	_, err = engine.Submit(background, e, engine.Op{Target: target(1)}, answer(1))
	stopped(t, err, engine.StoppedError{})
	_, err = e.Contend(background, engine.Op{Target: target(1)})
	stopped(t, err, engine.StoppedError{})
	_, err = e.Stage(&engine.Bid{Target: target(1)})
	stopped(t, err, engine.StoppedError{})
	b := e.NewBatch(4)
	require.NoError(t, b.Add(&engine.Bid{Target: target(1)}))
	stopped(t, b.Flush(), engine.StoppedError{})
	require.Equal(t, 1, b.Len())
	b.Discard()
	require.Zero(t, b.Len())
	require.NoError(t, b.Flush())
}

func TestStopStartAreIdempotent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		require.NoError(t, e.Stop(background), "never started")
		refuses(t, e)
		for range 3 {
			e.Start()
			e.Start()
			goesOn(t, e)
			require.NoError(t, e.Stop(background))
			require.NoError(t, e.Stop(background))
			refuses(t, e)
			require.NoError(t, e.Restart(background))
			require.NoError(t, e.Restart(background))
			goesOn(t, e)
			require.NoError(t, e.Stop(background))
		}
		require.EqualValues(t, 6, e.Stats().Completed, "over all restarts")
		require.EqualValues(t, 6, e.Stats().Submitted)
	})
}

// Open windows close in their time and running winners finish.
func TestStopWaits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		began := time.Now()
		do := doInBackground(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		h := submit(t, e, engine.Op{Target: target(2)}, answer(2))
		staged := newContender("")
		stage(t, e, staged, engine.Bid{Target: target(3), Window: 500 * time.Millisecond})
		first := inBackground(func() (int, error) { return 0, e.Stop(background) })
		refuses(t, e)
		require.NoError(t, e.Stop(background))
		require.Equal(t, 1100*time.Millisecond, time.Since(began))
		_, err := first.wait()
		require.NoError(t, err)
		_, err = do.wait()
		require.NoError(t, err)
		_, err = h.Wait(background)
		require.NoError(t, err)
		require.Equal(t, engine.Won, staged.outcome(t).Outcome)
		require.Equal(t, 500*time.Millisecond, staged.at.Sub(began))
	})
}

// When Stop's context ends, everything gets its outcome at that moment.
func TestStopGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Executor: engine.Bounded(1)})
		began := time.Now()
		cancelled := make(chan struct{})
		release := make(chan struct{})
		never := submit(t, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			close(cancelled)
			<-release
			return 1, nil
		})
		queued := submit(t, e, engine.Op{Target: target(2)}, answer(2))
		running := doInBackground(background, e, engine.Op{Target: target(3)}, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			return 3, nil
		})
		time.Sleep(500 * time.Millisecond)
		long := engine.Op{Target: target(4), Window: time.Hour}
		staged := submit(t, e, long, answer(4))
		stagedDo := doInBackground(background, e, long, answer(5))
		ticket := newContender("")
		stage(t, e, ticket, engine.Bid{Target: target(4)})

		require.Equal(t, errNoPatience, e.Stop(patience(t, 500*time.Millisecond)))
		require.Equal(t, time.Second, time.Since(began))
		<-cancelled
		_, err := never.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		for _, h := range []*engine.Handle[int]{queued, staged} {
			_, err := h.Wait(background)
			stopped(t, err, engine.StoppedError{Accepted: true})
		}
		_, err = stagedDo.wait()
		stopped(t, err, engine.StoppedError{Accepted: true})
		require.Equal(t, engine.Stopped, ticket.outcome(t).Outcome)
		require.Equal(t, time.Second, time.Since(began))

		value, err := running.wait() // its goroutine is its caller's
		require.Equal(t, 3, value)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		close(release)
		pass(time.Second)
		s := e.Stats()
		require.Zero(t, s.Running)
		require.Zero(t, s.Staged)
		require.EqualValues(t, 6, s.Submitted)
		require.EqualValues(t, 6, s.Stopped)
	})
}

// A caller whose verdict has come but whose goroutine has not begun, and one
// whose verdict comes while Stop gives up, are told as well.
func TestStopGivesUpAtTheClose(t *testing.T) {
	for offset := -1 * time.Nanosecond; offset <= 1; offset++ {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1})
			var calls []*called[int]
			var handles []*engine.Handle[int]
			for i := range 100 {
				op := engine.Op{Target: target(i / 2)}
				calls = append(calls, doInBackground(background, e, op, answer(1)))
				handles = append(handles, submit(t, e, op, answer(1)))
			}
			e.Stop(patience(t, 100*time.Millisecond+offset))
			for i := range calls {
				_, err := calls[i].wait()
				require.True(t, err == nil || errors.Is(err, engine.ErrRejected) || errors.Is(err, engine.ErrStopped))
				_, err = handles[i].Wait(background)
				require.True(t, err == nil || errors.Is(err, engine.ErrRejected) || errors.Is(err, engine.ErrStopped))
			}
			s := e.Stats()
			require.EqualValues(t, 200, s.Submitted)
			require.Equal(t, s.Submitted, s.Completed+s.Rejected+s.Stopped)
			if offset < 0 {
				require.EqualValues(t, 200, s.Stopped)
			}
		})
	}
}

// What was withdrawn before Stop gave up stays withdrawn.
func TestStopGivesUpOnWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		require.True(t, h.Withdraw())
		require.Equal(t, errNoPatience, e.Stop(patience(t, time.Millisecond)))
		_, err := h.Wait(background)
		withdrawn(t, err, nil)
		require.EqualValues(t, 1, e.Stats().Withdrawn)
		require.Zero(t, e.Stats().Stopped)
	})
}

// Start while the old windows are open waits for them, not for winners.
func TestRestartWhileWinnersRun(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		began := time.Now()
		do := doInBackground(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			return 1, nil
		})
		stop := inBackground(func() (int, error) { return 0, e.Stop(background) })
		e.Start()
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		goesOnBeside(t, e)
		_, err := do.wait()
		require.NoError(t, err)
		_, err = stop.wait()
		require.NoError(t, err)
		require.EqualValues(t, 2, e.Stats().Completed)
	})
}

func goesOnBeside(t *testing.T, e *engine.Engine) {
	t.Helper()
	_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
	require.NoError(t, err)
}

func TestLifecycleCalledConcurrently(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 2, Window: 3 * time.Millisecond})
		var wg sync.WaitGroup
		for i := range 30 {
			wg.Go(func() {
				for range 20 {
					switch i % 5 {
					case 0:
						e.Start()
					case 1:
						require.NoError(t, e.Stop(background))
					case 2:
						require.NoError(t, e.Restart(background))
					default:
						engine.Do(background, e, engine.Op{Target: target(i % 7)}, answer(1))
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
		require.NoError(t, e.Restart(background))
		goesOn(t, e)
		s := e.Stats()
		require.Equal(t, s.Submitted, s.Completed+s.Rejected+s.Stopped)
	})
}
