package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPhasesAlternate(t *testing.T) {
	ps := phases{{"calm", 20_000, 5 * time.Second}, {"overload", 150_000, 3 * time.Second}}
	for _, c := range []struct {
		elapsed, began time.Duration
		name           string
	}{
		{0, 0, "calm"},
		{5*time.Second - 1, 0, "calm"},
		{5 * time.Second, 5 * time.Second, "overload"},
		{8*time.Second - 1, 5 * time.Second, "overload"},
		{8 * time.Second, 8 * time.Second, "calm"},
		{800 * time.Hour, 800 * time.Hour, "calm"},
		{800*time.Hour + 6*time.Second, 800*time.Hour + 5*time.Second, "overload"},
	} {
		p, began := ps.at(c.elapsed)
		require.Equal(t, c.name, p.name, c.elapsed)
		require.Equal(t, c.began, began, c.elapsed)
	}
	require.Zero(t, ps[1].due(0))
	require.Equal(t, int64(150), ps[1].due(time.Millisecond))
	require.Equal(t, int64(450_000), ps[1].due(3*time.Second))
}
