package shard

import (
	"maps"

	"github.com/google/uuid"
)

// hold is what keeps an exclusive target's next window from being decided.
type hold struct {
	token     uint64 // of the winner, if held
	held      bool   // a winner runs; else a closed window is about to be decided
	preempted bool   // the winner was reported in Preempted, or will be if there is one
	waiting   uint32 // index+1 of the target's window, if that is overdue
}

// Preemption names a winner that is to make way for a decisive newcomer.
type Preemption struct {
	Target uuid.UUID
	Token  uint64
}

// Hold is a target whose winner runs.
type Hold struct {
	Target uuid.UUID
	Token  uint64
}

// wait makes a window of a target that is not free overdue: it stays open until
// its target is.
func (c *Core) wait(index uint32, g *group) {
	if g.flags&overdue != 0 || !c.wheel.remove(index) {
		return // it waits already, or its turn in Decide has come
	}
	c.waits(index, g)
}

// waits notes that a window that is in no slot is overdue.
func (c *Core) waits(index uint32, g *group) {
	g.flags |= overdue
	g.due = 0 // for the wheel: its time has come
	h := c.holds[g.target]
	h.waiting = index + 1
	c.setHold(g.target, h)
	c.wheel.append(&c.wheel.overdue, index)
}

// hold keeps the next window of a target open for a winner.
func (c *Core) hold(target uuid.UUID, token uint64) (preempted bool) {
	h := c.holds[target] // a closed window's, for which another may be waiting
	h.held, h.token = true, token
	c.setHold(target, h)
	if h.preempted {
		c.preempted = append(c.preempted, Preemption{Target: target, Token: token})
	}
	return h.preempted
}

// free ends a hold, and lets the window that waits for it be decided.
func (c *Core) free(target uuid.UUID) {
	h := c.holds[target]
	delete(c.holds, target)
	c.shrinkHolds()
	if h.waiting == 0 {
		return
	}
	index := h.waiting - 1
	g := c.groups.at(index)
	g.flags = g.flags&^overdue | readied
	c.wheel.cut(&c.wheel.overdue, index)
	c.wheel.ready(index)
}

// setHold writes down what is known of a target's winner.
func (c *Core) setHold(target uuid.UUID, h hold) {
	c.holds[target] = h
	c.mostHolds = max(c.mostHolds, len(c.holds))
}

// shrinkHolds gives a burst's memory back, which a map keeps.
func (c *Core) shrinkHolds() {
	if c.mostHolds > minHolds && len(c.holds) < c.mostHolds/4 {
		few := make(map[uuid.UUID]hold, len(c.holds))
		maps.Copy(few, c.holds)
		c.holds, c.mostHolds = few, len(few)
	}
}

// minHolds keeps a small map from being copied all the time.
const minHolds = 128

// Ended frees an exclusive target: the winner with that token has ended. It
// reports false if the target is not held by that one.
func (c *Core) Ended(target uuid.UUID, token uint64) bool {
	if h, ok := c.holds[target]; !ok || !h.held || h.token != token {
		return false
	}
	c.free(target)
	return true
}

// Overdue reports whether a window waits for its target's winner.
func (c *Core) Overdue() bool { return c.wheel.overdue.head != 0 }

// OnlyOverdue reports whether windows wait for their targets' winners and nothing
// else is staged.
func (c *Core) OnlyOverdue() bool { return c.Overdue() && c.wheel.live == 0 }

// Hold takes over a target whose winner was named by an earlier core.
func (c *Core) Hold(h Hold) { c.setHold(h.Target, hold{held: true, token: h.Token}) }

// Holds returns the targets that are held, in no order.
func (c *Core) Holds() (all []Hold) {
	for target, h := range c.holds {
		if h.held {
			all = append(all, Hold{Target: target, Token: h.token})
		}
	}
	return all
}
