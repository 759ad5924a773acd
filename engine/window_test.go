package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R3, R4 and R5: when windows open and close, and who is in them.

// checkWindow: the verdict came never early and at most a tick late.
func checkWindow(t *testing.T, c *contender, opened time.Time, window time.Duration) {
	t.Helper()
	checkLateness(t, c, opened, window, shard.Tick)
}

func checkLateness(t *testing.T, c *contender, opened time.Time, window, late time.Duration) {
	t.Helper()
	c.outcome(t)
	took := c.at.Sub(opened)
	require.GreaterOrEqual(t, took, window, "early")
	require.LessOrEqual(t, took, window+late, "late")
}

func TestWindowIsExact(t *testing.T) {
	for _, window := range []time.Duration{1, time.Microsecond, time.Millisecond, 100 * time.Millisecond, time.Hour, 30 * 24 * time.Hour} {
		for _, offset := range []time.Duration{0, 1, 500 * time.Microsecond, time.Millisecond - 1, time.Millisecond, 777_777} {
			t.Run(fmt.Sprint(window, " after ", offset), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					e := newEngine(t, engine.Config{Window: window})
					time.Sleep(offset)
					c, opened := newContender(""), time.Now()
					stage(t, e, c, engine.Bid{Target: target(1)})
					pass(window + shard.Tick)
					checkWindow(t, c, opened, window)
				})
			})
		}
	}
}

func TestDefaultWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		c, opened := newContender(""), time.Now()
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		checkWindow(t, c, opened, 100*time.Millisecond)
	})
}

// Windows of all lengths side by side in one shard, opened at odd moments, few
// enough for the owner to wake for each of them and so many that it is busy. Busy, it
// looks once a millisecond.
func TestWindowsSideBySide(t *testing.T) {
	for pause, late := range map[time.Duration]time.Duration{
		20 * time.Microsecond:  time.Millisecond + shard.Tick,
		3 * time.Millisecond:   shard.Tick,
		250 * time.Millisecond: shard.Tick,
	} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1})
			rng := rand.New(rand.NewPCG(5, uint64(pause)))
			type opening struct {
				c      *contender
				at     time.Time
				window time.Duration
			}
			var all []opening
			for i := range 2000 {
				o := opening{newContender(""), time.Now(), 1 + time.Duration(rng.Int64N(int64(time.Microsecond)<<rng.IntN(20)))}
				stage(t, e, o.c, engine.Bid{Target: target(i), Window: o.window})
				all = append(all, o)
				time.Sleep(time.Duration(rng.Int64N(int64(2 * pause))))
			}
			require.NoError(t, e.Stop(background))
			for _, o := range all {
				checkLateness(t, o.c, o.at, o.window, late)
			}
		})
	}
}

// The owner that sleeps for an hour hears of what is due before.
func TestShortWindowBehindLongOne(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		long, short := newContender("long"), newContender("short")
		stage(t, e, long, engine.Bid{Target: target(1), Window: time.Hour})
		time.Sleep(time.Minute)
		opened := time.Now()
		stage(t, e, short, engine.Bid{Target: target(2), Window: time.Millisecond})
		pass(time.Second)
		checkWindow(t, short, opened, time.Millisecond)
		require.Equal(t, 1, e.Stats().Windows)
	})
}

func TestWindowOfTarget(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{
			Window: 50 * time.Millisecond,
			WindowOf: func(id uuid.UUID) time.Duration {
				if id == target(1) {
					return 7 * time.Millisecond
				}
				return 0
			},
		})
		opened := time.Now()
		own, config, bid := newContender("own"), newContender("config"), newContender("bid")
		stage(t, e, own, engine.Bid{Target: target(1)})
		stage(t, e, config, engine.Bid{Target: target(2)})
		stage(t, e, bid, engine.Bid{Target: target(1 << 9), Window: 3 * time.Millisecond})
		pass(time.Second)
		checkWindow(t, own, opened, 7*time.Millisecond)
		checkWindow(t, config, opened, 50*time.Millisecond)
		checkWindow(t, bid, opened, 3*time.Millisecond)
	})
}

// Only the first operation's window counts.
func TestFirstOperationSetsTheWindow(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		first, second := newContender("first"), newContender("second")
		opened := time.Now()
		stage(t, e, first, engine.Bid{Target: target(1), Window: 10 * time.Millisecond})
		stage(t, e, second, engine.Bid{Target: target(1), Window: time.Millisecond})
		pass(time.Second)
		checkWindow(t, first, opened, 10*time.Millisecond)
		checkWindow(t, second, opened, 10*time.Millisecond)
		require.Equal(t, 2, second.outcome(t).Contenders)
		v := second.outcome(t)
		require.EqualValues(t, 10*time.Millisecond, v.Due-v.Opened)
	})
}

// What was accepted a nanosecond before the close is in, what comes a tick
// after it opens the next window.
func TestLastMomentIsInTheGroup(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		first, last, next := newContender("first"), newContender("last"), newContender("next")
		stage(t, e, first, engine.Bid{Target: target(1)})
		time.Sleep(100*time.Millisecond - 1)
		stage(t, e, last, engine.Bid{Target: target(1), Priority: 1})
		time.Sleep(1 + shard.Tick)
		opened := time.Now()
		stage(t, e, next, engine.Bid{Target: target(1)})
		pass(time.Second)
		require.Equal(t, engine.Lost, first.outcome(t).Outcome)
		require.Equal(t, "last", first.outcome(t).WinnerName)
		require.Equal(t, engine.Won, last.outcome(t).Outcome)
		require.Equal(t, engine.Won, next.outcome(t).Outcome)
		require.Equal(t, 1, next.outcome(t).Contenders)
		checkWindow(t, next, opened, 100*time.Millisecond)
	})
}

func TestNextWindowWhileTheWinnerRuns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		block := make(chan struct{})
		h := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { <-block; return 1, nil })
		pass(time.Second)
		for range 5 {
			opened := time.Now()
			_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(2))
			require.NoError(t, err)
			require.Equal(t, 100*time.Millisecond, time.Since(opened))
		}
		require.Equal(t, 1, e.Stats().Running)
		close(block)
		_, err := h.Wait(background)
		require.NoError(t, err)
	})
}

func TestLoneOperationIsNoConflict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var conflicts, decisions int
		e := newEngine(t, engine.Config{Shards: 1, Decided: func(batch []engine.Decision) {
			for i := range batch {
				decisions++
				if batch[i].Conflict() {
					conflicts++
				}
			}
		}})
		for i := range 10 {
			stage(t, e, newContender(""), engine.Bid{Target: target(i)})
		}
		pass(time.Second)
		require.Equal(t, 10, decisions)
		require.Zero(t, conflicts)
		require.Zero(t, e.Stats().Conflicts)
		stage(t, e, newContender(""), engine.Bid{Target: target(1)})
		stage(t, e, newContender(""), engine.Bid{Target: target(1)})
		pass(time.Second)
		require.Equal(t, 1, conflicts)
		require.EqualValues(t, 1, e.Stats().Conflicts)
	})
}

// An engine with nothing staged sleeps: no timer runs.
func TestNothingStagedNoWakeUps(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		stage(t, e, newContender(""), engine.Bid{Target: target(1)})
		pass(time.Second)
		before := e.Stats().Sleeps
		pass(24 * time.Hour)
		require.Equal(t, before, e.Stats().Sleeps)
	})
}
