package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The scenarios of the system that this one replaces, with the events that each gives.

// newWatched makes an engine whose events are collected, none being dropped.
func newWatched(t *testing.T) (*engine.Engine, *chronicle) {
	t.Helper()
	events := &chronicle{}
	e := newEngine(t, engine.Config{Hooks: events.hooks(), EventBuffer: 1 << 17})
	t.Cleanup(func() { require.Zero(t, e.Stats().EventsDropped) })
	return e, events
}

// adding returns a function that adds to a value and returns the sum.
func adding(value *int, n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		*value += n
		return *value, nil
	}
}

func TestSingleOperationRuns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		value := 10
		got, err := engine.Do(background, e, engine.Op{Target: target(1), Name: "+1"}, adding(&value, 1))
		require.NoError(t, err)
		require.Equal(t, 11, got)
		require.Equal(t, 11, value)
		require.Equal(t, []string{"staged +1", "started +1", "completed +1"}, events.lines())
	})
}

func TestHighBeatsLow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		value := 100
		low := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Low, Name: "low"}, adding(&value, 1))
		high := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.High, Name: "high"}, adding(&value, 10))
		got, err := high.wait()
		require.NoError(t, err)
		require.Equal(t, 110, got)
		_, err = low.wait()
		require.Equal(t, engine.High, lost(t, err).Winner.Priority)
		require.Equal(t, 110, value)
		require.Equal(t, []string{
			"staged low", "staged high", "conflict high", "rejected low", "started high", "completed high",
		}, events.lines())
	})
}

func TestLifecycle(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		try := func() error {
			_, err := engine.Do(background, e, engine.Op{Target: target(1), Name: "a"}, answer(1))
			return err
		}
		require.NoError(t, try())
		require.NoError(t, e.Stop(background))
		require.ErrorIs(t, try(), engine.ErrStopped)
		e.Start()
		require.NoError(t, try())
		require.NoError(t, e.Stop(background))
		require.ErrorIs(t, try(), engine.ErrStopped)
		require.EqualValues(t, 2, e.Stats().Completed)
		require.Equal(t, []string{
			"staged a", "started a", "completed a", "staged a", "started a", "completed a",
		}, events.lines())
	})
}

func TestHundredOperationsOnOneEntity(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		value, won, rejected := 0, 0, 0
		var handles []*engine.Handle[int]
		for range 100 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(1), Priority: engine.Normal}, adding(&value, 1)))
		}
		for _, h := range handles {
			_, err := h.Wait(background)
			switch {
			case err == nil:
				won++
			case errors.Is(err, engine.ErrRejected):
				rejected++
			}
		}
		require.Equal(t, 1, won)
		require.Equal(t, 99, rejected)
		require.Equal(t, 1, value)
		require.Equal(t, map[engine.EventKind]int{
			engine.EventStaged: 100, engine.EventConflict: 1, engine.EventRejected: 99, engine.EventStarted: 1, engine.EventCompleted: 1,
		}, events.requireEnded(t))
		require.Equal(t, "100 staged, 1 conflict, 99 rejected, 1 started, 1 completed", events.courses()[target(1)])
	})
}

func TestCriticalBeatsAllOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		var calls []*called[string]
		for _, p := range []engine.Priority{engine.Low, engine.Normal, engine.High, engine.Critical} {
			calls = append(calls, doInBackground(background, e, engine.Op{Target: target(1), Priority: p, Name: p.String()}, answer(p.String())))
		}
		winner, err := calls[3].wait()
		require.NoError(t, err)
		require.Equal(t, "critical", winner)
		for _, c := range calls[:3] {
			_, err := c.wait()
			require.Equal(t, engine.Critical, lost(t, err).Winner.Priority)
			require.Equal(t, 4, lost(t, err).Contenders)
		}
		require.Equal(t, []string{
			"staged low", "staged normal", "staged high", "staged critical", "conflict critical",
			"rejected low", "rejected normal", "rejected high", "started critical", "completed critical",
		}, events.lines())
	})
}

func TestRunningLowIsNotDisturbedByLaterCritical(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		low := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Low, Name: "low"},
			func(ctx context.Context) (time.Time, error) {
				time.Sleep(time.Second)
				return time.Now(), ctx.Err()
			})
		time.Sleep(200 * time.Millisecond)
		require.Equal(t, 1, e.Stats().Running)
		critical, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.Critical, Name: "critical"},
			func(context.Context) (time.Time, error) { return time.Now(), nil })
		require.NoError(t, err)
		ended, err := low.wait()
		require.NoError(t, err)
		require.True(t, critical.Before(ended), "the critical one waited for the running one")
		require.Equal(t, []string{
			"staged low", "started low", "staged critical", "started critical", "completed critical", "completed low",
		}, events.lines())
	})
}

func TestFirstSubmittedWinsAmongEquals(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		var firsts []*engine.Handle[int]
		for i := range 100 {
			for n := range 10 {
				h := submit(t, e, engine.Op{Target: target(i), Priority: engine.Normal, Name: fmt.Sprint(i, " ", n)}, answer(n))
				if n == 0 {
					firsts = append(firsts, h)
				}
			}
		}
		for i, h := range firsts {
			_, err := h.Wait(background)
			require.NoError(t, err, "target %d", i)
		}
		require.EqualValues(t, 900, e.Stats().Rejected)
		n := events.requireEnded(t)
		require.Equal(t, 100, n[engine.EventConflict])
		require.Equal(t, 900, n[engine.EventRejected])
		courses := events.courses()
		for i := range firsts {
			require.Equal(t, "10 staged, 1 conflict, 9 rejected, 1 started, 1 completed", courses[target(i)])
		}
		for _, ev := range events.all() {
			if ev.Kind == engine.EventConflict || ev.Kind == engine.EventStarted || ev.Kind == engine.EventCompleted {
				require.Regexp(t, " 0$", ev.Name, "the first of its target")
			}
		}
	})
}

func TestFiftyOperationsOverFiveTargets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				engine.Do(background, e, engine.Op{Target: target(i % 5), Priority: engine.Priority(i % 3)}, answer(i))
			})
		}
		wg.Wait()
		s := e.Stats()
		require.EqualValues(t, 50, s.Submitted)
		require.EqualValues(t, 5, s.Completed)
		require.Equal(t, s.Submitted, s.Completed+s.Rejected)
		n := events.requireEnded(t)
		require.Equal(t, 50, n[engine.EventStaged])
		require.Equal(t, 5, n[engine.EventConflict])
		require.Equal(t, 5, n[engine.EventCompleted])
		for i := range 5 {
			require.Equal(t, "10 staged, 1 conflict, 9 rejected, 1 started, 1 completed", events.courses()[target(i)])
		}
	})
}

// The brutality run: all of 30,000 operations are accounted for, none failed.
func TestBrutality(t *testing.T) {
	const operations, batch = 30_000, 100
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		var wg sync.WaitGroup
		var completed, rejected, other atomic.Uint64
		for i := range operations {
			wg.Go(func() {
				_, err := engine.Do(background, e, engine.Op{Target: target(i % 3), Priority: engine.Priority(i % 11)}, answer(i))
				switch {
				case err == nil:
					completed.Add(1)
				case errors.Is(err, engine.ErrRejected):
					rejected.Add(1)
				default:
					other.Add(1)
				}
			})
			if i%batch == batch-1 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		wg.Wait()
		s := e.Stats()
		require.Zero(t, other.Load())
		require.Zero(t, s.Failed)
		require.EqualValues(t, operations, completed.Load()+rejected.Load())
		require.EqualValues(t, operations, s.Submitted)
		require.Equal(t, completed.Load(), s.Completed)
		require.Equal(t, rejected.Load(), s.Rejected)
		n := events.requireEnded(t)
		require.Equal(t, operations, n[engine.EventStaged])
		require.EqualValues(t, s.Conflicts, n[engine.EventConflict])
		require.EqualValues(t, s.Rejected, n[engine.EventRejected])
		decided := events.courses(engine.EventStaged) // for the next window, at any time
		for i := range 3 {
			require.Regexp(t, `^((1 conflict, \d+ rejected, )?1 started, 1 completed(, |$))+$`, decided[target(i)])
		}
	})
}

func TestNothingOfARejectedOperationInTheRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, events := newWatched(t)
		keys := map[uuid.UUID]error{}
		handles := map[uuid.UUID]*engine.Handle[int]{}
		for i := range 60 {
			op := engine.Op{Target: target(i % 6), Priority: engine.Priority(i % 7), ID: uuid.New(), Name: fmt.Sprint("op ", i)}
			handles[op.ID] = submit(t, e, op, answer(i))
		}
		for key, h := range handles {
			_, keys[key] = h.Wait(background)
		}
		synctest.Wait()
		memory := e.Registry().(*engine.Memory)
		require.Equal(t, 6, memory.Len())
		for entry := range memory.All() {
			err, known := keys[entry.Key]
			require.True(t, known)
			require.NoError(t, err, "%s is in the registry", entry.Name)
		}
		for _, err := range keys {
			if err != nil {
				winner, ok := memory.Get(lost(t, err).Winner.EntryID)
				require.True(t, ok)
				require.Equal(t, lost(t, err).Winner.Name, winner.Name)
			}
		}
		events.requireEnded(t)
		for i := range 6 {
			require.Equal(t, "10 staged, 1 conflict, 9 rejected, 1 started, 1 completed", events.courses()[target(i)])
		}
		for _, ev := range events.all() {
			if ev.Kind == engine.EventRejected || ev.Kind == engine.EventStaged {
				require.Zero(t, ev.EntryID, "only winners have one")
			}
		}
	})
}
