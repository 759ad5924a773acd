package shard

import "github.com/google/uuid"

// chunkItems is how many operations a chunk holds, so that it fills one cache
// line on 64-bit machines.
const chunkItems = 3

// chunk is a run of a group's operations, column by column.
type chunk struct {
	tickets    [chunkItems]*Ticket
	ids        [chunkItems]uint64
	priorities [chunkItems]int32
	next       uint32 // index+1 of the next chunk; 0: none
}

// group is the open window of one target: two cache lines, the second of which
// is the first chunk of its operations. Three contenders cost 128 bytes here
// and 16 to 64 in the table.
type group struct {
	target       uuid.UUID
	opened       int64
	due          int64
	hash         uint32
	next         uint32 // wheel: index+1 of the next group of the slot
	count        uint32 // operations in the chunks
	best         place  // of the best so far
	bestPriority int32
	last         uint32 // index+1 of the last chunk; 0: first
	withdrawable bool   // some of its tickets can be withdrawn

	first chunk
}

// place is where an operation stands in its group: index+1 of its chunk (0 is
// the group's first), and the position in there in the two lowest bits.
type place uint32

// append adds an operation at the end of a group and returns its place.
func (c *Core) append(g *group, t *Ticket, id uint64, priority int32) place {
	slot := g.count % chunkItems
	ch := &g.first
	if g.last != 0 {
		ch = c.chunks.at(g.last - 1)
	}
	if slot == 0 && g.count > 0 {
		index, fresh := c.chunks.alloc()
		ch.next = index + 1
		ch, g.last = fresh, index+1
	}
	ch.tickets[slot], ch.ids[slot], ch.priorities[slot] = t, id, priority
	g.count++
	return place(g.last<<2 | slot)
}

// at returns the operation at a place.
func (c *Core) at(g *group, p place) Standing {
	ch := &g.first
	if p>>2 != 0 {
		ch = c.chunks.at(uint32(p>>2) - 1)
	}
	slot := p & 3
	return Standing{Ticket: ch.tickets[slot], ID: ch.ids[slot], Priority: ch.priorities[slot]}
}

// release gives a group and its chunks back.
func (c *Core) release(index uint32, g *group) {
	for next := g.first.next; next != 0; {
		ch := next - 1
		next = c.chunks.at(ch).next
		c.chunks.release(ch)
	}
	c.groups.release(index)
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
		next := m.chunk.next
		m.chunk, m.slot, m.place = m.core.chunks.at(next-1), 0, place(next<<2)
	}
}

// settle confirms every operation of a group with its submitter's state word,
// closes the ranks over those that were withdrawn and finds the best of the
// rest. From here on nobody can withdraw. It returns how many were withdrawn.
func (c *Core) settle(g *group) (withdrawn int) {
	to := c.membersOf(g)
	count := uint32(0)
	for from := c.membersOf(g); from.left > 0; from.advance() {
		s := from.standing()
		if t := s.Ticket; t != nil && t.Withdrawable && !t.settle() {
			t.release()
			withdrawn++
			continue
		}
		if count == 0 || beats(s.Priority, g.bestPriority) {
			g.best, g.bestPriority = to.place, s.Priority
		}
		if withdrawn > 0 {
			to.set(s)
		}
		to.advance()
		count++
	}
	g.count = count
	return withdrawn
}
