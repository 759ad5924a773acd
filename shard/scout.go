package shard

// scoutAhead is how many contenders are looked at together before they are told.
const scoutAhead = 64

// scout goes ahead of telling and touches the tickets that come next, so that the
// processor waits for many of them at once: see warmth. It has nothing to say to
// what is told, nor in which order.
type scout struct {
	begun   bool
	next    int     // decision of the batch
	members members // its contenders that were not looked at yet
	lead    int     // contenders that are to be told before it is needed again
	sink    bool    // what was loaded goes here, so that the loads are not left out
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
	n := 0
	m := s.members
	for n < scoutAhead {
		for m.left == 0 {
			if s.next++; s.next >= len(t.batch) {
				break
			}
			if d := &t.batch[s.next]; d.listened {
				m = d.members
			}
		}
		if m.left == 0 {
			break
		}
		s.tickets[n] = m.chunk.tickets[m.slot]
		n++
		m.advance()
	}
	s.members = m
	sink := false
	for _, ticket := range s.tickets[:n] {
		if ticket != nil {
			sink = sink != ticket.Withdrawable
		}
	}
	s.lead = n - 1
	s.sink = sink
}
