package shard

// The core's own code does not panic, unless there is a bug in it or somebody
// changed a ticket that is staged. If it does, whoever drives it tells it to give
// up on what it was at: the operation being staged, or the group being decided.
// These are told Faulted, and everything else goes on. What follows trusts no count
// of what was half done.

// interrupted takes note that user's code has ended the goroutine, which it does
// only where the core knows how to go on.
func (c *Core) interrupted() {
	c.asked, c.current, c.enters, c.entering = false, 0, false, entrant{}
}

// condemnGroup ends the contention of the group that was being decided.
func (c *Core) condemnGroup(fault *Fault) {
	index := c.current - 1
	c.asked, c.current, c.deciding = false, 0, 0
	defer c.recount()
	for _, decided := range c.decided {
		if decided == index {
			return // it was
		}
	}
	g := c.groups.at(index)
	if x := c.mores.at(index); x != nil && x.deferred != 0 {
		c.bringBack(g, x)
		c.walk.size = g.count
	}
	if c.table.holds(g.hash, index) {
		c.table.remove(g.hash, index)
	}
	c.standUp(g)
	if g.count == 0 {
		c.release(index, g)
		return
	}
	c.announce(index, g, Standing{}).fault = fault
}

// walk is how far the ranks of the group that is being decided were closed: those
// below its count have been kept, those from a place on not looked at.
type walk struct{ size, from uint32 }

// standUp lines up whoever still contends in a group whose ranks were being closed.
func (c *Core) standUp(g *group) {
	kept, all := g.count, c.membersOf(g)
	all.left = c.walk.size
	to := all
	g.count = 0
	for i := uint32(0); all.left > 0; all.advance() {
		s := all.standing()
		if (i < kept || i >= c.walk.from) && !s.empty() {
			if s.confirmed() {
				to.set(s)
				to.advance()
				g.count++
			} else {
				c.drop(g.target, s)
			}
		}
		i++
	}
}

// confirmed is settles for an operation that may be settled already.
func (s *Standing) confirmed() bool {
	t := s.Ticket
	return t == nil || !t.Withdrawable || t.state.Load() == ticketSettled || t.settle()
}

// condemnOp ends the contention of an operation that was being staged.
func (c *Core) condemnOp(op *Op, id uint64, now int64, fault *Fault) {
	c.condemnEntrant(&entrant{
		Standing: Standing{Ticket: op.Ticket, ID: id, Priority: op.Priority},
		target:   op.Target, hash: op.Hash &^ hashFlags,
	}, c.arrival(op.submitted(now)), fault)
}

// condemnEntering ends that of one that was entering again.
func (c *Core) condemnEntering(fault *Fault) {
	e := c.entering
	c.asked, c.entering, c.enters = false, entrant{}, false
	c.condemnEntrant(&e, c.now, fault)
}

// condemnEntrant tells an operation that it is Faulted, unless it stands in a group
// by now or was told.
func (c *Core) condemnEntrant(e *entrant, at int64, fault *Fault) {
	defer c.recount()
	if c.knows(e) {
		return
	}
	if !e.confirmed() {
		c.drop(e.target, e.Standing)
		return
	}
	c.dismissed = append(c.dismissed, Dismissal{Outcome: Faulted, Target: e.target, Op: e.Standing, Retries: e.Retries(), Opened: at, At: at, Fault: fault})
	c.noteDismissed()
}

// knows reports whether an operation is in its target's window, or dismissed.
func (c *Core) knows(e *entrant) bool {
	for i := range c.dismissed {
		if c.dismissed[i].Op == e.Standing {
			return true
		}
	}
	index, ok := c.table.find(&e.target, e.hash, &c.groups)
	if !ok {
		return false
	}
	g := c.groups.at(index)
	g.flags |= gaps // it may be empty, and is looked through before it is decided
	if x := c.mores.at(index); x != nil && x.deferred != 0 && c.stands(c.groups.at(x.deferred-1), e.Standing) {
		return true
	}
	return c.stands(g, e.Standing)
}

func (c *Core) stands(g *group, s Standing) bool {
	for m := c.membersOf(g); m.left > 0; m.advance() {
		if m.standing() == s {
			return true
		}
	}
	return false
}

// recount counts what is staged anew, and lets go of windows that were being
// opened.
func (c *Core) recount() {
	decided := make(map[uint32]bool)
	for _, index := range c.decided {
		decided[index] = true
	}
	var ghosts []uint32
	c.staged, c.parked = len(c.again.entrants)-c.again.next, 0
	c.groups.each(func(index uint32, g *group) {
		switch {
		case decided[index]:
			return
		case g.count == 0 && g.flags&^gaps == 0 && !c.table.holds(g.hash, index):
			ghosts = append(ghosts, index)
		case g.flags&parked != 0:
			c.parked++
		}
		for m := c.membersOf(g); m.left > 0; m.advance() {
			if s := m.standing(); !s.empty() {
				c.staged++
			}
		}
	})
	for _, index := range ghosts {
		c.release(index, c.groups.at(index))
	}
}

// holds reports whether a group is in the table.
func (t *table) holds(hash, index uint32) bool {
	if t.live == 0 {
		return false
	}
	for at := t.home(hash); t.cells[at] != 0; at = (at + 1) & (len(t.cells) - 1) {
		if t.cells[at] == cellOf(hash, index) {
			return true
		}
	}
	return false
}
