package engine_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Down until it is started, healthy, degraded while too much is staged, down again
// when it was stopped.
func TestHealth(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 2, Health: engine.HealthBounds{Staged: 10}})
		h := e.Health()
		require.Equal(t, engine.StateDown, h.State)
		require.Equal(t, []string{"not started"}, h.Reasons)

		e.Start()
		require.Equal(t, engine.StateHealthy, e.Health().State)
		for i := range 10 {
			stage(t, e, newContender("a"), engine.Bid{Target: target(i)})
		}
		require.Equal(t, engine.StateHealthy, e.Health().State, "the bound itself is allowed")
		stage(t, e, newContender("a"), engine.Bid{Target: target(10)})
		h = e.Health()
		require.Equal(t, engine.StateDegraded, h.State)
		require.Equal(t, []string{"11 operations staged, more than 10"}, h.Reasons)
		require.Equal(t, 11, h.Staged)
		require.False(t, h.Hopeless)

		pass(time.Second)
		require.Equal(t, engine.StateHealthy, e.Health().State)
		require.NoError(t, e.Stop(background))
		h = e.Health()
		require.Equal(t, engine.StateDown, h.State)
		require.Equal(t, []string{"stopped"}, h.Reasons)
		require.Equal(t, "down: stopped (staged 0, lateness 0s, shards 2, restarts 0)", h.String())
		e.Start()
		require.Equal(t, engine.StateHealthy, e.Health().State)
	})
}

// The default threshold is that of the system we come from.
func TestHealthDefaults(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, RingSize: 1 << 14})
		for i := range engine.DefaultStagedBound + 1 {
			require.NotEqual(t, engine.StateDegraded, e.Health().State, i)
			stage(t, e, newContender("a"), engine.Bid{Target: target(i)})
		}
		pass(0)
		require.Equal(t, engine.StateDegraded, e.Health().State)
		require.Equal(t, 10_000, e.Health().StagedBound)
	})
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, RingSize: 1 << 14, Health: engine.HealthBounds{Staged: -1, Lateness: -1}})
		for i := range engine.DefaultStagedBound + 1 {
			stage(t, e, newContender("a"), engine.Bid{Target: target(i)})
		}
		require.Equal(t, engine.StateHealthy, e.Health().State)
	})
}

// A contender that blocks the shard makes it late, then stuck; both pass. Health
// answers all the while.
func TestHealthOfAShardThatBlocks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: 100 * time.Millisecond, Watchdog: 2 * time.Second})
		c := newContender("blocks")
		c.then = func(*engine.Verdict) { time.Sleep(3 * time.Second) }
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(100 * time.Millisecond)
		require.Equal(t, engine.StateHealthy, e.Health().State)
		stage(t, e, newContender("waits"), engine.Bid{Target: target(2)})

		pass(51 * time.Millisecond)
		h := e.Health()
		require.Equal(t, engine.StateDegraded, h.State)
		require.Equal(t, []string{"51ms late, more than 50ms"}, h.Reasons)
		require.False(t, h.Hopeless)

		pass(2 * time.Second)
		h = e.Health()
		require.Equal(t, engine.StateFailed, h.State)
		require.True(t, h.Hopeless)
		require.Equal(t, []int{0}, h.Stuck)
		require.Equal(t, "shard 0 has not advanced for 2.051s (2 operations staged)", h.Reasons[0])

		pass(time.Second)
		h = e.Health()
		require.Equal(t, engine.StateDegraded, h.State, "late, but it goes on: %v", h)
		pass(2 * time.Second)
		require.Equal(t, engine.StateHealthy, e.Health().State)
	})
}

// A window that waits for the winner of its exclusive target is not late, nor is
// its shard stuck.
func TestHealthWhileAWinnerRuns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}})
		c := newContender("runs")
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		stage(t, e, newContender("waits"), engine.Bid{Target: target(1)})
		pass(time.Hour)
		h := e.Health()
		require.Equal(t, engine.StateHealthy, h.State)
		require.Zero(t, h.Lateness)
		v := c.outcome(t)
		e.Release(v.Target, v.Token)
		pass(time.Second)
		require.Equal(t, engine.StateHealthy, e.Health().State)
		require.Zero(t, e.Health().Lateness)
	})
}

// fullDisk cannot be written to.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestHealthOfABrokenJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Journal: fullDisk{}})
		e.Start()
		stage(t, e, newContender("a"), engine.Bid{Target: target(1)})
		pass(2 * time.Second)
		h := e.Health()
		require.Equal(t, engine.StateFailed, h.State)
		require.Equal(t, []string{"the journal ended: no space left on device"}, h.Reasons)
		require.False(t, h.Hopeless, "a new process would have no more space")
	})
}

// As JSON, for whoever probes.
func TestHealthAsJSON(t *testing.T) {
	h := engine.Health{State: engine.StateFailed, Reasons: []string{"a"}, Stuck: []int{3}, Lateness: 5 * time.Millisecond}
	text, err := json.Marshal(h)
	require.NoError(t, err)
	require.JSONEq(t, `{"state":"failed","reasons":["a"],"hopeless":false,"staged":0,"staged_bound":0,
		"lateness_ns":5000000,"lateness_bound_ns":0,"shards":0,"stuck":[3],"restarts":0,"journal_lost":0}`, string(text))
	for s := range engine.StateHealthy + 2 {
		require.NotEmpty(t, s.String())
	}
}

func TestHealthConfig(t *testing.T) {
	for _, c := range []engine.Config{
		{Health: engine.HealthBounds{Staged: -2}}, {Health: engine.HealthBounds{Lateness: -2}},
		{Watchdog: -2}, {Hottest: -1}, {Hottest: 1 << 20},
	} {
		_, err := engine.New(c)
		require.ErrorIs(t, err, engine.ErrInvalid)
	}
}

func ExampleEngine_Health() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Health: engine.HealthBounds{Staged: 1, Lateness: -1}})
	fmt.Println(e.Health().State)
	e.Start()
	fmt.Println(e.Health().State)
	for range 2 {
		e.Stage(&engine.Bid{Target: uuid.New(), Tag: 1})
	}
	fmt.Println(e.Health().State, e.Health().Reasons)
	e.Stop(ended())
	// Output:
	// down
	// healthy
	// degraded [2 operations staged, more than 1]
}

// Of several reasons the gravest is the first.
func TestGravestReasonFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Health: engine.HealthBounds{Staged: 1}})
		for i := range 3 {
			stage(t, e, newContender("a"), engine.Bid{Target: target(i)})
		}
		e.LoseBlock()
		require.Equal(t, []string{"1 blocks of the journal were lost", "3 operations staged, more than 1"}, e.Health().Reasons)
		require.NoError(t, e.Stop(background))
		h := e.Health()
		require.Equal(t, engine.StateDown, h.State)
		require.Equal(t, []string{"stopped", "1 blocks of the journal were lost"}, h.Reasons)
	})
}
