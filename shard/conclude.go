package shard

// decideByRules decides a group whose time has come, or puts it off. For parked
// operations it is the time to enter.
func (c *Core) decideByRules(index uint32, g *group) {
	c.current, c.walk = index+1, walk{g.count, g.count}
	if g.flags&parked != 0 && !c.abandoned {
		c.unpark(index, g)
		return
	}
	r, x := &c.rules[g.rules], c.mores.at(index)
	if g.flags&(closed|parked) == 0 {
		if x != nil && c.putOff(index, g, x, r) {
			return
		}
		c.table.remove(g.hash, index)
	}
	intact := c.gather(g, x)
	c.conclude(index, g, intact)
}

// gather closes the ranks over everybody who does not contend after all:
// withdrawn, displaced, masked. It reports whether there was nobody. From here
// on only operations that would try again can be withdrawn.
func (c *Core) gather(g *group, x *more) (intact bool) {
	if x != nil && x.deferred != 0 {
		c.bringBack(g, x)
	}
	if g.flags&(heeded|gaps) == 0 && !c.locks.any() {
		c.staged -= int(g.count)
		return true
	}
	to := c.membersOf(g)
	before := g.count
	c.walk = walk{size: before}
	g.count = 0
	ahead, lead := to, uint32(0)
	c.settled += int(before)
	for from := to; from.left > 0; from.advance() {
		if lead == 0 {
			lead = c.lookAhead(&ahead)
		}
		lead--
		c.walk.from = before - from.left
		s := from.standing()
		if s.empty() {
			continue
		}
		c.staged--
		if !c.remains(g, s) {
			continue
		}
		if to.place != from.place {
			to.set(s)
		}
		to.advance()
		g.count++
	}
	return g.count == before
}

// remains reports whether an operation contends now that its window closes.
func (c *Core) remains(g *group, s Standing) bool {
	if c.locks.any() && !c.abandoned {
		if lock := c.locks.masking(&g.target, s.own(), c.now); lock != nil {
			c.dismiss(&Dismissal{Outcome: Masked, Target: g.target, Op: s, Lock: lock.Name, Opened: g.opened, At: c.now})
			return false
		}
	}
	stands := false
	if c.triesAgain(s) {
		stands = !c.isWithdrawn(s)
	} else {
		stands = c.settles(s)
	}
	if !stands {
		c.drop(g.target, s)
	}
	return stands
}

// conclude names the winner of a gathered group and says what becomes of the
// others.
func (c *Core) conclude(index uint32, g *group, intact bool) {
	x := c.mores.at(index)
	at, winner := nowhere, Standing{}
	c.walk = walk{g.count, g.count}
	if !c.abandoned {
		c.deciding = index + 1
		at = c.pick(g, x, intact)
		c.deciding = 0
	}
	if at != nowhere {
		winner = c.at(g, at)
	}
	c.keepFault(x)
	folded, retried := c.dispose(g, at)
	if g.count == 0 {
		c.undecided(g)
		c.release(index, g)
		return
	}
	d := c.announce(index, g, winner)
	d.Folded, d.Retried = folded, retried
	d.Contenders += retried
	if x == nil {
		return
	}
	d.Early, d.fault = int(x.dismissed), x.fault
	d.Contenders += int(x.dismissed)
	if g.flags&closed != 0 {
		d.Closed = max(d.Closed, g.due)
	}
	if at == nowhere {
		c.undecided(g)
	} else if c.rules[g.rules].Exclusive {
		d.Preempted = c.hold(g.target, d.Token())
	}
}

// resume goes on with a group whose policy ended the goroutine.
func (c *Core) resume() {
	if c.deciding > 0 {
		index := c.deciding - 1
		c.current = index + 1
		c.conclude(index, c.groups.at(index), false) // at fault: nobody is asked
		c.current = 0
	}
}

// pick returns where the winner stands, or nowhere.
func (c *Core) pick(g *group, x *more, intact bool) place {
	for g.count > 0 {
		if x.failed() {
			return nowhere
		}
		at := c.bestOf(g, x, intact)
		if at == nowhere {
			return nowhere
		}
		// One that would try again has not been settled.
		winner := c.at(g, at)
		if !c.triesAgain(winner) || c.settles(winner) {
			return at
		}
		c.drop(g.target, winner)
		c.remove(g, at)
		intact = false
		c.walk = walk{g.count, g.count}
	}
	return nowhere
}

// bestOf returns where the best of a group stands, or nowhere if the policy
// fails.
func (c *Core) bestOf(g *group, x *more, intact bool) place {
	r := &c.rules[g.rules]
	switch {
	case r.Choose != nil:
		return c.chosen(g, x, r)
	case intact && !r.Early && g.best != nowhere:
		return g.best
	}
	at := c.leader(r, x, g)
	if x.failed() {
		return nowhere
	}
	return at
}

// chosen lets the user's function choose.
func (c *Core) chosen(g *group, x *more, r *Rules) place {
	group := make([]Standing, 0, g.count)
	places := c.membersOf(g)
	for m := places; m.left > 0; m.advance() {
		group = append(group, m.standing())
	}
	chosen := c.choose(r, x, group)
	if x.fault != nil {
		return nowhere
	}
	for range chosen {
		places.advance()
	}
	return places.place
}

// dispose takes those out of a group who are not told now: operations that try
// again. Without a winner nobody does. It returns how many are folded into the
// winner and how many try again.
func (c *Core) dispose(g *group, winner place) (folded, retried int) {
	if !c.mayHaveExtras(g) {
		return 0, 0
	}
	var fold *Fold
	if winner != nowhere {
		fold = c.at(g, winner).fold()
	}
	to := c.membersOf(g)
	before := g.count
	c.walk = walk{size: before}
	g.count = 0
	for from := to; from.left > 0; from.advance() {
		c.walk.from = before - from.left
		s := from.standing()
		again := from.place != winner && c.triesAgain(s) // and so is not settled
		folds := from.place != winner && fold != nil && s.fold() == fold
		switch {
		case again && !folds && winner != nowhere:
			c.tryAgain(g, s)
			retried++
			continue
		case again && !c.settles(s):
			c.drop(g.target, s)
			continue
		case folds:
			folded++
		}
		if to.place != from.place {
			to.set(s)
		}
		to.advance()
		g.count++
	}
	return folded, retried
}

// undecided frees the target of a group that was closed early and comes to
// nothing.
func (c *Core) undecided(g *group) {
	if g.flags&closed != 0 && c.rules[g.rules].Exclusive && !c.abandoned {
		c.free(g.target)
	}
}
