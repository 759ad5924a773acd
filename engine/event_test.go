package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestEventsOfAConflict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Name: "test", Hooks: c.hooks()})
		low := engine.Op{Target: target(1), Priority: engine.Low, Name: "low", Type: "heal", ID: uuid.New()}
		high := engine.Op{Target: target(1), Priority: engine.High, Name: "high", Type: "hit", ID: uuid.New()}
		began := time.Now()
		a := doInBackground(background, e, low, answer(1))
		b := submit(t, e, high, func(context.Context) (int, error) { time.Sleep(time.Second); return 2, nil })
		_, err := b.Wait(background)
		require.NoError(t, err)
		_, err = a.wait()
		entry := lost(t, err).Winner.EntryID
		require.Equal(t, []string{
			"staged low", "staged high", "conflict high", "rejected low", "started high", "completed high",
		}, c.lines())
		c.requireOrdered(t)

		all := c.all()
		staged, conflict, rejected, completed := all[0], all[2], all[3], all[5]
		require.Equal(t, "test", staged.Process)
		require.Equal(t, low.ID, staged.ID)
		require.Equal(t, "heal", staged.Type)
		require.Equal(t, low.Target, staged.Target)
		require.Equal(t, engine.Low, staged.Priority)
		require.Zero(t, staged.EntryID)
		require.True(t, staged.Time.Equal(began), "%v", staged.Time)

		require.Equal(t, 2, conflict.Contenders)
		require.Equal(t, b.ID(), conflict.Op)
		require.Equal(t, entry, conflict.EntryID)

		require.Equal(t, low.ID, rejected.ID)
		require.Equal(t, "lost pre-ECS priority conflict (priority 2 vs winner 8)", rejected.Reason())
		require.Equal(t, engine.Winner{ID: b.ID(), EntryID: entry, Name: "high", Priority: engine.High}, rejected.Winner)
		require.True(t, rejected.Time.Equal(began.Add(100*time.Millisecond)), "%v", rejected.Time.Sub(began))

		require.Equal(t, entry, completed.EntryID)
		require.Equal(t, high.ID, completed.ID)
		require.Equal(t, "hit", completed.Type)
		require.Equal(t, time.Second, completed.Execution)
		require.Equal(t, 2, completed.Contenders)
	})
}

func TestEventsOfALoneOperation(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Name: "a"}, answer(1))
		require.NoError(t, err)
		require.Equal(t, []string{"staged a", "started a", "completed a"}, c.lines())
	})
}

func TestEventsOfFailures(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Shards: 1, Hooks: c.hooks()})
		cause := errors.New("broken")
		for n, f := range []func(context.Context) (int, error){
			func(context.Context) (int, error) { return 0, cause },
			func(context.Context) (int, error) { panic("broken") },
		} {
			_, err := engine.Do(background, e, engine.Op{Target: target(n), Name: "a"}, f)
			require.ErrorIs(t, err, engine.ErrFailed)
		}
		require.Equal(t, []string{"staged a", "started a", "failed a", "staged a", "started a", "failed a"}, c.lines())
		failed := c.all()[2]
		require.Equal(t, cause, failed.Err)
		require.Equal(t, "function execution failed: broken", failed.Reason())
		c.requireEnded(t)
	})
}

func TestEventsOfWithdrawals(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		ctx, cancel := context.WithCancel(background)
		a := doInBackground(ctx, e, engine.Op{Target: target(1), Name: "a", Type: "kind"}, answer(1))
		h := submit(t, e, engine.Op{Target: target(1), Name: "b"}, answer(1))
		cancel()
		require.True(t, h.Withdraw())
		_, err := a.wait()
		require.ErrorIs(t, err, engine.ErrWithdrawn)
		pass(time.Second)
		require.Equal(t, []string{"staged a", "staged b", "withdrawn a", "withdrawn b"}, c.lines())
		require.Equal(t, "kind", c.all()[2].Type)
		c.requireEnded(t)
	})
}

func TestEventsOfRetries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		again := submit(t, e, engine.Op{Target: target(1), Name: "again", Retry: engine.Retry{Limit: 3}}, answer(1))
		submit(t, e, engine.Op{Target: target(1), Priority: engine.High, Name: "high"}, answer(1))
		_, err := again.Wait(background)
		require.NoError(t, err)
		require.Equal(t, []string{
			"staged again", "staged high", "conflict high", "retried again", "started high", "completed high",
			"started again", "completed again",
		}, c.lines())
		require.Equal(t, 1, c.all()[3].Retries)
		require.Equal(t, "high", c.all()[3].Winner.Name)
		require.Equal(t, 1, c.all()[7].Retries)
		c.requireEnded(t)
	})
}

// Without a pause, a window that is closed at once lets an operation lose, try again
// and win within one look.
func TestEventsOfARetryWithinALook(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks(), Rules: engine.Rules{Size: 2}})
		for range 3 {
			submit(t, e, engine.Op{Target: target(1), Name: "again", Retry: engine.Retry{Limit: 9}}, answer(1))
		}
		pass(time.Second)
		require.Equal(t, 3, c.requireEnded(t)[engine.EventCompleted])
	})
}

func TestEventsOfStopping(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks(), Executor: engine.Bounded(1)})
		release := make(chan struct{})
		endless := func(context.Context) (int, error) { <-release; return 0, nil }
		submit(t, e, engine.Op{Target: target(1), Name: "running"}, endless)
		submit(t, e, engine.Op{Target: target(2), Name: "queued"}, endless)
		pass(time.Second)
		submit(t, e, engine.Op{Target: target(3), Name: "staged"}, endless)
		ctx, cancel := context.WithCancel(background)
		cancel()
		require.ErrorIs(t, e.Stop(ctx), context.Canceled)
		require.Equal(t, map[engine.EventKind]int{
			engine.EventStaged: 3, engine.EventStarted: 1, engine.EventStopped: 3,
		}, c.requireEnded(t))
		close(release)
		synctest.Wait()
		require.Equal(t, 7, len(c.all()), "what ends after Stop has had its event")
		require.Zero(t, e.Stats().EventsDropped)
	})
}

func TestEventsOfTheLeanPath(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		a := stage(t, e, newContender("a"), engine.Bid{Target: target(1), Priority: engine.Low})
		b := stage(t, e, newContender("b"), engine.Bid{Target: target(1), Priority: engine.High})
		batch := e.NewBatch(2)
		require.NoError(t, batch.Add(&engine.Bid{Target: target(2), Tag: 77}))
		require.NoError(t, batch.Flush())
		pass(time.Second)
		c.requireOrdered(t)
		byOp := make(map[engine.OpID][]engine.EventKind)
		for _, ev := range c.all() {
			byOp[ev.Op] = append(byOp[ev.Op], ev.Kind)
			require.True(t, ev.Bid, "%v", ev)
		}
		require.Equal(t, []engine.EventKind{engine.EventStaged, engine.EventRejected}, byOp[a])
		require.Equal(t, []engine.EventKind{engine.EventStaged, engine.EventConflict, engine.EventStarted}, byOp[b])
		require.Len(t, byOp, 3)
		for op, kinds := range byOp {
			if op != a && op != b {
				require.EqualValues(t, 77, op.Sequence)
				require.Equal(t, []engine.EventKind{engine.EventStaged, engine.EventStarted}, kinds)
			}
		}
	})
}

func TestEventsOfContend(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		win, err := e.Contend(background, engine.Op{Target: target(1), Name: "a", Type: "kind"})
		require.NoError(t, err)
		time.Sleep(time.Second)
		win.Finish(errors.New("broken"))
		win.Finish(nil)
		require.Equal(t, []string{"staged a", "started a", "failed a"}, c.lines())
		for _, ev := range c.all() {
			require.False(t, ev.Bid, "%v", ev)
		}
		require.Equal(t, time.Second, c.all()[2].Execution)
		require.Equal(t, "kind", c.all()[2].Type)
		require.Equal(t, win.ID, c.all()[2].EntryID)
	})
}

// An executor that panics: its winner has started and failed.
func TestEventsOfAnExecutorThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks(), Executor: func(func()) { panic(errBadLuck) }})
		h := submit(t, e, engine.Op{Target: target(1), Name: "a"}, answer(1))
		_, err := h.Wait(background)
		require.ErrorIs(t, err, errBadLuck)
		pass(time.Second)
		require.Equal(t, []string{"staged a", "started a", "failed a"}, c.lines())
	})
}

// How long a function ran does not count how long the registry took.
func TestExecutionIsWithoutTheRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		slow := stopReg{engine.Discard, func() { time.Sleep(time.Hour) }}
		e := newEngine(t, engine.Config{Hooks: c.hooks(), Registry: slow})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		})
		require.NoError(t, err)
		pass(time.Second)
		win, err := e.Contend(background, engine.Op{Target: target(1)})
		require.NoError(t, err)
		time.Sleep(time.Second)
		win.Finish(nil)
		pass(time.Second)
		for _, ended := range []engine.Event{c.all()[2], c.all()[5]} {
			require.Equal(t, engine.EventCompleted, ended.Kind)
			require.Equal(t, time.Second, ended.Execution)
		}
	})
}

func TestEventsOfFolds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		sum, err := engine.NewFolding(e, func(a, b int) int { return a + b },
			func(_ context.Context, n int) (int, error) { return n, nil })
		require.NoError(t, err)
		a := inBackground(func() (int, error) {
			return sum.Do(background, engine.Op{Target: target(1), Name: "a", Type: "kind"}, 1)
		})
		b := inBackground(func() (int, error) { return sum.Do(background, engine.Op{Target: target(1), Name: "b"}, 2) })
		for _, call := range []*called[int]{a, b} {
			n, err := call.wait()
			require.NoError(t, err)
			require.Equal(t, 3, n)
		}
		require.Equal(t, []string{"staged a", "staged b", "conflict a", "folded b", "started a", "completed a"}, c.lines())
		require.Equal(t, "kind", c.all()[5].Type)
		c.requireEnded(t)
	})
}

// What is told apart from a decision: without a conflict, and why.
func TestEventsOfDismissals(t *testing.T) {
	for name, test := range map[string]struct {
		config engine.Config
		before func(*testing.T, *engine.Engine)
		after  func(*testing.T, *engine.Engine)
		reason string
	}{
		"masked": {
			before: func(t *testing.T, e *engine.Engine) {
				_, err := e.Lock(background, engine.LockConfig{Target: target(1), Below: engine.High, Name: "siege", For: time.Minute})
				require.NoError(t, err)
			},
			reason: `masked by the lock "siege" (priority 2 is too low)`,
		},
		"displaced": {
			config: engine.Config{Shards: 1, MaxStaged: 1, Overload: engine.DisplaceLowest},
			after: func(t *testing.T, e *engine.Engine) {
				synctest.Wait()
				submit(t, e, engine.Op{Target: target(2), Priority: engine.High, Name: "b"}, answer(1))
			},
			reason: "made room for operations of higher rank than priority 2",
		},
		"early": {
			config: engine.Config{Rules: engine.Rules{Early: true}},
			after: func(t *testing.T, e *engine.Engine) {
				submit(t, e, engine.Op{Target: target(1), Priority: engine.High, Name: "b"}, answer(1))
			},
			reason: "lost pre-ECS priority conflict (priority 2 vs winner 8)",
		},
		"cleared": {
			after: func(t *testing.T, e *engine.Engine) {
				synctest.Wait()
				_, err := e.Clear(background, target(1))
				require.NoError(t, err)
			},
			reason: "the target was cleared",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var c chronicle
				test.config.Hooks = c.hooks()
				e := newEngine(t, test.config)
				if test.before != nil {
					test.before(t, e)
				}
				h := submit(t, e, engine.Op{Target: target(1), Priority: engine.Low, Name: "a"}, answer(1))
				if test.after != nil {
					test.after(t, e)
				}
				_, err := h.Wait(background)
				require.Error(t, err)
				pass(time.Second)
				c.requireEnded(t)
				var reasons []string
				for _, ev := range c.all() {
					if ev.Kind == engine.EventRejected {
						require.Equal(t, h.ID(), ev.Op)
						reasons = append(reasons, ev.Reason())
					}
				}
				require.Equal(t, []string{test.reason}, reasons)
			})
		})
	}
}

func TestEventsOfAPolicyThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks(), Rules: engine.Rules{
			Choose: func([]engine.Standing) int { panic("broken") },
		}})
		submit(t, e, engine.Op{Target: target(1), Name: "a"}, answer(1))
		submit(t, e, engine.Op{Target: target(1), Name: "b"}, answer(1))
		pass(time.Second)
		require.Equal(t, []string{"staged a", "staged b", "failed a", "failed b"}, c.lines())
		require.Contains(t, c.all()[2].Reason(), "could not be decided: ")
		require.Contains(t, c.all()[2].Reason(), "broken")
		c.requireEnded(t)
	})
}
