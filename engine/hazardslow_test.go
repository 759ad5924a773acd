package engine_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Hazards of being watched: whoever is told is slow, stuck or not there. Here these are
// the hooks that decide with the shards, contenders, the registry and the executor; the
// writer of the journal is in journalwriter_test.go, those who are told events in
// hooks_test.go and subscribe_test.go.

// twoShards returns a target of each of an engine's two shards.
func twoShards(t *testing.T, e *engine.Engine) (a, b uuid.UUID) {
	t.Helper()
	for n := 0; a == uuid.Nil || b == uuid.Nil; n++ {
		id, err := e.Stage(&engine.Bid{Target: target(n), Window: 1})
		require.NoError(t, err)
		if id.Shard == 0 {
			a = target(n)
		} else {
			b = target(n)
		}
		pass(10 * time.Millisecond)
	}
	return a, b
}

// A hook that blocks, which it must not, delays its own shard and no other, and
// nothing is lost.
func TestSlowHookDelaysItsOwnShardOnly(t *testing.T) {
	for _, where := range []string{"decided", "dismissed", "contender"} {
		t.Run(where, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var slow uuid.UUID    // set below
				var armed atomic.Bool // publishes slow
				block := func(here string, target uuid.UUID) {
					if here == where && armed.Load() && target == slow && armed.CompareAndSwap(true, false) {
						time.Sleep(time.Minute)
					}
				}
				e := newEngine(t, engine.Config{
					Shards: 2, Rules: engine.Rules{Early: true, RunnersUp: 1},
					Decided:   func(batch []engine.Decision) { block("decided", batch[0].Target) },
					Dismissed: func(batch []engine.Dismissal) { block("dismissed", batch[0].Target) },
				})
				var fine uuid.UUID
				slow, fine = twoShards(t, e)
				armed.Store(true)
				began := time.Now()
				var here, there []*contender
				for i := range 6 {
					here, there = append(here, newContender("")), append(there, newContender(""))
					here[i].then = func(*engine.Verdict) { block("contender", slow) }
					stage(t, e, here[i], engine.Bid{Target: slow, Priority: engine.Priority(i)})
					stage(t, e, there[i], engine.Bid{Target: fine, Priority: engine.Priority(i)})
				}
				pass(time.Second)
				require.False(t, armed.Load(), "it blocks")
				require.Equal(t, engine.Won, there[5].outcome(t).Outcome)
				require.LessOrEqual(t, there[5].at.Sub(began), 100*time.Millisecond+2*shard.Tick)
				late := newContender("")
				stage(t, e, late, engine.Bid{Target: fine})
				pass(time.Second)
				require.Equal(t, engine.Won, late.outcome(t).Outcome)
				pass(2 * time.Minute)
				for i, c := range here {
					require.Equal(t, i == 5, c.outcome(t).Outcome == engine.Won)
					require.Equal(t, i == 5, there[i].outcome(t).Outcome == engine.Won)
				}
			})
		})
	}
}

// A registry that blocks delays its own winner only; Stop gives up on that.
func TestSlowRegistryDelaysItsWinnerOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := &witness{register: func(e engine.Entry) error {
			if e.Name == "slow" {
				time.Sleep(time.Minute)
			}
			return nil
		}}
		e := newEngine(t, engine.Config{Shards: 1, Registry: w})
		slow := submit(t, e, engine.Op{Target: target(1), Name: "slow"}, answer("slow"))
		slowDo := doInBackground(background, e, engine.Op{Target: target(2), Name: "slow"}, answer("slow"))
		pass(time.Second)
		for range 5 { // the same targets
			for n := range 3 {
				began := time.Now()
				_, err := engine.Do(background, e, engine.Op{Target: target(n), Name: "fine"}, answer(1))
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(began), 100*time.Millisecond+2*shard.Tick)
			}
		}
		require.Equal(t, errNoPatience, e.Stop(patience(t, time.Second)))
		_, err := slow.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		_, err = slowDo.wait()
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
	})
}

// An executor that blocks, which it must not, delays its own shard and no other,
// and nobody but the one that it was given is lost if it never comes to run it.
func TestSlowExecutorDelaysItsOwnShardOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var block atomic.Bool
		block.Store(true)
		e := newEngine(t, engine.Config{Shards: 2, Executor: func(run func()) {
			if block.CompareAndSwap(true, false) {
				time.Sleep(time.Minute)
			}
			go run()
		}})
		a, b := twoShards(t, e)
		first := submit(t, e, engine.Op{Target: a}, answer("a"))
		synctest.Wait()
		pass(200 * time.Millisecond)
		require.False(t, block.Load())
		began := time.Now()
		_, err := submit(t, e, engine.Op{Target: b}, answer("b")).Wait(background)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(began), 100*time.Millisecond+2*shard.Tick)
		behind := submit(t, e, engine.Op{Target: a}, answer("a"))
		got, err := behind.Wait(background)
		require.NoError(t, err)
		require.Equal(t, "a", got)
		_, err = first.Wait(background)
		require.NoError(t, err)
	})
}

// A function that is never called because the executor keeps it: its operation is
// ended by Stop, others do not notice.
func TestExecutorThatNeverRuns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var kept func()
		e := newEngine(t, engine.Config{Shards: 1, Executor: func(run func()) { kept = run }})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second)
		require.NotNil(t, kept)
		for range 3 {
			_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
			require.NoError(t, err)
		}
		require.Equal(t, errNoPatience, e.Stop(patience(t, time.Second)))
		_, err := h.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		kept() // too late: it is told, and does nothing
	})
}

// Nobody is told at all: tags without a hook, handles that nobody waits for and
// functions that never end with Stop's context gone.
func TestAbsentSubscribers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Registry: engine.Discard})
		release := make(chan struct{})
		defer close(release)
		for n := range 1000 {
			_, err := e.Stage(&engine.Bid{Target: target(n / 3)})
			require.NoError(t, err)
			_ = submit(t, e, engine.Op{Target: target(n / 3), Priority: 1}, func(context.Context) (int, error) {
				if n == 0 {
					<-release
				}
				return n, nil
			})
		}
		pass(time.Second)
		s := e.Stats()
		require.EqualValues(t, 2000, s.Submitted)
		require.Equal(t, s.Submitted, s.Won+s.Rejected)
		require.Equal(t, s.Won, s.Completed+1)
		require.Zero(t, s.Incidents)
		require.Equal(t, errNoPatience, e.Stop(patience(t, time.Second)))
		require.EqualValues(t, 1, e.Stats().Stopped)
	})
}
