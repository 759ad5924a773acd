package shard

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Clear takes everything that is staged for a target out and closes its window
// without a decision; what is retried later, too. Each operation is told Cleared,
// apart from any decision, in the order of submission, but for those that were
// deferred or wait to be retried: they stand behind. It returns how many there were. A group that has left
// the table, since it was closed early, is as good as decided and stays, and so
// does the target's running winner, if it is exclusive.
func (c *Core) Clear(target *uuid.UUID, hash uint32) (n int) {
	before := len(c.dismissed)
	if index, ok := c.table.find(target, hash&^hashFlags, &c.groups); ok {
		c.clearWindow(index, c.groups.at(index))
	}
	if c.parked > 0 {
		c.clearParked(target)
	}
	return len(c.dismissed) - before
}

// clearParked takes out what waits to try again on a target. It looks through all
// that is in the core.
func (c *Core) clearParked(target *uuid.UUID) {
	before := len(c.dismissed)
	var all []uint32
	c.groups.each(func(index uint32, g *group) {
		if g.flags&parked != 0 && g.target == *target {
			all = append(all, index)
		}
	})
	for _, index := range all {
		g := c.groups.at(index)
		c.clearMembers(g, c.now)
		if c.wheel.remove(index) { // else its time has come: there, it is found empty
			c.parked--
			c.release(index, g)
		}
	}
	slices.SortFunc(c.dismissed[before:], func(a, b Dismissal) int { return cmp.Compare(a.Op.ID, b.Op.ID) })
}

// clearWindow closes an open window.
func (c *Core) clearWindow(index uint32, g *group) {
	c.clearMembers(g, g.opened)
	if x := c.mores.at(index); x != nil && x.deferred != 0 {
		deferred := x.deferred - 1
		c.clearMembers(c.groups.at(deferred), g.opened)
		x.deferred = 0
		c.release(deferred, c.groups.at(deferred))
	}
	c.table.remove(g.hash, index)
	switch {
	case g.flags&overdue != 0:
		h := c.holds[g.target]
		h.waiting = 0
		c.setHold(g.target, h)
		c.wheel.cut(&c.wheel.overdue, index)
	case !c.wheel.remove(index):
		// Its turn to be decided has come: there, it is dropped.
		g.rules, g.flags = 0, closed|gaps
		return
	}
	c.keepFault(c.mores.at(index))
	c.release(index, g)
}

// clearMembers dismisses the operations of a group, in order, and leaves gaps.
func (c *Core) clearMembers(g *group, opened int64) {
	for m := c.membersOf(g); m.left > 0; m.advance() {
		s := m.standing()
		if s.empty() {
			continue
		}
		c.dismiss(&Dismissal{Outcome: Cleared, Target: g.target, Op: s, Opened: opened, At: c.now})
		m.set(Standing{Ticket: &gone})
		c.staged--
	}
	g.flags |= gaps
	g.best = nowhere
}
