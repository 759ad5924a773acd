package shard

import "github.com/google/uuid"

// group is the open window of one target: two cache lines, the second of which
// is the first chunk of its operations. Three contenders cost 128 bytes here
// and 16 to 64 in the table. What only rules need is beside it, in more.
type group struct {
	target       uuid.UUID
	opened       int64
	due          int64 // when the wheel fires it
	hash         uint32
	next, prev   uint32 // wheel: index+1 of its neighbours in a chain
	count        uint32 // operations in the chunks
	last         uint32 // index+1 of the last chunk; 0: first
	best         place  // of the best so far, or nowhere
	bestPriority int32
	slot         uint16 // wheel: where it is
	rules        uint8  // index of its rules
	flags        flags

	first chunk
}

// flags are what is special about a group.
type flags uint8

const (
	// heeded: some of its tickets have to be read at the decision.
	heeded flags = 1 << iota
	// gaps: operations are gone from its chunks.
	gaps
	// parked: no window, but one operation that waits to enter one.
	parked
	// closed: left the table before it was decided.
	closed
	// overdue: its time has come, but its target's winner runs.
	overdue
	// readied: was overdue, and may be decided now.
	readied
	// aside: no window, but the deferred operations of one.
	aside
	// ticketed: some of its operations have a ticket, or had one. Nothing special.
	ticketed
)

// place is where an operation stands in its group: index+1 of its chunk (0 is
// the group's first), and the position in there in the two lowest bits.
type place uint32

// nowhere is the best of a group that lost its best.
const nowhere = ^place(0)

// gone stands in the place of an operation that left its group early.
var gone Ticket

// append adds an operation at the end of a group and returns its place.
func (c *Core) append(g *group, t *Ticket, id uint64, priority int32) place {
	slot := g.count % chunkItems
	ch := &g.first
	if g.last != 0 {
		ch = c.chunks.at(g.last - 1)
	}
	if slot == 0 && g.count > 0 {
		ch, g.last = c.chunks.follow(ch, g.last, g.count)
	}
	ch.tickets[slot], ch.ids[slot], ch.priorities[slot] = t, id, priority
	if t != nil {
		g.flags |= ticketed
	}
	g.count++
	return place(g.last<<2 | slot)
}

// at returns the operation at a place.
func (c *Core) at(g *group, p place) Standing {
	ch, slot := c.locate(g, p)
	return Standing{Ticket: ch.tickets[slot], ID: ch.ids[slot], Priority: ch.priorities[slot]}
}

// put replaces the operation at a place.
func (c *Core) put(g *group, p place, s Standing) {
	ch, slot := c.locate(g, p)
	ch.tickets[slot], ch.ids[slot], ch.priorities[slot] = s.Ticket, s.ID, s.Priority
}

func (c *Core) locate(g *group, p place) (ch *chunk, slot place) {
	ch = &g.first
	if p>>2 != 0 {
		ch = c.chunks.at(uint32(p>>2) - 1)
	}
	return ch, p & 3
}

// release gives a group and its chunks back.
func (c *Core) release(index uint32, g *group) {
	c.mores.release(index)
	c.chunks.release(g.first.next)
	c.groups.release(index)
}

// empty reports whether nothing stands in a place any more.
func (s *Standing) empty() bool { return s.Ticket == &gone }

// remove takes the operation at a place of a small group out and closes the
// ranks behind it.
func (c *Core) remove(g *group, p place) {
	to := c.membersOf(g)
	for from := to; from.left > 0; from.advance() {
		if from.place == p {
			continue
		}
		to.set(from.standing())
		to.advance()
	}
	to.set(Standing{})
	g.count--
	c.trim(g)
}

// trim gives the chunks back that a group of fewer operations does not need, so
// that append finds the last one.
func (c *Core) trim(g *group) {
	ch := &g.first
	g.last = 0
	for left := g.count; left > chunkItems; left -= chunkItems {
		g.last = c.chunks.after(ch, g.last)
		ch = c.chunks.at(g.last - 1)
	}
	c.chunks.cut(ch, g.last)
}

// members walks over the operations of a group, in order.
type members struct {
	core  *Core
	chunk *chunk
	slot  uint32
	place place
	left  uint32
}

func (c *Core) membersOf(g *group) members {
	return members{core: c, chunk: &g.first, left: g.count}
}

func (m *members) standing() Standing {
	return Standing{
		Ticket:   m.chunk.tickets[m.slot],
		ID:       m.chunk.ids[m.slot],
		Priority: m.chunk.priorities[m.slot],
	}
}

func (m *members) set(s Standing) {
	m.chunk.tickets[m.slot], m.chunk.ids[m.slot], m.chunk.priorities[m.slot] = s.Ticket, s.ID, s.Priority
}

func (m *members) advance() {
	m.left--
	m.slot++
	m.place++
	if m.slot == chunkItems && m.left > 0 {
		next := m.core.chunks.after(m.chunk, uint32(m.place>>2))
		m.chunk, m.slot, m.place = m.core.chunks.at(next-1), 0, place(next<<2)
	}
}
