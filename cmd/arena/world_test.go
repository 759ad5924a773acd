package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The world, in components, does what the referee's model says, in plain values;
// and no gold is made or lost.
func TestWorldFollowsTheModel(t *testing.T) {
	const entities, systems = 5, 4
	w, _ := newWorld(entities, systems, 1)
	model, chests := w.look(), append([]int32(nil), w.chests...)
	random := rand.New(rand.NewPCG(1, 2))
	gold := wealth(model, chests)
	clamped, paid := 0, 0
	for range 10_000 {
		c := command{entity: random.IntN(entities), system: random.IntN(systems), effect: effect{
			dx: 400 * (random.Float32() - 0.5), dy: 400 * (random.Float32() - 0.5),
			health: random.Int32N(101) - 50, gold: random.Int32N(101) - 50, pay: random.Int32N(51),
		}, partner: random.IntN(entities+1) + nobody}
		w.apply(c)
		b, chest := c.effect.on(model[c.entity], chests[c.system])
		if b.gold != model[c.entity].gold+c.effect.gold {
			clamped++
		}
		if c.partner != nobody && c.partner != c.entity {
			b, model[c.partner] = c.effect.between(b, model[c.partner])
			paid++
		}
		model[c.entity], chests[c.system] = b, chest
		seen := w.look()
		require.Equal(t, model, seen)
		require.Equal(t, chests, w.chests)
		require.Equal(t, gold, wealth(seen, w.chests))
		require.True(t, b.health >= 0 && b.health <= fullHealth && b.gold >= 0 && chest >= 0, b)
		require.True(t, b.x >= 0 && b.x <= side && b.y >= 0 && b.y <= side, b)
	}
	require.NotZero(t, clamped)
	require.NotZero(t, paid)
}
