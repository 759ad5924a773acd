package shard

// contest tells one operation of a group with Early rules that it lost, if
// there is one more than the rules keep. It has just got a newcomer.
func (c *Core) contest(g *group, x *more, r *Rules, at int64) {
	keep := uint32(r.RunnersUp) + 1
	if g.count <= keep {
		return
	}
	c.dropWithdrawn(g)
	if g.count <= keep {
		return
	}
	leader := c.leader(r, x, g)
	worst := c.worst(r, x, g, leader)
	if x.fault != nil {
		return // nobody leads: all are told at the close
	}
	ahead, loser := c.at(g, leader), c.at(g, worst)
	if c.mayStay(loser) {
		c.remove(g, worst)
		c.staged--
		c.putAside(g, x, loser)
		return
	}
	d := Dismissal{
		Outcome: Lost, Target: g.target, Op: loser, Contenders: int(x.arrived), Opened: g.opened, At: at,
		Leader: Standing{ID: ahead.ID, Priority: ahead.Priority},
	}
	if ahead.Ticket != nil {
		d.LeaderName = ahead.Ticket.Name
	}
	if c.dismiss(&d) { // before it is removed: nobody is forgotten, whatever happens
		x.dismissed++
	}
	c.remove(g, worst)
	c.staged--
}

// mayStay reports whether losing may not be all that becomes of an operation.
func (c *Core) mayStay(s Standing) bool {
	return s.fold() != nil || c.triesAgain(s)
}

// dropWithdrawn removes the withdrawn operations from a small group.
func (c *Core) dropWithdrawn(g *group) {
	if g.flags&heeded == 0 {
		return
	}
	for m := c.membersOf(g); m.left > 0; {
		if s := m.standing(); c.isWithdrawn(s) {
			c.drop(g.target, s)
			c.staged--
			c.remove(g, m.place)
			m = c.membersOf(g) // from the start: places have changed
			continue
		}
		m.advance()
	}
}

// leader returns the place of the best of a group, unless the policy fails.
func (c *Core) leader(r *Rules, x *more, g *group) place {
	m := c.membersOf(g)
	best, at := m.standing(), m.place
	for m.advance(); m.left > 0 && !x.failed(); m.advance() {
		if s := m.standing(); c.beats(r, x, s, best) {
			best, at = s, m.place
		}
	}
	return at
}

// worst returns the place of the last-ranked of a small group besides its
// leader.
func (c *Core) worst(r *Rules, x *more, g *group, leader place) place {
	var worst Standing
	at := nowhere
	for m := c.membersOf(g); m.left > 0 && x.fault == nil; m.advance() {
		if m.place == leader {
			continue
		}
		if s := m.standing(); at == nowhere || !c.beats(r, x, s, worst) {
			worst, at = s, m.place
		}
	}
	return at
}

// putAside defers an operation that was beaten early but need not be told: it
// stands behind the others until the close.
func (c *Core) putAside(g *group, x *more, s Standing) {
	if x.deferred == 0 {
		index, d := c.groups.alloc()
		d.target, d.opened, d.flags = g.target, g.opened, aside
		c.openMore(index, d)
		x.deferred = index + 1
	}
	index := x.deferred - 1
	d := c.groups.at(index)
	c.join(index, d, s)
	g.flags |= d.flags & heeded
}

// bringBack lines the deferred operations of a group up behind the others.
func (c *Core) bringBack(g *group, x *more) {
	if x.deferred == 0 {
		return
	}
	index := x.deferred - 1
	x.deferred = 0
	d := c.groups.at(index)
	for m := c.membersOf(d); m.left > 0; m.advance() {
		s := m.standing()
		c.append(g, s.Ticket, s.ID, s.Priority)
	}
	g.flags |= d.flags & (heeded | gaps)
	c.release(index, d)
}
