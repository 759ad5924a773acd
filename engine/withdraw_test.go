package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R13: giving up before the verdict, and not after.

var errChangedMyMind = errors.New("changed my mind")

// withdrawn checks that the error is a withdrawal with the cause.
func withdrawn(t *testing.T, err, cause error) {
	t.Helper()
	var w *engine.WithdrawnError
	require.ErrorAs(t, err, &w)
	require.ErrorIs(t, err, engine.ErrWithdrawn)
	require.Equal(t, cause, w.Cause)
}

// The best gives up, then the next best wins.
func TestNextBestWinsAfterWithdrawal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := context.WithCancelCause(background)
		began := time.Now()
		op := func(p engine.Priority) engine.Op { return engine.Op{Target: target(1), Priority: p, Name: p.String()} }
		low := doInBackground(background, e, op(engine.Low), answer(engine.Low))
		best := doInBackground(ctx, e, op(engine.Critical), answer(engine.Critical))
		bestToo, err := engine.Submit(ctx, e, op(engine.Critical), answer(engine.Critical))
		require.NoError(t, err)
		normal := doInBackground(background, e, op(engine.Normal), answer(engine.Normal))
		time.Sleep(99 * time.Millisecond)
		cancel(errChangedMyMind)

		_, err = best.wait()
		withdrawn(t, err, errChangedMyMind)
		_, err = bestToo.Wait(background)
		withdrawn(t, err, errChangedMyMind)
		require.Equal(t, 99*time.Millisecond, time.Since(began), "at once")
		_, err = normal.wait()
		require.NoError(t, err)
		_, err = low.wait()
		require.Equal(t, "normal", lost(t, err).Winner.Name)
		require.Equal(t, 2, lost(t, err).Contenders)
		pass(0) // the look that told them has ended
		require.EqualValues(t, 2, e.Stats().Withdrawn)
	})
}

func TestAllWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		decided := 0
		e := newEngine(t, engine.Config{Shards: 1, Decided: func(batch []engine.Decision) { decided += len(batch) }})
		ctx, cancel := context.WithCancel(background)
		var calls []*called[int]
		for range 10 {
			calls = append(calls, doInBackground(ctx, e, engine.Op{Target: target(1)}, answer(1)))
		}
		cancel()
		for _, c := range calls {
			_, err := c.wait()
			withdrawn(t, err, context.Canceled)
		}
		require.Equal(t, 1, e.Stats().Windows)
		pass(time.Second)
		s := e.Stats()
		require.Zero(t, decided)
		require.Zero(t, s.Won)
		require.Zero(t, s.Windows)
		require.EqualValues(t, 10, s.Withdrawn)
		goesOn(t, e)
	})
}

// A context that ends at the same virtual moment as the window is either in
// time or not, but never both.
func TestDeadlineAtTheClose(t *testing.T) {
	for offset := -2 * time.Nanosecond; offset <= 2; offset++ {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{})
			ctx, cancel := context.WithTimeout(background, 100*time.Millisecond+offset)
			defer cancel()
			ran := false
			_, err := engine.Do(ctx, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { ran = true; return 0, nil })
			require.Equal(t, ran, err == nil)
			if offset != 0 {
				require.Equal(t, offset > 0, ran)
			}
		})
	}
}

// After the verdict the context only reaches the function.
func TestContextThatEndsAfterTheVerdict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		fn := func(ctx context.Context) (string, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			return "finished", nil
		}
		ctx, cancel := context.WithTimeout(background, time.Second)
		defer cancel()
		do := doInBackground(ctx, e, engine.Op{Target: target(1)}, fn)
		h, err := engine.Submit(ctx, e, engine.Op{Target: target(2)}, fn)
		require.NoError(t, err)
		got, err := do.wait()
		require.NoError(t, err)
		require.Equal(t, "finished", got)
		got, err = h.Wait(background)
		require.NoError(t, err)
		require.Equal(t, "finished", got)
		require.Zero(t, e.Stats().Withdrawn)
	})
}

func TestContextIsDoneAlready(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := context.WithCancelCause(background)
		cancel(errChangedMyMind)
		for _, op := range []engine.Op{{Target: target(1)}, {}} {
			_, err := engine.Do(ctx, e, op, answer(1))
			withdrawn(t, err, errChangedMyMind)
			require.ErrorIs(t, err, errChangedMyMind)
			h, err := engine.Submit(ctx, e, op, answer(1))
			withdrawn(t, err, errChangedMyMind)
			require.Nil(t, h)
			_, err = e.Contend(ctx, op)
			withdrawn(t, err, errChangedMyMind)
		}
		require.Zero(t, e.Stats().Submitted)
		require.EqualValues(t, 6, e.Stats().Refused)
	})
}

func TestHandleWithdraw(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		best := submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer("best"))
		second := submit(t, e, engine.Op{Target: target(1)}, answer("second"))
		require.True(t, best.Withdraw())
		require.False(t, best.Withdraw())
		<-best.Done()
		_, err := best.Wait(background)
		withdrawn(t, err, nil)
		got, err := second.Wait(background)
		require.NoError(t, err)
		require.Equal(t, "second", got)
		require.False(t, second.Withdraw(), "too late")
		require.False(t, best.Withdraw())
	})
}

// The wait has a context of its own; the operation goes on without it.
func TestHandleWaitGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		ctx, cancel := context.WithTimeoutCause(background, time.Millisecond, errChangedMyMind)
		defer cancel()
		_, err := h.Wait(ctx)
		require.Equal(t, errChangedMyMind, err)
		got, err := h.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 1, got)
	})
}

func TestTicketWithdraw(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		one, two := newContender("one"), newContender("two")
		one.Withdrawable = true
		require.False(t, one.Withdraw(), "not staged")
		stage(t, e, one, engine.Bid{Target: target(1), Priority: 1})
		stage(t, e, two, engine.Bid{Target: target(1)})
		require.False(t, two.Withdraw(), "not withdrawable")
		require.True(t, one.InUse())
		require.True(t, one.Withdraw())
		require.True(t, one.InUse(), "until the window closes")
		_, err := e.Stage(&engine.Bid{Target: target(2), Ticket: &one.Ticket})
		require.ErrorIs(t, err, engine.ErrInvalid)
		pass(time.Second)
		require.False(t, one.InUse())
		require.Zero(t, one.told)
		require.Equal(t, engine.Won, two.outcome(t).Outcome)

		stage(t, e, one, engine.Bid{Target: target(1)}) // once more
		pass(time.Second)
		require.Equal(t, engine.Won, one.outcome(t).Outcome)
	})
}

func TestContendWithdrawn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		defer cancel()
		_, err := e.Contend(ctx, engine.Op{Target: target(1)})
		withdrawn(t, err, context.DeadlineExceeded)
		require.Zero(t, e.Registry().(*engine.Memory).Len())
	})
}
