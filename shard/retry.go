package shard

import "math"

// triesAgain reports whether an operation enters its target's next window if it
// loses this one.
func (c *Core) triesAgain(s Standing) bool {
	x := s.extra()
	return x != nil && int(x.retries) < x.Retry.Limit && !c.closing
}

// tryAgain ages an operation that lost and sends it on to the next window, at
// once or after its pause.
func (c *Core) tryAgain(g *group, s Standing) {
	x := s.extra()
	x.retries++
	c.noteRetried(s, x.retries)
	s.Priority = aged(s.Priority, x.Retry.Step)
	e := entrant{Standing: s, target: g.target, hash: g.hash, own: x.own, terms: x.terms}
	if pause := x.Retry.after(x.retries); pause > 0 {
		c.park(&e, saturatingAdd(c.now, pause))
		return
	}
	c.again.push(e)
	c.staged++
}

// aged adds a step to a priority, as far as there is one.
func aged(priority int32, step Priority) int32 {
	sum := int64(priority) + int64(step)
	return int32(max(math.MinInt32, min(math.MaxInt32, sum)))
}

// park keeps an operation in the wheel until it may enter a window again.
func (c *Core) park(e *entrant, until int64) {
	index, g := c.groups.alloc()
	g.target, g.hash, g.flags = e.target, e.hash, parked
	g.opened, g.due = c.now, until
	if c.config.Limit > 0 {
		c.openMore(index, g)
	}
	c.parked++
	c.join(index, g, e.Standing)
	c.wheel.add(index)
}

// unpark lets the operation of a parked record enter. What could fail, reading the
// submitter's memory, comes first: until then the record is the current one, which is
// condemned if it does.
func (c *Core) unpark(index uint32, g *group) {
	e := entrant{Standing: c.at(g, 0), target: g.target, hash: g.hash}
	gone := e.empty() // it made room meanwhile, or was cleared
	withdrawn := false
	if !gone {
		x := e.extra()
		e.own, e.terms = x.own, x.terms
		withdrawn = c.isWithdrawn(e.Standing)
	}
	c.parked--
	c.current = 0
	c.release(index, g)
	if gone {
		return
	}
	c.staged--
	if withdrawn {
		c.drop(e.target, e.Standing)
		return
	}
	c.enterOnceMore(&e)
}

// enterOnceMore lets an operation in that was in before.
func (c *Core) enterOnceMore(e *entrant) {
	c.entering, c.enters = *e, true
	c.enter(e, c.now)
	c.entering, c.enters = entrant{}, false
}

// enterAgain lets the operations enter that lost the last decided group and try
// again without a pause.
func (c *Core) enterAgain() {
	for {
		e, ok := c.again.pop()
		if !ok {
			return
		}
		c.staged--
		c.enterOnceMore(&e)
	}
}

// queue is a list of entrants, first in, first out.
type queue struct {
	entrants []entrant
	next     int
}

func (q *queue) empty() bool { return q.next == len(q.entrants) }

func (q *queue) push(e entrant) { q.entrants = append(q.entrants, e) }

func (q *queue) pop() (e entrant, ok bool) {
	if q.next == len(q.entrants) {
		return e, false
	}
	e, q.entrants[q.next] = q.entrants[q.next], e
	if q.next++; q.next == len(q.entrants) {
		q.entrants, q.next = q.entrants[:0], 0
		if cap(q.entrants) > batchSize {
			q.entrants = nil
		}
	}
	return e, true
}
