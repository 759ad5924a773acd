package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Rules.Preempt: a running winner is asked to make way.

var preempting = engine.Rules{Exclusive: true, Decisive: engine.Critical, Preempt: true}

// yielding returns a function that runs until its context ends, and a while
// longer, and returns when and why that was.
func yielding(longer time.Duration) func(context.Context) (error, error) {
	return func(ctx context.Context) (error, error) {
		<-ctx.Done()
		time.Sleep(longer)
		return context.Cause(ctx), nil
	}
}

func TestPreemptCancelsTheRunningWinner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var hooked []engine.Preemption
		e := newEngine(t, engine.Config{
			Shards: 1, Rules: preempting,
			Preempted: func(batch []engine.Preemption) { hooked = append(hooked, batch...) },
		})
		critical := engine.Op{Target: target(1), Priority: engine.Critical}
		for _, way := range []string{"Do", "Submit", "Folding"} {
			var running *called[error]
			switch op := (engine.Op{Target: target(1), Priority: engine.High}); way {
			case "Do":
				running = doInBackground(background, e, op, yielding(time.Second))
			case "Submit":
				running = inBackground(func() (error, error) { return submit(t, e, op, yielding(time.Second)).Wait(background) })
			case "Folding":
				f, err := engine.NewFolding(e, func(a, _ int) int { return a },
					func(ctx context.Context, _ int) (error, error) { return yielding(time.Second)(ctx) })
				require.NoError(t, err)
				running = inBackground(func() (error, error) { return f.Do(background, op, 1) })
			}
			time.Sleep(10 * time.Second)
			beside := submit(t, e, engine.Op{Target: target(2), Priority: engine.Critical}, answer(1))
			high := submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
			pass(10 * time.Second)
			require.Equal(t, 1, e.Stats().Running, "what is not decisive waits")
			began := time.Now()
			var handles []*engine.Handle[uint64]
			for range 3 {
				handles = append(handles, submit(t, e, critical, sleeping(0)))
			}
			cause, err := running.wait()
			require.NoError(t, err)
			require.Equal(t, engine.ErrPreempted, cause)
			require.Equal(t, time.Second, time.Since(began).Truncate(time.Millisecond))
			_, err = handles[0].Wait(background)
			require.NoError(t, err)
			require.Equal(t, time.Second, time.Since(began).Truncate(10*time.Millisecond), "begins when the other ended")
			_, err = high.Wait(background)
			require.Equal(t, engine.Critical, lost(t, err).Winner.Priority)
			_, err = beside.Wait(background)
			require.NoError(t, err)
			require.Len(t, hooked, 1, "once")
			require.Equal(t, target(1), hooked[0].Target)
			hooked = nil
			pass(time.Second)
		}
	})
}

// The decisive one may arrive when the winner's goroutine has not begun.
func TestPreemptBeforeTheWinnerBegins(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var waiting []func()
		e := newEngine(t, engine.Config{Shards: 1, Rules: preempting, Executor: func(run func()) { waiting = append(waiting, run) }})
		var causes []error
		late := submit(t, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			causes = append(causes, context.Cause(ctx))
			return 1, nil
		})
		pass(time.Second)
		require.Len(t, waiting, 1)
		critical := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, func(ctx context.Context) (int, error) {
			return 2, ctx.Err()
		})
		pass(time.Second)
		go waiting[0]()
		_, err := late.Wait(background)
		require.NoError(t, err)
		require.Equal(t, []error{engine.ErrPreempted}, causes)
		_, err = critical.wait()
		require.NoError(t, err, "its own context is not cancelled")
	})
}

// Winners of Contend and Stage are told through the hook.
func TestPreemptedHook(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		var hooked []engine.Preemption
		e = newEngine(t, engine.Config{Shards: 1, Rules: preempting, Preempted: func(batch []engine.Preemption) {
			hooked = append(hooked, batch...)
			for _, p := range batch {
				e.Release(p.Target, p.Token) // makes way at once
			}
		}})
		win, err := e.Contend(background, engine.Op{Target: target(1)})
		require.NoError(t, err)
		began := time.Now()
		token, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, sleeping(0))
		require.NoError(t, err)
		require.Equal(t, []engine.Preemption{{Target: target(1), Token: win.Token}}, hooked)
		require.Greater(t, token, win.Token)
		require.Less(t, time.Since(began), 2*time.Millisecond)
		win.Finish(nil)
	})
}

// A hook that panics is an incident, and nothing else.
func TestPreemptedHookPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: preempting, Preempted: func([]engine.Preemption) { panic("no") }})
		running := doInBackground(background, e, engine.Op{Target: target(1)}, yielding(0))
		time.Sleep(time.Second)
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(1))
		require.NoError(t, err)
		cause, _ := running.wait()
		require.Equal(t, engine.ErrPreempted, cause)
		require.EqualValues(t, 1, e.Stats().Incidents)
	})
}

// A winner that a restart left running is preempted by the next generation.
func TestPreemptAfterRestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, preempting)
		running := doInBackground(background, e, engine.Op{Target: target(1)}, yielding(0))
		time.Sleep(time.Second)
		require.Equal(t, errNoPatience, e.Restart(impatient()))
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(1))
		require.NoError(t, err)
		cause, err := running.wait()
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		require.Equal(t, engine.ErrPreempted, cause)
	})
}

// The decisive one may arrive in the same look that names the winner.
func TestPreemptOfAWinnerNamedLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		rules := preempting
		rules.Size = 1
		var hooked []engine.Preemption
		var e *engine.Engine
		e = newEngine(t, engine.Config{Shards: 1, Rules: rules, Preempted: func(batch []engine.Preemption) {
			hooked = append(hooked, batch...)
			for _, p := range batch {
				e.Release(p.Target, p.Token)
			}
		}})
		first, second := newContender(""), newContender("")
		bids := e.NewBatch(8)
		require.NoError(t, bids.Add(&engine.Bid{Target: target(1), Ticket: &first.Ticket}))
		require.NoError(t, bids.Add(&engine.Bid{Target: target(1), Ticket: &second.Ticket, Priority: engine.Critical}))
		require.NoError(t, bids.Flush())
		pass(time.Second)
		require.Equal(t, []engine.Preemption{{Target: target(1), Token: first.outcome(t).Token}}, hooked)
		v := second.outcome(t)
		require.Equal(t, engine.Won, v.Outcome)
		e.Release(v.Target, v.Token)
	})
}

// The newcomer that preempts may be a loser of the winner's own group, which tries again
// before the winner is told.
func TestPreemptedByALoserOfItsOwnGroup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: preempting})
		op := engine.Op{Target: target(1), Priority: engine.Critical - 1}
		winner := submit(t, e, op, func(ctx context.Context) (error, error) {
			select {
			case <-ctx.Done():
				return context.Cause(ctx), nil
			case <-time.After(time.Hour):
				return nil, nil
			}
		})
		op.Retry = engine.Retry{Limit: 1, Step: 1}
		loser := submit(t, e, op, answer(1))
		cause, err := winner.Wait(background)
		require.NoError(t, err)
		require.Equal(t, engine.ErrPreempted, cause)
		_, err = loser.Wait(background)
		require.NoError(t, err)
	})
}
