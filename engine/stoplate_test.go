package engine_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// What happens while Stop gives up, and after it has.

// R14: code that blocks a shard's goroutine does not keep Stop for longer than a
// second, which is told; who is staged there gets its outcome when the shard goes on.
func TestStopBesideABlockedShard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, engine.Config{Shards: 2, Decided: func([]engine.Decision) { <-release }})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second)
		began := time.Now()
		err := e.Stop(impatient())
		require.Equal(t, time.Second, time.Since(began))
		require.ErrorIs(t, err, errNoPatience)
		require.ErrorContains(t, err, "blocked by a hook, a policy, a contender, an executor or a logger")
		require.Equal(t, 1, e.Stats().Staged)
		close(release)
		_, err = h.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		goesOn(t, restarted(e))
	})
}

func restarted(e *engine.Engine) *engine.Engine {
	e.Start()
	return e
}

// What was told that it is stopped does not begin any more.
func TestFunctionDoesNotBeginAfterStop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		slow := stopReg{engine.Discard, func() { time.Sleep(time.Hour) }}
		e := newEngine(t, engine.Config{Registry: slow})
		var began atomic.Bool
		h := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			began.Store(true)
			return 1, nil
		})
		pass(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		_, err := h.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		pass(2 * time.Hour)
		require.False(t, began.Load())
		require.Zero(t, e.Stats().Running)
	})
}

// R1 and R14: a winner from before a Start is running, is waited for and is given up
// on like those after it.
func TestStopCoversWinnersFromBeforeAStart(t *testing.T) {
	for name, restart := range map[string]func(t *testing.T, e *engine.Engine){
		"inside": func(_ *testing.T, e *engine.Engine) { e.Restart(background) },
		"on a shard": func(t *testing.T, e *engine.Engine) {
			c := newContender("")
			c.then = func(*engine.Verdict) { e.Stop(background) }
			stage(t, e, c, engine.Bid{Target: target(2), Window: time.Millisecond})
			time.Sleep(time.Second)
			e.Start()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 1})
				const runs = time.Hour
				winner := func() *engine.Handle[int] {
					h := submit(t, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
						restart(t, e)
						select {
						case <-time.After(runs):
						case <-ctx.Done():
						}
						return 1, nil
					})
					pass(2 * time.Second)
					return h
				}
				goesOn(t, e)

				h := winner()
				require.EqualValues(t, 1, e.Stats().Running)
				require.Equal(t, 1, e.EarlierGenerations())
				_, err := h.Wait(background)
				require.NoError(t, err)
				pass(0)
				require.Zero(t, e.EarlierGenerations(), "nobody holds it any more")

				h = winner()
				began := time.Now()
				require.NoError(t, e.Stop(background))
				require.Greater(t, time.Since(began), runs/2, "waited for")
				_, err = h.Wait(background)
				require.NoError(t, err)

				e.Start()
				h = winner()
				goesOnBeside(t, e)
				require.Equal(t, errNoPatience, e.Stop(impatient()))
				_, err = h.Wait(background)
				stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
				pass(time.Second)
				require.Zero(t, e.Stats().Running)
				require.Zero(t, e.EarlierGenerations())
			})
		})
	}
}

// Stop inside a winner from before a Start does not wait for that one, but for all
// others.
func TestStopInsideAWinnerFromBeforeAStart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		goOn, end := make(chan struct{}), make(chan struct{})
		early := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			e.Restart(background)
			<-goOn
			return 1, e.Stop(background)
		})
		pass(time.Second)
		late := submit(t, e, engine.Op{Target: target(2)}, func(context.Context) (int, error) { <-end; return 2, nil })
		pass(time.Second)
		close(goOn)
		pass(time.Hour)
		require.False(t, isClosed(early.Done()))
		close(end)
		_, err := early.Wait(background)
		require.NoError(t, err)
		require.True(t, isClosed(late.Done()))
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// Restart starts the engine when the shard goes on, and does not wait for that.
func TestRestartBesideABlockedShard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		e := newEngine(t, engine.Config{Shards: 1, Decided: func([]engine.Decision) { <-release }})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second)
		began := time.Now()
		require.ErrorIs(t, e.Restart(impatient()), errNoPatience)
		require.Equal(t, time.Second, time.Since(began))
		close(release)
		_, err := h.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		pass(time.Second)
		goesOn(t, e)
	})
}

// blockedHandler is of a logger that does not come back.
type blockedHandler struct {
	slog.Handler
	until chan struct{}
}

func (blockedHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h blockedHandler) Handle(context.Context, slog.Record) error {
	<-h.until
	return nil
}

func TestStopBesideABlockedLogger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		until := make(chan struct{})
		defer close(until)
		e := newEngine(t, engine.Config{Logger: slog.New(blockedHandler{nil, until})})
		h := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Minute)
			panic("unheard")
		})
		pass(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		_, err := h.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		pass(time.Hour)
		require.EqualValues(t, 1, e.Stats().Incidents)
		require.NoError(t, e.Stop(impatient()))
	})
}

// What a function returns after Stop gave up on it is not lost: the caller of Do is
// told all, and of a panic that no caller is told of, the logger.
func TestWhatComesAfterStopGaveUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var log logs
		e := newEngine(t, engine.Config{Logger: log.logger()})
		slowly := func(value int, end func() error) func(context.Context) (int, error) {
			return func(context.Context) (int, error) {
				time.Sleep(time.Hour)
				return value, end()
			}
		}
		boom := errors.New("boom")
		failing := doInBackground(background, e, engine.Op{Target: target(1)}, slowly(7, func() error { return boom }))
		panicking := doInBackground(background, e, engine.Op{Target: target(2)}, slowly(8, func() error { panic(boom) }))
		unheard := submit(t, e, engine.Op{Target: target(3)}, slowly(9, func() error { panic("unheard") }))
		pass(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		value, err := failing.wait()
		require.Equal(t, 7, value)
		require.ErrorIs(t, err, engine.ErrStopped)
		require.ErrorIs(t, err, boom)
		require.EqualError(t, err, "contend: stopped while it was executed, and then it failed: boom")
		_, err = panicking.wait()
		require.ErrorIs(t, err, engine.ErrStopped)
		require.ErrorIs(t, err, boom)
		_, err = unheard.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		pass(time.Second)
		require.EqualValues(t, 1, e.Stats().Incidents)
		require.Contains(t, log.String(), "unheard")
	})
}

// A shard that has much to tell is not taken for one that is blocked.
func TestStopWaitsForWhoHasMuchToTell(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Hour})
		var told []*contender
		for i := range 5000 { // in several batches, each of which takes less than a second
			c := newContender("")
			c.then = func(*engine.Verdict) { time.Sleep(time.Millisecond) }
			stage(t, e, c, engine.Bid{Target: target(i)})
			told = append(told, c)
		}
		began := time.Now()
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		require.GreaterOrEqual(t, time.Since(began), 5*time.Second)
		for _, c := range told {
			require.Equal(t, engine.Stopped, c.outcome(t).Outcome)
		}
	})
}

// A winner that waits in Stop is not taken for another of its own generation.
func TestStopsOfTwoGenerations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		stop := func(context.Context) (int, error) { return 1, e.Stop(background) }
		end := make(chan struct{})
		running := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { <-end; return 1, nil })
		early := submit(t, e, engine.Op{Target: target(2)}, stop)
		pass(time.Second)
		e.Start()
		late := submit(t, e, engine.Op{Target: target(3)}, stop)
		pass(time.Hour)
		for _, h := range []*engine.Handle[int]{running, early, late} {
			require.False(t, isClosed(h.Done()))
		}
		close(end)
		for _, h := range []*engine.Handle[int]{running, early, late} {
			_, err := h.Wait(background)
			require.NoError(t, err)
		}
	})
}
