package main

import (
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

func TestStates(t *testing.T) {
	var s states
	for _, now := range []engine.State{
		engine.StateHealthy, engine.StateHealthy, engine.StateDegraded, engine.StateDegraded,
		engine.StateFailed, engine.StateDegraded, engine.StateHealthy, engine.StateDown, engine.StateHealthy,
	} {
		s.saw(now)
	}
	require.Equal(t, states{last: engine.StateHealthy, degraded: 2, recovered: 2, other: 2}, s)
}

func TestLinesAreDueAtFullSeconds(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		told, now time.Duration
		due       bool
	}{
		{0, 999 * ms, false}, {0, 1000 * ms, true},
		{1003 * ms, 1999 * ms, false}, {1003 * ms, 2000 * ms, true},
		{11_900 * ms, 12_000 * ms, false}, {11_900 * ms, 13_000 * ms, true},
	} {
		w := watch{told: c.told}
		require.Equal(t, c.due, w.due(c.now), "%v after %v", c.now, c.told)
	}
}
