package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// shares returns the exact probability of each choice: the columns' areas.
func shares(a alias) []float64 {
	p := make([]float64, len(a))
	for i, c := range a {
		own := float64(c.own) / (1 << 64)
		p[i] += own / float64(len(a))
		p[c.other] += (1 - own) / float64(len(a))
	}
	return p
}

func TestAliasSharesAreTheWeights(t *testing.T) {
	for _, weights := range [][]uint64{
		{1}, {7, 7}, {1, 2, 3}, {0, 1}, {1, 0, 0, 0}, {1, 4, 10, 4, 1},
		{1 << 32, 1, 0, 1 << 31, 3}, {1<<32 - 1, 1<<32 - 1, 1},
	} {
		sum := 0.0
		for _, w := range weights {
			sum += float64(w)
		}
		got := shares(newAlias(weights))
		for i, w := range weights {
			assert.InDelta(t, float64(w)/sum, got[i], 1e-12, "%v: choice %d", weights, i)
		}
	}
}

func TestAliasNeverPicksWeightZero(t *testing.T) {
	a := newAlias([]uint64{3, 0, 5, 0, 7})
	for i := range uint64(100_000) {
		choice := a.pick(mix64(i * gamma))
		assert.True(t, choice%2 == 0, "choice %d", choice)
	}
	for _, word := range []uint64{0, 1<<64 - 1} {
		assert.Zero(t, a.pick(word)%2)
	}
}

func TestAliasWithoutWeightPanics(t *testing.T) {
	assert.Panics(t, func() { newAlias([]uint64{0, 0}) })
	assert.Panics(t, func() { newAlias(nil) })
}
