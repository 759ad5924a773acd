package main

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
	"github.com/mlange-42/ark/ecs"
)

// The components of an entity.
type (
	Position struct{ X, Y float32 }
	Health   struct{ Points int32 }
	Purse    struct{ Gold int32 }
	// Identity is what an entity is known by outside of the world.
	Identity struct {
		Number int
		Target uuid.UUID // what operations contend for
	}
)

// world is the game's world. Only one goroutine may use it: ark's worlds are not
// safe for concurrent use, queries included.
type world struct {
	ecs      ecs.World
	parts    *ecs.Map3[Position, Health, Purse]
	all      *ecs.Filter4[Position, Health, Purse, Identity]
	entities []ecs.Entity // by number
	chests   []int32      // by system
}

// newWorld makes a world and returns the targets of its entities, by number.
func newWorld(entities, systems int, seed uint64) (*world, []uuid.UUID) {
	w := &world{ecs: ecs.NewWorld(entities), chests: make([]int32, systems)}
	w.parts = ecs.NewMap3[Position, Health, Purse](&w.ecs)
	w.all = ecs.NewFilter4[Position, Health, Purse, Identity](&w.ecs)
	spawn := ecs.NewMap4[Position, Health, Purse, Identity](&w.ecs)
	random := rand.New(rand.NewPCG(seed, 0))
	targets := make([]uuid.UUID, entities)
	for n := range entities {
		targets[n] = uuid.NewSHA1(uuid.NameSpaceOID, binary.BigEndian.AppendUint64(nil, uint64(n)))
		w.entities = append(w.entities, spawn.NewEntity(
			&Position{random.Float32() * side, random.Float32() * side},
			&Health{fullHealth}, &Purse{fullPurse}, &Identity{n, targets[n]},
		))
	}
	return w, targets
}

// apply does what a command asks for, whoever it is from.
func (w *world) apply(c command) {
	position, health, purse := w.parts.Get(w.entities[c.entity])
	position.X = within(position.X+c.effect.dx, side)
	position.Y = within(position.Y+c.effect.dy, side)
	health.Points = within(health.Points+c.effect.health, fullHealth)
	chest := &w.chests[c.system]
	if gift := c.effect.gold; gift > 0 {
		gift = min(gift, *chest)
		*chest -= gift
		purse.Gold += gift
	} else {
		loot := min(-gift, purse.Gold)
		purse.Gold -= loot
		*chest += loot
	}
	if c.partner != nobody && c.partner != c.entity {
		_, _, partner := w.parts.Get(w.entities[c.partner])
		price := min(c.effect.pay, purse.Gold)
		purse.Gold -= price
		partner.Gold += price
	}
}

// look returns a copy of the whole world, by number of the entity.
func (w *world) look() []body {
	seen := make([]body, len(w.entities))
	query := w.all.Query()
	for query.Next() {
		position, health, purse, identity := query.Get()
		seen[identity.Number] = body{position.X, position.Y, health.Points, purse.Gold}
	}
	return seen
}
