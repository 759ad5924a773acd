package shard

import (
	"slices"
	"unsafe"
)

// rank is a staged operation in the order in which operations have to make
// room: the lowest priority first, among equals the one that entered last (or
// came back, or was deferred). It does not refer to the operation, which may be
// long gone.
type rank struct {
	entered  uint64
	serial   uint64 // of the group when it entered: another one means it is gone
	id       uint64
	group    uint32
	at       place // where it stood then
	priority int32
	ticket   bool // it has one, so that its id is a sequence
}

func (a *rank) before(b *rank) bool {
	return a.priority < b.priority || a.priority == b.priority && a.entered > b.entered
}

// ranks is a binary heap of the staged operations of a core with a limit.
// Operations that leave are not searched in it: they are recognised as gone
// when they come up, and swept out when they are the half.
type ranks struct {
	heap    []rank
	entered uint64
	serials uint64
}

// nextSerial returns a serial that no group has had, never 0.
func (q *ranks) nextSerial() uint64 {
	q.serials++
	return q.serials
}

func (q *ranks) add(r rank) {
	q.entered++
	r.entered = q.entered
	q.heap = append(q.heap, r)
	q.up(len(q.heap) - 1)
}

func (q *ranks) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.heap[i].before(&q.heap[parent]) {
			return
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *ranks) down(i int) {
	for {
		first := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q.heap); child++ {
			if q.heap[child].before(&q.heap[first]) {
				first = child
			}
		}
		if first == i {
			return
		}
		q.heap[i], q.heap[first] = q.heap[first], q.heap[i]
		i = first
	}
}

func (q *ranks) pop() {
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap[last] = rank{}
	q.heap = q.heap[:last]
	q.down(0)
}

// sweep keeps only what is staged, giving memory back that a burst took.
func (q *ranks) sweep(staged func(*rank) bool) {
	kept := q.heap[:0]
	for i := range q.heap {
		if staged(&q.heap[i]) {
			kept = append(kept, q.heap[i])
		}
	}
	clear(q.heap[len(kept):])
	q.heap = kept
	if cap(kept) > 8*max(len(kept), minSweep) {
		q.heap = slices.Clone(kept)
	}
	for i := len(kept)/2 - 1; i >= 0; i-- {
		q.down(i)
	}
}

func (q *ranks) bytes() int { return cap(q.heap) * int(unsafe.Sizeof(rank{})) }

// sweepRanks sweeps if most of what is ranked is gone.
func (c *Core) sweepRanks() {
	if n := len(c.ranks.heap); n > minSweep && n > 2*c.staged {
		c.ranks.sweep(func(r *rank) bool { _, ok := c.find(r); return ok })
	}
}

// minSweep keeps small heaps from being swept all the time.
const minSweep = 256

// find returns where a ranked operation stands, if it is still staged there.
func (c *Core) find(r *rank) (at place, ok bool) {
	x := c.mores.at(r.group)
	if x == nil || x.serial != r.serial {
		return 0, false
	}
	g := c.groups.at(r.group)
	if !c.moves(g) {
		s := c.at(g, r.at)
		return r.at, !s.empty()
	}
	for m := c.membersOf(g); m.left > 0; m.advance() {
		if s := m.standing(); s.ID == r.id && s.Priority == r.priority && (s.Ticket != nil) == r.ticket {
			return m.place, true
		}
	}
	return 0, false
}

// moves reports whether operations change places in a group: then it is small.
func (c *Core) moves(g *group) bool { return c.rules[g.rules].Early && g.flags&aside == 0 }

// makeRoom removes the lowest-ranked staged operation if the limit is reached
// and the newcomer ranks higher. It reports whether there is room.
func (c *Core) makeRoom(e *entrant, at int64) bool {
	if c.config.Limit == 0 {
		return true
	}
	if c.staged < c.config.Limit {
		return true
	}
	for len(c.ranks.heap) > 0 {
		r := c.ranks.heap[0]
		p, ok := c.find(&r)
		if !ok {
			c.ranks.pop()
			continue
		}
		if e.Priority <= r.priority {
			return false
		}
		c.ranks.pop()
		c.displace(r.group, p, at)
		return true
	}
	return false
}

// displace dismisses a staged operation to make room.
func (c *Core) displace(index uint32, p place, at int64) {
	g := c.groups.at(index)
	opened := g.opened
	if g.flags&parked != 0 {
		opened = at // it stood in no window
	}
	c.dismiss(&Dismissal{Outcome: Displaced, Target: g.target, Op: c.at(g, p), Opened: opened, At: at})
	if c.moves(g) {
		c.remove(g, p)
	} else {
		c.put(g, p, Standing{Ticket: &gone})
		g.flags |= gaps
		c.mores.at(index).gone++
		if g.best == p {
			g.best = nowhere
		}
	}
	c.staged--
	if g.flags&parked != 0 && c.wheel.remove(index) { // else its time has come: there, it is found empty
		c.parked--
		c.release(index, g)
	}
}

// Strict reports whether an operation that arrives may be kept out, by a lock or
// because the limit is reached.
func (c *Core) Strict() bool {
	return c.locks.any() || c.config.Limit > 0 && c.staged >= c.config.Limit
}

// Floor returns the priority that an operation must exceed to be staged while
// the limit is reached.
func (c *Core) Floor() (priority int32, ok bool) {
	if c.config.Limit == 0 || c.staged < c.config.Limit || len(c.ranks.heap) == 0 {
		return 0, false
	}
	return c.ranks.heap[0].priority, true // or lower than any, if that one is gone
}
