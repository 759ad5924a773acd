package shard

import "github.com/google/uuid"

// entrant is an operation on its way into a window: for the first time, or
// again after a loss.
type entrant struct {
	Standing
	target uuid.UUID
	hash   uint32
	own    int32 // its priority before ageing
	terms  Terms
}

// enterFirst lets a submission in.
func (c *Core) enterFirst(op *queued, id uint64, terms Terms, at int64) {
	e := entrant{
		Standing: Standing{Ticket: op.ticket, ID: id, Priority: op.priority},
		target:   op.target, hash: op.hash &^ hashFlags, own: op.priority, terms: terms,
	}
	c.enter(&e, at)
}

// enter puts an operation that arrives into its target's window, unless a lock
// or the limit keeps it out.
func (c *Core) enter(e *entrant, at int64) {
	if lock := c.locks.masking(&e.target, e.own, at); lock != nil {
		c.dismiss(&Dismissal{Outcome: Masked, Target: e.target, Op: e.Standing, Lock: lock.Name, Opened: at, At: at})
		return
	}
	if !c.makeRoom(e, at) {
		c.dismiss(&Dismissal{Outcome: Displaced, Target: e.target, Op: e.Standing, Opened: at, At: at})
		return
	}
	index, ok := c.table.find(&e.target, e.hash, &c.groups)
	if !ok {
		index = c.open(&e.target, e.hash, e.terms, at)
	}
	g, x := c.groups.at(index), c.mores.at(index)
	c.join(index, g, e.Standing)
	if e.Ticket != nil && e.Ticket.Extra.counts() {
		c.extras = max(c.extras, g.due)
	}
	if x == nil { // opened without rules, which a window keeps: the operation's own do not count
		c.compare(&c.rules[0], g, nil, e.Standing)
		return
	}
	x.arrived++
	x.last = max(x.last, at)
	r := &c.rules[g.rules]
	c.closeEarly(index, g, x, r, e.Priority, at)
	switch { // last, since the user's code may end the goroutine
	case x.fault != nil:
	case r.Early:
		c.contest(g, x, r, at)
	default:
		c.compare(r, g, x, e.Standing)
	}
}

// join adds an operation to a group's.
func (c *Core) join(index uint32, g *group, s Standing) {
	c.staged++
	at := c.append(g, s.Ticket, s.ID, s.Priority)
	if s.Ticket != nil && s.Ticket.heeded() {
		g.flags |= heeded
	}
	if c.config.Limit > 0 {
		c.ranks.add(rank{
			priority: s.Priority, id: s.ID, ticket: s.Ticket != nil,
			group: index, at: at, serial: c.mores.at(index).serial,
		})
	}
}

// compare holds the newest operation of a group against the best so far. If that one
// was removed, the newest stands in its place until the window closes, when who is best
// is found.
func (c *Core) compare(r *Rules, g *group, x *more, s Standing) {
	newest := place(g.last<<2 | (g.count-1)%chunkItems)
	claim := r.claimOf(s)
	if g.count > 1 && g.best != nowhere && !c.overtakes(r, g, x, s, claim) {
		return
	}
	g.best, g.bestPriority = newest, s.Priority
	if x != nil {
		x.deadline = claim.deadline
	}
}

// overtakes is beats for the newest of a group and the best so far, whose memory, which
// is long out of the cache, is read only if the user wants to see it.
func (c *Core) overtakes(r *Rules, g *group, x *more, s Standing, newest claim) bool {
	if r.Order != nil {
		return c.beats(r, x, s, c.at(g, g.best))
	}
	best := claim{priority: g.bestPriority}
	if x != nil {
		best.deadline = x.deadline
	}
	return r.prefers(newest, best)
}
