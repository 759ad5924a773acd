package engine_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/stretchr/testify/require"
)

// Everything an operator does, under load: restarts, patient and not, clearings,
// views, health. Nothing is lost, nothing told twice, and what is counted adds up.
func TestRestartUnderLoadLosesNothing(t *testing.T) {
	const submitters, rounds, targets = 4, 400, 10
	e, err := engine.New(engine.Config{Shards: 2, RingSize: 64, Window: time.Millisecond, Hottest: 4})
	require.NoError(t, err)
	var completed, rejected, cleared, stopped, refused, accepted atomic.Int64
	var load, operators sync.WaitGroup
	var over atomic.Bool
	for n := range submitters {
		load.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(n), 1))
			for n := 0; n < rounds || completed.Load() == 0; n++ {
				op := engine.Op{Target: target(rng.IntN(targets)), Priority: engine.Priority(rng.IntN(10))}
				h, err := engine.Submit(background, e, op, answer(7))
				if err != nil {
					require.ErrorIs(t, err, engine.ErrStopped)
					refused.Add(1)
					time.Sleep(time.Duration(rng.IntN(200)) * time.Microsecond)
					continue
				}
				accepted.Add(1)
				if rng.IntN(3) > 0 {
					load.Go(func() { settle(t, h, &completed, &cleared, &rejected, &stopped) })
					continue
				}
				settle(t, h, &completed, &cleared, &rejected, &stopped)
			}
		})
	}
	operators.Go(func() {
		for n := 0; !over.Load(); n++ {
			if n%3 == 0 {
				e.Restart(impatient())
			} else {
				require.NoError(t, e.Restart(background))
			}
			time.Sleep(3 * time.Millisecond)
		}
	})
	operators.Go(func() {
		for n := 0; !over.Load(); n++ {
			_, err := e.Clear(background, target(n%(targets/2))) // not all: with one processor nothing else might be decided
			require.True(t, err == nil || errors.Is(err, engine.ErrStopped))
			for w := range e.Windows(background) {
				require.Positive(t, w.Contenders)
			}
			require.NotEmpty(t, e.Health().State.String())
			require.LessOrEqual(t, len(e.Hottest(3)), 3)
		}
	})
	load.Wait()
	over.Store(true)
	operators.Wait()
	require.NoError(t, e.Stop(background))
	require.GreaterOrEqual(t, accepted.Load()+refused.Load(), int64(submitters*rounds))
	require.Equal(t, accepted.Load(), completed.Load()+rejected.Load()+cleared.Load()+stopped.Load())
	s := e.Stats()
	require.EqualValues(t, accepted.Load(), s.Submitted)
	require.EqualValues(t, cleared.Load(), s.Cleared)
	require.EqualValues(t, rejected.Load(), s.Rejected)
	require.EqualValues(t, completed.Load(), s.Completed)
	require.EqualValues(t, stopped.Load(), s.Stopped)
	require.Zero(t, s.Staged)
	require.Zero(t, s.Running)
	require.Zero(t, s.Restarts, "no shard died")
}

// settle waits for an outcome and counts it.
func settle(t *testing.T, h *engine.Handle[int], completed, cleared, rejected, stopped *atomic.Int64) {
	value, err := h.Wait(background)
	switch {
	case err == nil:
		require.Equal(t, 7, value)
		completed.Add(1)
	case errors.Is(err, engine.ErrCleared):
		cleared.Add(1)
	case errors.Is(err, engine.ErrRejected):
		rejected.Add(1)
	case errors.Is(err, engine.ErrStopped):
		stopped.Add(1)
	default:
		t.Error(err)
	}
}

// R17: a journal holds what was cleared, and its decisions can be made again.
func TestJournalOfClearings(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var journal bytes.Buffer
		e := newEngine(t, engine.Config{Shards: 2, Window: 10 * time.Millisecond, Journal: &journal, Rules: engine.Rules{Exclusive: true}})
		rng := rand.New(rand.NewPCG(1, 2))
		told := 0
		for range 300 {
			op := engine.Op{Target: target(rng.IntN(5)), Priority: engine.Priority(rng.IntN(9)), Name: "op"}
			if rng.IntN(3) == 0 {
				op.Retry = engine.Retry{Limit: 2, Backoff: 3 * time.Millisecond}
			}
			submit(t, e, op, answer(1))
			time.Sleep(time.Duration(rng.IntN(2000)) * time.Microsecond)
			if rng.IntN(10) == 0 {
				n, err := e.Clear(background, target(rng.IntN(5)))
				require.NoError(t, err)
				told += n
			}
		}
		pass(time.Second)
		require.NoError(t, e.Stop(background))
		cleared, dismissed := 0, 0
		_, err := engine.ReadJournal(&journal, func(_ int, ev *engine.JournalEvent) {
			switch {
			case ev.Kind == shard.EventCleared:
				cleared++
			case ev.Kind == shard.EventDismissed && ev.Dismissal.Outcome == engine.Cleared:
				dismissed++
			}
		})
		require.NoError(t, err)
		require.Greater(t, cleared, 10)
		require.Greater(t, dismissed, 10)
		require.Equal(t, told, dismissed)
	})
}
