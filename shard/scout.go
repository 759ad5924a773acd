package shard

// scoutAhead is how many contenders are looked for together before they are told.
const scoutAhead = 64

// scout goes ahead of telling and touches the tickets that come next, so that the
// processor waits for many of them at once: see warmth. It writes to them, since
// whoever is told will: a line that was fetched to be read must be asked for again
// to be written. It has no say in what is told, nor in which order.
type scout struct {
	begun   bool
	next    int     // decision of the batch
	members members // its contenders that were not looked for yet
	lead    int     // contenders that are to be told before it is needed again
	tickets [scoutAhead]*Ticket
}

// scout is called once for every contender, before it is told.
func (t *telling) scout() {
	s := &t.scouting
	if s.lead > 0 {
		s.lead--
		return
	}
	if !s.begun {
		s.begun, s.next, s.members = true, t.next, t.members
	}
	n := t.gather()
	for _, ticket := range s.tickets[:n] {
		if ticket != nil {
			ticket.touched = true
		}
	}
	s.lead = n - 1
}

// gather collects the next tickets and returns how many. They are touched in a loop
// of their own, which has nothing else to wait for.
func (t *telling) gather() (n int) {
	s := &t.scouting
	m := s.members
	for n < scoutAhead {
		for m.left == 0 {
			if s.next++; s.next >= len(t.batch) {
				s.members = m
				return n
			}
			if d := &t.batch[s.next]; d.listened {
				m = d.members
			}
		}
		s.tickets[n] = m.chunk.tickets[m.slot]
		n++
		m.advance()
	}
	s.members = m
	return n
}

// lookAhead touches the next tickets of a group, which are to be settled. It returns of
// how many members.
func (c *Core) lookAhead(m *members) (n uint32) {
	for ; n < scoutAhead && m.left > 0; n++ {
		if t := m.chunk.tickets[m.slot]; t != nil && t != &gone { // that is every shard's
			t.touched = true
		}
		m.advance()
	}
	return n
}

// glance reads the next tickets of a group, for whoever iterates over it. It does not write
// as lookAhead does: that is the owner's alone, and a hook may hand a decision on. It returns
// of how many members, and a sum, so that the compiler does not leave the reading out.
//
//go:noinline
func (m *members) glance() (n, sum int) {
	for ; n < scoutAhead && m.left > 0; n++ {
		if t := m.chunk.tickets[m.slot]; t != nil && t.Ranked {
			sum++
		}
		m.advance()
	}
	return n, sum
}
