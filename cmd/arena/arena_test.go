package main

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var game = flags{Duration: 2 * time.Second, Systems: 16, Actions: 16, Entities: 500, Seed: 1}

// A game in virtual time: everybody gets an outcome, and only winners touch the
// world.
func TestOnlyWinnersTouchTheWorld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := play(context.Background(), game)
		require.Empty(t, r.violationTexts)
		require.Zero(t, r.violations)

		total := r.total()
		require.Equal(t, 120*game.Systems*game.Actions, total.asked, "60 ticks/s")
		require.Equal(t, total.asked, total.won+total.lost)
		require.Zero(t, r.skipped+r.missed)
		require.NotZero(t, r.stats.Conflicts)
		require.NotZero(t, r.changes)
		require.LessOrEqual(t, r.changes, total.won+r.tallies[trade].won)
		require.EqualValues(t, r.delays.handover.TotalCount(), total.won)
		require.LessOrEqual(t, r.delays.handover.Max(), 2*tick.Microseconds(), "what is decided reaches the world at the next tick")
		share := func(k kind) float64 { return float64(r.tallies[k].won) / float64(r.tallies[k].asked) }
		require.Greater(t, share(healing), share(combat))
		require.Greater(t, share(combat), share(loot))
		require.Greater(t, share(loot), share(physics))
		require.NotZero(t, r.tallies[physics].won)
		require.NotZero(t, r.tallies[trade].won)
		require.NotZero(t, r.tallies[trade].lost)
	})
}

// Losers that act are found, in the first ticks.
func TestCheatIsFound(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			cheat := game
			cheat.Cheat, cheat.Seed, cheat.Duration = true, seed, 200*time.Millisecond
			r := play(context.Background(), cheat)
			require.NotZero(t, r.violations)
			require.Regexp(t, `^tick \d: entity \d+ has .* as its winner makes it; acted: .* and \d+ others$`, r.violationTexts[0])
		})
	}
}

// arena runs the command in virtual time and returns its exit status and what it
// printed.
func arenaCommand(t *testing.T, ctx context.Context, args ...string) (status int, out, complaints string) {
	var o, c bytes.Buffer
	synctest.Test(t, func(t *testing.T) { status = run(ctx, args, &o, &c) })
	return status, o.String(), c.String()
}

func TestCommand(t *testing.T) {
	status, out, complaints := arenaCommand(t, context.Background(), "--duration", "500ms", "--systems", "8", "--entities", "50", "--seed", "7")
	assert.Equal(t, exitOK, status, out)
	assert.Empty(t, complaints)
	for _, word := range []string{"50 entities, 8 systems", "seed 7", "ticks", "operations", "conflicts", "late", "physics", "combat", "healing", "loot", "trade", "check: ok"} {
		assert.Contains(t, out, word)
	}
}

func TestCommandThatCheats(t *testing.T) {
	status, out, _ := arenaCommand(t, context.Background(), "--duration", "200ms", "--cheat")
	assert.Equal(t, exitViolation, status)
	assert.Contains(t, out, "check: FAILED")
	assert.Contains(t, out, "losers act too")
}

// What was begun when the command is interrupted is ended.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	status, out, _ := arenaCommand(t, ctx, "--duration", "1h")
	assert.Equal(t, exitOK, status, out)
	assert.Contains(t, out, "check: ok")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--systems", "0"}, {"--entities", "-1"}, {"--actions", "0"}, {"--duration", "1ms"}, {"--seed", "x"}, {"more"},
	} {
		status, out, complaints := arenaCommand(t, context.Background(), args...)
		assert.Equal(t, exitUsage, status, args)
		assert.Empty(t, out)
		assert.Contains(t, complaints, "arena: ")
	}
	status, out, _ := arenaCommand(t, context.Background(), "--help")
	assert.Equal(t, exitOK, status)
	assert.Contains(t, out, "--cheat")
}
