package main

import (
	"fmt"
	"sync"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// referee checks that only winners touch the world. It is the engine's registry:
// it is told about winners by the engine alone, and about nobody else. After each
// tick it holds the whole world against a model, to which it applies what the
// winners asked for, and nothing else.
//
// What is wrong is a violation:
//
//   - an entity or a chest is not as its one winner made it, or changed without one;
//     of a trade, the winner on the entity that pays makes the other one, too;
//   - a target has two winners at a time, or they come out of their order;
//   - a winner's change was handed over for another entity, twice, or never;
//   - gold was made or lost, or health that is in no winner's account.
type referee struct {
	targets []uuid.UUID // by entity; immutable

	mu       sync.Mutex
	byID     map[uuid.UUID]*winner // winners that have not ended, by entry ID
	byKey    map[uuid.UUID]*winner // the same by the operation's own ID
	byTarget map[uuid.UUID]*winner // the same by target, of which each has one at most
	found    violations

	// What follows is owned by the world's goroutine.
	model   []body
	chests  []int32
	latest  []uint64 // greatest token of a winner, by entity
	gold    int64    // at the start, of the whole world
	health  int64    // that there has to be, by the winners' accounts
	changes int      // of an entity in a tick
}

// winner is an operation that won and has not ended.
type winner struct {
	entry engine.Entry
	acted bool // audit has seen its change
}

func newReferee(targets []uuid.UUID, seen []body, chests []int32) *referee {
	r := &referee{
		targets: targets, latest: make([]uint64, len(seen)),
		byID: make(map[uuid.UUID]*winner), byKey: make(map[uuid.UUID]*winner), byTarget: make(map[uuid.UUID]*winner),
	}
	r.adopt(seen, chests)
	r.gold, r.health = wealth(seen, chests), fitness(seen)
	return r
}

// adopt makes the model what the world is, so that one violation is not found
// again in the next tick.
func (r *referee) adopt(seen []body, chests []int32) {
	r.model = append(r.model[:0], seen...)
	r.chests = append(r.chests[:0], chests...)
}

// Register is told about a winner before its function is called, on its goroutine.
func (r *referee) Register(e engine.Entry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.byTarget[e.Target]; other != nil {
		r.found.add("%s %v won %v before %s %v had ended", e.Name, e.Op, e.Target, other.entry.Name, other.entry.Op)
	}
	w := &winner{entry: e}
	r.byID[e.ID], r.byKey[e.Key], r.byTarget[e.Target] = w, w, w
	return nil
}

// Finish is told about a winner whose function has returned.
func (r *referee) Finish(id uuid.UUID, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.byID[id]
	if w == nil {
		r.found.add("winner %v has ended, and had not begun", id)
		return
	}
	delete(r.byID, id)
	delete(r.byKey, w.entry.Key)
	delete(r.byTarget, w.entry.Target)
	if !w.acted {
		r.found.add("%s %v won and did not act", w.entry.Name, w.entry.Op)
	}
}

// audit compares the world after a tick with what the winners among the commands
// make of it. Their functions have not returned yet.
func (r *referee) audit(tick int, commands []command, seen []body, chests []int32) {
	before := append([]body(nil), r.model...)
	actors := make(map[int][]command)
	for _, c := range commands {
		actors[c.entity] = append(actors[c.entity], c)
		if c.partner != nobody && c.partner != c.entity {
			actors[c.partner] = append(actors[c.partner], c)
		}
		if r.admit(tick, c) {
			r.apply(c)
		}
	}
	for n, b := range seen {
		if b != before[n] {
			r.changes++
		}
		if b != r.model[n] {
			r.found.add("tick %d: entity %d has %v, not %v as its winner makes it; acted: %s", tick, n, b, r.model[n], r.describe(actors[n]))
		}
	}
	for n, chest := range chests {
		if chest != r.chests[n] {
			r.found.add("tick %d: the chest of system %d has %d gold, not %d", tick, n, chest, r.chests[n])
		}
	}
	if gold := wealth(seen, chests); gold != r.gold {
		r.found.add("tick %d: there is %d gold, not %d", tick, gold, r.gold)
	}
	r.adopt(seen, chests)
}

// apply does to the model what a winner's command does to the world.
func (r *referee) apply(c command) {
	b, chest := c.effect.on(r.model[c.entity], r.chests[c.system])
	r.health += int64(b.health - r.model[c.entity].health)
	r.model[c.entity], r.chests[c.system] = b, chest
	if c.partner != nobody && c.partner != c.entity {
		r.model[c.entity], r.model[c.partner] = c.effect.between(b, r.model[c.partner])
	}
}

// admit reports whether a command is a winner's, and notes where its winner is
// out of order.
func (r *referee) admit(tick int, c command) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.byKey[c.op]
	if w == nil {
		return false
	}
	e := &w.entry
	if w.acted {
		r.found.add("tick %d: %s %v won once and acts again", tick, e.Name, e.Op)
		return false
	}
	w.acted = true
	if e.Target != r.targets[c.entity] {
		r.found.add("tick %d: %s %v won %v and acts on entity %d, which is %v", tick, e.Name, e.Op, e.Target, c.entity, r.targets[c.entity])
	}
	if e.Token <= r.latest[c.entity] {
		r.found.add("tick %d: %s %v won entity %d with token %d after %d", tick, e.Name, e.Op, c.entity, e.Token, r.latest[c.entity])
	}
	r.latest[c.entity] = max(r.latest[c.entity], e.Token)
	return true
}

// describe says who acted on an entity in a tick.
func (r *referee) describe(commands []command) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	winner, others := "no winner", 0
	for _, c := range commands {
		if w := r.byKey[c.op]; w != nil {
			winner = w.entry.Name + ", who won"
		} else {
			others++
		}
	}
	return fmt.Sprintf("%s, and %d others", winner, others)
}

// close checks what has to hold when everybody has ended.
func (r *referee) close(seen []body, chests []int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.byID); n > 0 {
		r.found.add("%d winners have not ended", n)
	}
	if gold := wealth(seen, chests); gold != r.gold {
		r.found.add("at the end there is %d gold, not %d", gold, r.gold)
	}
	if health := fitness(seen); health != r.health {
		r.found.add("at the end there is %d health, but the winners account for %d", health, r.health)
	}
}
