package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Rules.Early: who lost is told before the window closes.

func TestEarlyLoserIsToldAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var hooked []engine.Dismissal
		e := newEngine(t, engine.Config{
			Shards: 1, Rules: engine.Rules{Early: true},
			Dismissed: func(batch []engine.Dismissal) { hooked = append(hooked, batch...) },
		})
		began := time.Now()
		op := func(name string, p engine.Priority) engine.Op {
			return engine.Op{Target: target(1), Name: name, Priority: p, Window: time.Hour}
		}
		leader := submit(t, e, op("leader", engine.High), answer("leader"))
		time.Sleep(time.Minute)
		_, doErr := engine.Do(background, e, op("do", engine.Low), answer("?"))
		_, contendErr := e.Contend(background, op("contend", engine.Normal))
		_, submitErr := submit(t, e, op("submit", engine.High), answer("?")).Wait(background)
		wrapped, err := engine.Wrap(e, engine.Wrapping[*player]{Op: op("wrap", 0)},
			func(context.Context, *player) (string, error) { return "?", nil })
		require.NoError(t, err)
		_, wrapErr := wrapped(background, &player{id: target(1)})
		ticket := newContender("ticket")
		stage(t, e, ticket, engine.Bid{Target: target(1)})
		pass(0)
		for i, err := range []error{doErr, contendErr, submitErr, wrapErr} {
			rejected := lost(t, err)
			require.True(t, rejected.Early)
			require.Equal(t, engine.Winner{ID: leader.ID(), Name: "leader", Priority: engine.High}, rejected.Winner)
			require.Equal(t, 2+i, rejected.Contenders, "so far")
			require.Equal(t, time.Minute, rejected.Age)
			require.Zero(t, rejected.Rank)
			require.Contains(t, rejected.Explain(), "told early, 1m0s after the window opened")
		}
		v := ticket.outcome(t)
		require.True(t, v.Early)
		require.Equal(t, engine.Lost, v.Outcome)
		require.LessOrEqual(t, time.Since(began), time.Minute+time.Millisecond)
		require.Equal(t, 1, e.Stats().Staged, "only the leader is kept")

		best := submit(t, e, op("best", engine.Critical), answer("best"))
		_, err = leader.Wait(background)
		require.Equal(t, "best", lost(t, err).Winner.Name)
		require.LessOrEqual(t, time.Since(began), time.Minute+time.Millisecond)
		got, err := best.Wait(background)
		require.NoError(t, err)
		require.Equal(t, "best", got)
		require.Equal(t, time.Hour, time.Since(began))
		require.EqualValues(t, 6, e.Stats().Early)
		require.EqualValues(t, 6, e.Stats().Rejected)
		require.EqualValues(t, 1, e.Stats().Conflicts)
		require.Len(t, hooked, 6)
		require.Equal(t, "leader", hooked[5].Op.Name(), "of a ticket that is the shard's for the call")
	})
}

// Who was told that it lost stays lost; runners-up are kept and move up.
func TestRunnersUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Early: true, RunnersUp: 2})
		var all []*engine.Handle[int]
		for i := range 5 {
			all = append(all, submit(t, e, engine.Op{Target: target(1), Priority: engine.Priority(i)}, answer(i)))
		}
		pass(time.Millisecond)
		for i, h := range all[:2] {
			_, err := h.Wait(background)
			require.True(t, lost(t, err).Early)
			require.EqualValues(t, i+3, lost(t, err).Winner.Priority, "who was ahead then")
		}
		require.Equal(t, 3, e.Stats().Staged)
		require.True(t, all[4].Withdraw())
		require.True(t, all[3].Withdraw())
		got, err := all[2].Wait(background)
		require.NoError(t, err)
		require.Equal(t, 2, got)
		pass(0) // the look that told them has ended
		require.EqualValues(t, 2, e.Stats().Rejected)
		require.EqualValues(t, 2, e.Stats().Withdrawn)
	})
}

// The leader that withdraws takes the window's winner with it: those that were
// told before do not come back.
func TestEarlyLeaderWithdraws(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Early: true})
		ctx, cancel := context.WithCancelCause(background)
		leader := doInBackground(ctx, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(2))
		require.True(t, lost(t, err).Early)
		cancel(errChangedMyMind)
		_, err = leader.wait()
		withdrawn(t, err, errChangedMyMind)
		began := time.Now()
		_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(3))
		require.NoError(t, err, "lower than the one that withdrew")
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.EqualValues(t, 1, e.Stats().Won)
	})
}

// Who may try again is not told, and stands behind the others.
func TestEarlyDoesNotEndRetries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Early: true})
		began := time.Now()
		leader := submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		again := engine.Op{Target: target(1), Retry: engine.Retry{Limit: 1}}
		h := submit(t, e, again, answer(2))
		_, err := h.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 200*time.Millisecond, time.Since(began))
		_, err = leader.Wait(background)
		require.NoError(t, err)

		leader = submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		h = submit(t, e, again, answer(2))
		pass(time.Millisecond)
		require.True(t, leader.Withdraw())
		win, err := h.Wait(background)
		require.NoError(t, err, "all others withdrew")
		require.Equal(t, 2, win)
		require.Equal(t, 300*time.Millisecond, time.Since(began))
		require.EqualValues(t, 1, e.Stats().Retried)
		require.Zero(t, e.Stats().Early)
	})
}
