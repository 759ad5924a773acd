package shard

// openMore makes what rules need to know about a group.
func (c *Core) openMore(index uint32, g *group) {
	x := c.mores.make(index, c.ranks.nextSerial())
	x.end, x.last = g.due, g.opened
	if g.flags&^ticketed == 0 {
		g.due = x.dueBy(&c.rules[g.rules])
	}
}

// closeEarly closes a window before its time if the arrival of an operation
// asks for it.
func (c *Core) closeEarly(index uint32, g *group, x *more, r *Rules, priority int32, at int64) {
	full := r.Size > 0 && x.arrived >= int64(r.Size)
	decisive := r.decides(priority)
	if !full && !decisive {
		return
	}
	if r.Exclusive {
		h, busy := c.holds[g.target]
		if decisive && r.Preempt && busy && !h.preempted {
			h.preempted = true
			c.setHold(g.target, h)
			if h.held {
				c.preempted = append(c.preempted, Preemption{Target: g.target, Token: h.token})
				c.preemptUntold(h.token)
			}
		}
		if busy {
			c.wait(index, g)
			return
		}
		c.setHold(g.target, hold{}) // until it is decided
	}
	c.table.remove(g.hash, index)
	removed := c.wheel.remove(index)
	g.due = at
	g.flags |= closed
	if removed {
		c.wheel.ready(index)
	}
}

// CloseFired closes the windows whose time has come, all at once, so that operations
// can be staged before these are decided: they open the next ones. It reports false
// if none may be, since that could change a decision: where there are locks, a limit or
// rules that are not calm, or operations that may try again.
func (c *Core) CloseFired() bool {
	if !c.plain() {
		return false
	}
	ahead := c.wheel.fired.head
	for lead, next := 0, c.wheel.fired.head; next != 0; lead-- {
		if lead == 0 {
			ahead, lead, _ = c.warmFired(ahead)
		}
		g := c.groups.at(next - 1)
		if c.mayHaveExtras(g) {
			return false // what was closed so far makes no difference
		}
		if g.flags&closed == 0 {
			c.table.remove(g.hash, next-1)
			g.flags |= closed
		}
		next = g.next
	}
	return true
}

// mayHaveExtras reports whether the Extra of some operation of a group may count. By calm
// rules, a window's due does not change after somebody has entered it.
func (c *Core) mayHaveExtras(g *group) bool {
	return g.flags&heeded != 0 && (g.rules != 0 && !c.calm || g.due <= c.extras)
}

// plain reports whether there is nothing beside windows that close in their time.
func (c *Core) plain() bool {
	return !c.special && (c.calm || len(c.mores.pages) == 0) && c.parked == 0 && c.again.empty()
}

// dueBy returns when a window that is not closed early is to close.
func (x *more) dueBy(r *Rules) int64 {
	if r.Idle == 0 {
		return x.end
	}
	return min(x.end, saturatingAdd(x.last, int64(r.Idle)))
}

// putOff leaves a window open whose time seemed to have come: something arrived
// since, or its target's winner runs. It reports whether it did.
func (c *Core) putOff(index uint32, g *group, x *more, r *Rules) bool {
	if g.due = x.dueBy(r); c.abandoned {
		return false
	}
	if g.flags&readied == 0 && dueTick(g.due) > c.now/int64(Tick) {
		c.wheel.add(index)
		return true
	}
	if !r.Exclusive {
		return false
	}
	if _, busy := c.holds[g.target]; busy {
		c.waits(index, g)
		return true
	}
	return false
}

// preemptUntold says in its decision that a winner is preempted, if it was named in this
// batch: it is not told yet.
func (c *Core) preemptUntold(token uint64) {
	for i := range c.batch {
		if d := &c.batch[i]; d.Token() == token {
			d.Preempted = true
		}
	}
}
