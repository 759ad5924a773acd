package main

import "fmt"

// The rules of the game, in plain values: what the referee's model is made of.

const (
	fullHealth = 100
	fullPurse  = 50   // gold of an entity at the start
	side       = 1000 // of the arena, which nobody leaves
)

// body is all there is to know of an entity at a time.
type body struct {
	x, y   float32
	health int32
	gold   int32
}

func (b body) String() string {
	return fmt.Sprintf("health %d, gold %d at (%.2f, %.2f)", b.health, b.gold, b.x, b.y)
}

// effect is what an operation does to an entity, whatever that is like by then.
type effect struct {
	dx, dy float32
	health int32 // added; what is more than full or less than none is lost
	// gold goes from the chest of the operation's system to the entity, or back
	// if it is negative: as much of it as there is. None is made or lost.
	gold int32
	// pay goes from the entity to its partner, as much of it as there is.
	pay int32
}

// on returns an entity and a chest after the effect.
func (f effect) on(b body, chest int32) (body, int32) {
	gold := max(-b.gold, min(f.gold, chest))
	return body{
		x: within(b.x+f.dx, side), y: within(b.y+f.dy, side),
		health: within(b.health+f.health, fullHealth), gold: b.gold + gold,
	}, chest - gold
}

// between returns an entity and its partner after the effect, which is not on the
// partner alone.
func (f effect) between(b, partner body) (body, body) {
	pay := min(f.pay, b.gold)
	b.gold -= pay
	partner.gold += pay
	return b, partner
}

func within[N int32 | float32](n, most N) N { return max(0, min(n, most)) }
