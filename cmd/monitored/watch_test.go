package main

import (
	"testing"

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
