package shard

import "example.com/contend/ring"

// Refusable is told that an operation which was left with StageLater is refused after
// all: with ErrClosed or ErrOverloaded, instead of a verdict.
type Refusable interface {
	// Refused is called on the shard's goroutine, as Contender.Decided is.
	Refused(err error)
}

// Deferrable is an operation in memory that can be left with StageLater. It is the
// shard's until the operation was told its verdict or refused; of one that was
// withdrawn, until its ticket is not in use any more.
type Deferrable struct {
	Op

	// next publishes nothing: the swap of backlog.last does. It is the submitter's
	// until then, and the one that was left before this one; afterwards the owner's.
	next *Deferrable
}

// backlog is what waits for room in the ring without its submitters: they wait for
// the verdict instead. It is a list in their memory, onto whose end they swap
// themselves; the owner takes all of it at once. (A slice under a lock cost 0.6 µs an
// operation with 300,000 of them, half of it for waiting and growing.)
type backlog struct {
	// last publishes all that was left to the owner; noMore when it is closed.
	last atomicPointer[Deferrable]

	// waiting is how many are in the list, or were taken and are not submitted yet: so
	// the owner tells them from those who park in the room. It publishes nothing.
	waiting atomicInt64
}

// noMore is where a closed backlog ends.
var noMore Deferrable

// add puts an operation in line, and announces it in the room, so that newcomers leave
// it a slot. It reports false if the backlog is closed, and whether it is the first.
func (b *backlog) add(d *Deferrable, room *ring.Room) (first, ok bool) {
	b.waiting.Add(1) // before the room, or the owner would take it for one that parks there
	room.Enter()
	for {
		last := b.last.Load()
		if last == &noMore {
			d.next = nil // of an earlier try
			b.leave(room)
			return false, false
		}
		d.next = last
		if b.last.CompareAndSwap(last, d) {
			return last == nil, true
		}
	}
}

// leave takes one out that was added.
func (b *backlog) leave(room *ring.Room) {
	room.Leave()
	b.waiting.Add(-1) // behind the room, for the same reason
}

// take empties the line, for good if it is closed with that, and returns the first.
func (b *backlog) take(closes bool) (first *Deferrable) {
	var end *Deferrable
	if closes {
		end = &noMore
	}
	for d := b.last.Swap(end); d != nil && d != &noMore; {
		before := d.next
		d.next, first = first, d
		d = before
	}
	return first
}

// StageLater is Stage for a submitter that waits for the verdict anyway, and whose
// ticket's To is Refusable. Where the ring is full it leaves the operation with the
// owner, who submits it as soon as there is room; the operation's place in the order
// of submission is where the owner puts it. So a submitter parks once, not twice:
// 300,000 that come at once would spend most of their time in the waiting room.
// Whoever withdraws the ticket meanwhile is told nothing, as after Stage. Safe for
// concurrent use.
func (s *Shard) StageLater(d *Deferrable) error {
	_, err := s.Stage(&d.Op)
	if err != ErrFull {
		return err
	}
	if !d.Begin() {
		return ErrInUse
	}
	d.At = unstamped
	first, ok := s.backlog.add(d, s.room)
	if !ok {
		if !d.cancel() {
			return ErrGaveUp
		}
		return ErrClosed
	}
	if first {
		s.bell.Ring()
	}
	return nil
}

// takeBacklog submits what waits for room, as far as there is any.
func (s *Shard) takeBacklog() {
	o := &s.owner
	if s.room.Waiting() == 0 {
		return
	}
	if o.backlog == nil {
		o.backlog = s.backlog.take(false)
	}
	for share := s.backlogShare(); o.backlog != nil; {
		d := o.backlog
		err := s.refusal(d.Priority)
		if d.withdrawn() {
			err = ErrGaveUp // else it could open a window that nobody wants any more
		}
		if err == nil && share == 0 {
			return
		}
		if err == nil {
			var position uint64
			if position, err = s.ring.Push(&d.Op); err == nil {
				share, o.pushed = share-1, position+1
			}
		}
		if err == ErrFull {
			return
		}
		s.letGo(d, err)
	}
}

// letGo lets go of the first of the owner's backlog, which was submitted, or is told
// that it is refused.
func (s *Shard) letGo(d *Deferrable, err error) {
	s.owner.backlog, d.next = d.next, nil // first: who is told may use it again
	s.backlog.leave(s.room)
	switch {
	case err == nil:
	case d.cancel():
		s.turnAway(d.Ticket.To.(Refusable), err)
	default:
		s.tally.gaveUp.Add(1)
	}
}

// turnAway tells somebody that there was no room. A panic of the user's is an incident.
func (s *Shard) turnAway(who Refusable, err error) {
	defer s.guard()
	who.Refused(err)
}

// backlogShare returns how many slots the backlog may take: half of them if that many
// producers are parked in the room, and the odd one unless it had the last. Else who
// parks would wait until nobody leaves anything here.
func (s *Shard) backlogShare() int {
	o := &s.owner
	parked := s.room.Waiting() // first, so that whoever is left here meanwhile does not count
	parked -= int(s.backlog.waiting.Load())
	if parked <= 0 {
		return s.ring.Cap()
	}
	free := s.ring.Cap() - s.ring.Len()
	theirs := free / 2
	if s.ring.Tail() == o.pushed {
		theirs = (free + 1) / 2
	}
	return free - min(parked, theirs)
}

// withdrawn reports whether an operation's submitter gave up. Owner goroutine only.
func (op *Op) withdrawn() bool {
	return op.Hash&heedBit != 0 && op.Ticket.Withdrawable && op.Ticket.isWithdrawn()
}

// closeBacklog refuses what is left. The ring must be closed.
func (s *Shard) closeBacklog() {
	o := &s.owner
	for closed := false; o.backlog != nil || !closed; {
		if o.backlog == nil {
			o.backlog, closed = s.backlog.take(true), true
			continue
		}
		s.letGo(o.backlog, ErrClosed)
	}
}
