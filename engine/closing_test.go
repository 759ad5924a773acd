package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Rules.Idle, Size and Decisive: windows that close before their time.

// every calls a blocking way to submit in each of the ways there are.
func every(t *testing.T, e *engine.Engine, op engine.Op, check func(t *testing.T, err error)) {
	t.Helper()
	_, err := engine.Do(background, e, op, answer(1))
	check(t, err)
	_, err = submit(t, e, op, answer(1)).Wait(background)
	check(t, err)
	win, err := e.Contend(background, op)
	check(t, err)
	if err == nil {
		win.Finish(nil)
	}
	wrapped, err := engine.Wrap(e, engine.Wrapping[*player]{Op: op}, func(context.Context, *player) (int, error) { return 1, nil })
	require.NoError(t, err)
	_, err = wrapped(background, &player{id: op.Target})
	check(t, err)
	folding, err := engine.NewFolding(e, func(a, b int) int { return a + b }, func(context.Context, int) (int, error) { return 1, nil })
	require.NoError(t, err)
	_, err = folding.Do(background, op, 1)
	check(t, err)
}

func TestLoneOperationWaitsForTheGapOnly(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Idle: 10 * time.Millisecond})
		began := time.Now()
		every(t, e, engine.Op{Target: target(1), Window: time.Hour}, func(t *testing.T, err error) {
			require.NoError(t, err)
			require.Equal(t, 10*time.Millisecond, time.Since(began))
			began = time.Now()
		})
		c := newContender("")
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		require.Equal(t, engine.Won, c.outcome(t).Outcome)
		require.Equal(t, 10*time.Millisecond, c.at.Sub(began))
	})
}

// Each arrival puts the close off, but not beyond the window's own length.
func TestIdleIsCountedFromTheLastArrival(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Idle: 10 * time.Millisecond})
		began := time.Now()
		first := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		time.Sleep(9 * time.Millisecond)
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(2))
		require.Equal(t, 2, lost(t, err).Contenders)
		require.Equal(t, 19*time.Millisecond, time.Since(began))
		_, err = first.Wait(background)
		require.NoError(t, err)

		var all []*engine.Handle[int]
		for range 20 { // never a gap as long
			all = append(all, submit(t, e, engine.Op{Target: target(1)}, answer(1)))
			time.Sleep(8 * time.Millisecond)
		}
		_, err = all[1].Wait(background)
		require.Equal(t, 100*time.Millisecond, lost(t, err).Age)
		require.Equal(t, 13, lost(t, err).Contenders)
		_, err = all[13].Wait(background)
		require.NoError(t, err)
	})
}

func TestSizeClosesAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Size: 3})
		began := time.Now()
		var all []*called[int]
		for i := range 5 {
			all = append(all, doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Priority(i)}, answer(i)))
		}
		got, err := all[2].wait()
		require.NoError(t, err)
		require.Equal(t, 2, got)
		_, err = all[0].wait()
		require.Equal(t, 3, lost(t, err).Contenders)
		require.LessOrEqual(t, time.Since(began), time.Millisecond)
		_, err = all[3].wait()
		require.Equal(t, 2, lost(t, err).Contenders, "the next window")
		require.Equal(t, 100*time.Millisecond, time.Since(began).Truncate(time.Millisecond))
		_, err = all[4].wait()
		require.NoError(t, err)
	})
}

func TestDecisiveClosesAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Decisive: engine.Critical})
		began := time.Now()
		high := submit(t, e, engine.Op{Target: target(1), Priority: engine.High, Window: time.Hour}, answer(1))
		every(t, e, engine.Op{Target: target(1), Priority: engine.Critical}, func(t *testing.T, err error) {
			require.NoError(t, err)
			require.LessOrEqual(t, time.Since(began), time.Millisecond)
		})
		_, err := high.Wait(background)
		require.Equal(t, engine.Critical, lost(t, err).Winner.Priority)
		require.LessOrEqual(t, time.Since(began), time.Millisecond)
	})
}

// A priority that has become decisive by ageing closes a window, too.
func TestAgedToDecisive(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Decisive: engine.Critical})
		began := time.Now()
		submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		win, err := e.Contend(background, engine.Op{
			Target: target(1), Priority: engine.Low, Window: time.Hour, Retry: engine.Retry{Limit: 1, Step: engine.High},
		})
		require.NoError(t, err)
		win.Finish(nil)
		require.Equal(t, engine.Critical, win.Priority)
		require.Equal(t, 100*time.Millisecond, time.Since(began).Truncate(time.Millisecond))
	})
}

func TestRulesOfATarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{
			Rules:     engine.Rules{Idle: 20 * time.Millisecond},
			MoreRules: []engine.Rules{{}, {Size: 1}, {Policy: engine.LastWins, Exclusive: true}},
			RulesOf: func(id uuid.UUID) int {
				for i := range 4 {
					if id == target(i) {
						return i
					}
				}
				return 0
			},
		})
		for i, window := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 0, 100 * time.Millisecond, 20 * time.Millisecond} {
			opened := time.Now()
			exclusive := i == 3
			_, err := engine.Do(background, e, engine.Op{Target: target(i)}, func(ctx context.Context) (int, error) {
				_, ok := engine.FencingToken(ctx)
				require.Equal(t, exclusive, ok)
				return 0, nil
			})
			require.NoError(t, err)
			require.Equal(t, window, time.Since(opened).Truncate(2*time.Millisecond), "rules %d", i)
		}
		require.Equal(t, "last", winnerOf(t, e, engine.Op{Target: target(3), Name: "first", Priority: 5}, engine.Op{Target: target(3), Name: "last"}))
		require.Equal(t, "first", winnerOf(t, e, engine.Op{Target: target(1), Name: "first", Priority: 5}, engine.Op{Target: target(1), Name: "last"}))
	})
}
