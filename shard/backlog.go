package shard

import "example.com/contend/ring"

// Refusable is told that an operation which was left with StageLater is refused after
// all: with ErrClosed or ErrOverloaded, instead of a verdict.
type Refusable interface {
	// Refused is called on the shard's goroutine, as Contender.Decided is.
	Refused(err error)
}

// backlog is what waits for room in the ring without its submitters: they wait for
// the verdict instead.
type backlog struct {
	mu     mutex
	ops    []Op
	closed bool // nothing is taken in any more
}

// add puts an operation in line, and announces it in the room: not before, or the owner
// would take it for one that parks there. It reports false if the backlog is closed,
// and whether it is the first.
func (b *backlog) add(op *Op, room *ring.Room) (first, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, false
	}
	room.Enter() // newcomers leave it a slot
	b.ops = append(b.ops, *op)
	return len(b.ops) == 1, true
}

func (b *backlog) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.ops)
}

// take empties the line, for good if it is closed with that.
func (b *backlog) take(closes bool) []Op {
	b.mu.Lock()
	defer b.mu.Unlock()
	ops := b.ops
	b.ops = nil
	b.closed = b.closed || closes
	return ops
}

// StageLater is Stage for a submitter that waits for the verdict anyway, and whose
// ticket's To is Refusable. Where the ring is full it leaves the operation with the
// owner, who submits it as soon as there is room; the operation's place in the order
// of submission is where the owner puts it. So a submitter parks once, not twice:
// 300,000 that come at once would spend most of their time in the waiting room.
// Whoever withdraws the ticket meanwhile is told nothing, as after Stage. Safe for
// concurrent use.
func (s *Shard) StageLater(op *Op) error {
	_, err := s.Stage(op)
	if err != ErrFull {
		return err
	}
	if !op.Begin() {
		return ErrInUse
	}
	op.At = unstamped
	first, ok := s.backlog.add(op, s.room)
	if !ok {
		if !op.cancel() {
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
	if len(o.backlog) == 0 {
		if o.backlog = s.backlog.take(false); len(o.backlog) == 0 {
			return
		}
	}
	n := 0
	for share := s.backlogShare(); n < len(o.backlog); n++ {
		op := &o.backlog[n]
		err := s.refusal(op.Priority)
		if op.withdrawn() {
			err = ErrGaveUp // else it could open a window that nobody wants any more
		}
		if err == nil && share == 0 {
			break
		}
		if err == nil {
			var position uint64
			if position, err = s.ring.Push(op); err == nil {
				share, o.pushed = share-1, position+1
			}
		}
		if err == ErrFull {
			break
		}
		s.room.Leave()
		if err != nil {
			s.turnAway(op, err)
		}
	}
	clear(o.backlog[:n])
	if o.backlog = o.backlog[n:]; len(o.backlog) == 0 {
		o.backlog = nil
	}
}

// backlogShare returns how many slots the backlog may take: half of them if that many
// producers are parked in the room, and the odd one unless it had the last. Else who
// parks would wait until nobody leaves anything here.
func (s *Shard) backlogShare() int {
	o := &s.owner
	parked := s.room.Waiting() // first, so that whoever is left here meanwhile does not count
	parked -= len(o.backlog) + s.backlog.len()
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
	left := o.backlog
	o.backlog = nil
	for _, ops := range [][]Op{left, s.backlog.take(true)} {
		for i := range ops {
			s.room.Leave()
			s.turnAway(&ops[i], ErrClosed)
		}
	}
}

// turnAway refuses an operation, which is told unless it was withdrawn.
func (s *Shard) turnAway(op *Op, err error) {
	if op.cancel() {
		op.Ticket.To.(Refusable).Refused(err)
	} else {
		s.tally.gaveUp.Add(1)
	}
}
