package engine

import "example.com/contend/shard"

// witness makes events of what a shard's owner shows it, on the owner goroutine. It
// is the only one to say that an operation was staged and what was decided: so that
// comes before anything a winner says.
type witness struct {
	gen     *generation
	index   int
	stream  *stream // as of this look
	kinds   kindSet // that it wants
	pending []record
}

// witnessed is for how many events a witness waits before it hands them on.
const witnessed = 64

// Watching is asked at the beginning of each look. While nobody watches, this is
// all that events cost.
func (w *witness) Watching() bool {
	w.stream = w.gen.stream.Load()
	if w.stream == nil {
		w.pending = nil
		return false
	}
	w.kinds = w.stream.wanted()
	return true
}

// add returns a record to be filled in.
func (w *witness) add(kind EventKind, at int64) *record {
	if len(w.pending) >= witnessed {
		w.Flush()
	}
	if w.pending == nil {
		w.pending = make([]record, 0, witnessed)
	}
	w.pending = append(w.pending, record{kind: kind, at: at})
	return &w.pending[len(w.pending)-1]
}

// Flush hands on what was collected.
func (w *witness) Flush() {
	if len(w.pending) > 0 {
		w.stream.pushAll(w.index, w.pending)
		clear(w.pending)
		w.pending = w.pending[:0]
	}
}

func (w *witness) Staged(op *shard.Op, sequence uint64, now int64) {
	if !w.kinds.has(EventStaged) {
		return
	}
	if op.At >= 0 {
		now = op.At
	}
	r := w.add(EventStaged, now)
	r.target, r.priority, r.sequence = op.Target, op.Priority, op.Tag
	if t := op.Ticket; t != nil {
		r.sequence, r.name = sequence, t.Name
		r.describe(t.To)
	}
}

func (w *witness) Withdrawn(x *shard.Withdrawal) {
	if !w.kinds.has(EventWithdrawn) {
		return
	}
	r := w.add(EventWithdrawn, x.At)
	r.target, r.sequence, r.priority = x.Target, x.Sequence, x.Priority
	r.retries, r.name = int32(x.Retries), x.Name
	r.describe(x.To)
}

func (w *witness) Retried(x shard.Retrial, d *Decision) {
	if !w.kinds.has(EventRetried) {
		return
	}
	r := w.member(EventRetried, d, x.Op)
	r.retries = int32(x.Retries)
	r.lostTo(d)
}

func (w *witness) Dismissed(d *shard.Dismissal) {
	kind := EventRejected
	switch d.Outcome {
	case Faulted:
		kind = EventFailed
	case Stopped:
		kind = EventStopped
	}
	if !w.kinds.has(kind) {
		return
	}
	r := w.standing(kind, d.At, d.Op)
	r.target, r.outcome, r.retries = d.Target, d.Outcome, int32(d.Retries)
	r.contenders = int32(d.Contenders)
	switch d.Outcome {
	case Lost:
		r.early, r.winner = true, true
		r.winnerSequence, r.winnerPriority, r.winnerName = d.Leader.ID, d.Leader.Priority, d.LeaderName
	case Masked:
		r.winnerName = d.Lock
	case Faulted:
		r.err = ErrUndecided
		if d.Fault != nil {
			r.err = d.Fault
		}
	}
}

// Decided makes the events of a group: that there was a conflict, then what becomes
// of everybody but the winner, who says so itself if it is the engine's.
func (w *witness) Decided(d *Decision) {
	if d.Conflict() && w.kinds.has(EventConflict) {
		r := w.member(EventConflict, d, d.Winner)
		r.number = d.Number
		r.lostTo(d)
	}
	const told = 1<<EventStarted | 1<<EventRejected | 1<<EventFailed | 1<<EventFolded | 1<<EventStopped
	if w.kinds&told == 0 {
		return
	}
	for m := range d.All() {
		w.outcome(d, m)
	}
}

// outcome makes the event of one of a group.
func (w *witness) outcome(d *Decision, m shard.Standing) {
	outcome := d.OutcomeOf(m)
	kind := [...]EventKind{
		Won: EventStarted, Lost: EventRejected, Stopped: EventStopped, Folded: EventFolded, Faulted: EventFailed,
	}[outcome]
	if !w.kinds.has(kind) || outcome == Won && engines(m) {
		return
	}
	r := w.member(kind, d, m)
	r.outcome = outcome
	switch outcome {
	case Won:
		r.number = d.Number
	case Lost, Folded:
		r.lostTo(d)
	case Faulted:
		r.err = d.Fault()
	}
}

// engines reports whether the engine executes an operation.
func engines(m shard.Standing) bool {
	if m.Ticket == nil {
		return false
	}
	_, ok := m.Ticket.To.(described)
	return ok
}

// standing begins the record of an operation that is still staged.
func (w *witness) standing(kind EventKind, at int64, m shard.Standing) *record {
	r := w.add(kind, at)
	r.sequence, r.priority = m.ID, m.Priority
	if m.Ticket != nil {
		r.name = m.Ticket.Name
		r.describe(m.Ticket.To)
	}
	return r
}

// member begins the record of one of a group.
func (w *witness) member(kind EventKind, d *Decision, m shard.Standing) *record {
	r := w.standing(kind, d.Closed, m)
	r.target, r.contenders, r.retries = d.Target, int32(d.Contenders), int32(m.Retries())
	return r
}

// lostTo says who won.
func (r *record) lostTo(d *Decision) {
	r.winner = true
	r.winnerSequence, r.winnerNumber = d.Winner.ID, d.Number
	r.winnerPriority, r.winnerName = d.Winner.Priority, d.WinnerName
}
