package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// kind is what a system does.
type kind int

const (
	physics kind = iota
	combat
	healing
	loot
	trade
	kinds
)

// String returns the name that losers are told.
func (k kind) String() string {
	return [kinds]string{"physics", "combat", "healing", "loot", "trade"}[k]
}

// priority ranks the kinds: a heal comes before the blow, and both before loot and
// trade; drifting is what is done if nothing else happens.
func (k kind) priority() engine.Priority {
	return [kinds]engine.Priority{engine.Low, engine.High, engine.Critical, engine.Normal, engine.Normal}[k]
}

// tally is what became of a system's operations.
type tally struct {
	asked, won, lost int
	refused          int // not staged, because of overload
	failed           int // anything else
}

func (t *tally) add(u tally) {
	t.asked += u.asked
	t.won += u.won
	t.lost += u.lost
	t.refused += u.refused
	t.failed += u.failed
}

// system is a part of the game with a goroutine of its own, which owns it.
type system struct {
	kind    kind
	number  int
	arena   *arena
	random  *rand.Rand
	wake    chan []body // what the world looked like; closed at the end of the game
	pending []attempt
	tally   tally
}

// attempt is an operation whose outcome the system has not looked at yet.
type attempt struct {
	handle  *engine.Handle[struct{}]
	command command
}

func newSystem(a *arena, number int) *system {
	return &system{
		kind: kind(number % int(kinds)), number: number, arena: a,
		random: rand.New(rand.NewPCG(a.flags.Seed, uint64(number)+1)),
		wake:   make(chan []body, 1),
	}
}

// run acts on what the world shows, until it shows nothing any more and all
// operations have their outcome.
func (s *system) run() {
	for seen := range s.wake {
		time.Sleep(time.Duration(s.random.Float64() * float64(tick) * 3 / 4)) // work of its own
		s.settle(false)
		for range s.arena.flags.Actions {
			s.act(seen)
		}
	}
	s.settle(true)
}

// act submits an operation. If it wins, its function hands the change over and
// ends when the world has it; until then no other operation wins the entity.
func (s *system) act(seen []body) {
	s.tally.asked++
	c := command{op: s.nextID(), system: s.number, entity: s.choose(seen), effect: s.effect(), partner: nobody}
	if s.kind == trade {
		c.partner = s.partner(c.entity, len(seen))
	}
	op := engine.Op{
		ID: c.op, Target: s.arena.target(c),
		Priority: s.kind.priority(), Name: s.kind.String(), Type: "arena",
	}
	handle, err := engine.Submit(context.Background(), s.arena.engine, op, func(context.Context) (struct{}, error) {
		<-s.arena.handover.put(c) // the world ticks until all systems have ended
		return struct{}{}, nil
	})
	if err != nil {
		s.count(err)
		return
	}
	s.pending = append(s.pending, attempt{handle, c})
}

// figure is an entity that an operation is aimed at.
type figure struct{ target uuid.UUID }

// ECSID makes it an engine.Entity.
func (f figure) ECSID() uuid.UUID { return f.target }

// target returns what an operation contends for: of those that it is aimed at the
// first. So two may pay the same partner in one tick, but no entity pays twice.
func (a *arena) target(c command) uuid.UUID {
	aims := []figure{{a.targets[c.entity]}}
	if c.partner != nobody {
		aims = append(aims, figure{a.targets[c.partner]})
	}
	return engine.TargetsOf(aims)[0]
}

// nextID returns an identity for the operation that is being made.
func (s *system) nextID() (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], uint64(s.number))
	binary.BigEndian.PutUint64(id[8:], uint64(s.tally.asked))
	return id
}

// settle looks at the operations that have their outcome, or waits until all have.
func (s *system) settle(wait bool) {
	later := s.pending[:0]
	for _, a := range s.pending {
		select {
		case <-a.handle.Done():
		default:
			if !wait {
				later = append(later, a)
				continue
			}
		}
		_, err := a.handle.Wait(context.Background())
		s.count(err)
		if s.arena.flags.Cheat && errors.Is(err, engine.ErrRejected) {
			s.arena.handover.put(a.command)
		}
	}
	clear(s.pending[len(later):])
	s.pending = later
}

func (s *system) count(err error) {
	switch {
	case err == nil:
		s.tally.won++
	case errors.Is(err, engine.ErrRejected):
		s.tally.lost++
	case errors.Is(err, engine.ErrOverloaded):
		s.tally.refused++
	default:
		s.tally.failed++
	}
}

// choose returns an entity to act on. The lower its number the more popular it
// is: half of all attempts are at an eighth of the entities.
func (s *system) choose(seen []body) (entity int) {
	for range 4 { // else it makes do with what it found
		u := s.random.Float64()
		entity = int(u * u * u * float64(len(seen)))
		if s.suits(seen[entity]) {
			break
		}
	}
	return entity
}

// partner returns another entity to trade with, nobody if there is none.
func (s *system) partner(entity, entities int) int {
	if entities == 1 {
		return nobody
	}
	return (entity + 1 + s.random.IntN(entities-1)) % entities
}

// suits reports whether there is a point in acting on an entity.
func (s *system) suits(b body) bool {
	switch s.kind {
	case combat:
		return b.health > 0
	case healing:
		return b.health < fullHealth
	case trade:
		return b.gold > 0
	}
	return true
}

// effect draws what an operation does.
func (s *system) effect() effect {
	between := func(low, high int32) int32 { return low + s.random.Int32N(high-low+1) }
	step := func() float32 { return 2*s.random.Float32() - 1 }
	switch s.kind {
	case combat: // a blow, and a push
		return effect{dx: 4 * step(), dy: 4 * step(), health: -between(5, 15)}
	case healing: // for a fee
		return effect{health: between(5, 20), gold: -1}
	case loot: // or alms
		if s.random.IntN(4) == 0 {
			return effect{gold: between(1, 10)}
		}
		return effect{gold: -between(1, 10)}
	case trade:
		return effect{pay: between(1, 10)}
	}
	return effect{dx: step(), dy: step()}
}
