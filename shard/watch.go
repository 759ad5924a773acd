package shard

import (
	"example.com/contend/ring"
	"github.com/google/uuid"
)

// Watcher sees what happens to each operation, in order, on the owner goroutine:
// that it was staged before anything else, and what was decided about it before
// it is told. It must neither block nor panic, and must not keep what it is given
// beyond the call. The user's own hooks have been called before.
type Watcher interface {
	// Watching is asked at the beginning of each of the owner's looks, whether
	// anybody watches until the next. If not, nothing else is called.
	Watching() bool
	// Staged sees an operation that is about to be staged. Its At is its own, or
	// negative: then it was found now.
	Staged(op *Op, sequence uint64, now int64)
	// Withdrawn sees an operation that was found withdrawn.
	Withdrawn(*Withdrawal)
	// Retried sees an operation that lost in a decision and tries again.
	Retried(Retrial, *Decision)
	// Dismissed sees an operation that gets its outcome apart from a decision.
	Dismissed(*Dismissal)
	// Decided sees a group's decision, before anybody of it is told.
	Decided(*Decision)
	// Flush ends a series of calls: what was seen is about to be told.
	Flush()
}

// Withdrawal is an operation that was found withdrawn. Its ticket is its
// submitter's again, so that what it said is kept here.
type Withdrawal struct {
	Target   uuid.UUID
	Sequence uint64
	Priority int32
	Retries  int
	Name     string
	To       Contender
	At       int64
}

// Retrial is an operation that tries again.
type Retrial struct {
	Op      Standing // with the priority that it lost with
	Retries int      // this one included
}

// notice is what there is to be shown besides decisions.
type notice struct {
	kind       noticeKind
	before     int // the decision of the batch that comes after it
	dismissal  int // index in Core.dismissed
	retrial    Retrial
	withdrawal Withdrawal
}

type noticeKind uint8

const (
	noticeWithdrawn noticeKind = iota
	noticeRetried
	noticeDismissed
)

// noteWithdrawn keeps what a withdrawn operation said, before its ticket is
// released.
func (c *Core) noteWithdrawn(target uuid.UUID, s Standing) {
	if !c.watched {
		return
	}
	c.notices = append(c.notices, notice{kind: noticeWithdrawn, before: len(c.batch), withdrawal: Withdrawal{
		Target: target, Sequence: s.ID, Priority: s.Priority, Retries: s.Retries(),
		Name: s.Ticket.Name, To: s.Ticket.To, At: c.now,
	}})
}

// noteRetried notes an operation that tries again because of the decision that is
// about to be added to the batch.
func (c *Core) noteRetried(s Standing, retries int32) {
	if c.watched {
		c.notices = append(c.notices, notice{kind: noticeRetried, before: len(c.batch) + 1,
			retrial: Retrial{Op: s, Retries: int(retries)}})
	}
}

// noteDismissed notes the latest dismissal.
func (c *Core) noteDismissed() {
	if c.watched {
		c.notices = append(c.notices, notice{kind: noticeDismissed, before: len(c.batch), dismissal: len(c.dismissed) - 1})
	}
}

// beginWatching asks whether this look is watched.
func (s *Shard) beginWatching() {
	s.owner.watched = s.config.Watcher != nil && s.config.Watcher.Watching()
	s.owner.core.watched = s.owner.watched
}

// showRun shows operations that are about to be staged.
func (o *owner) showRun(first uint64, run ring.Run[queued]) {
	for i := range run.Len() {
		o.showStaged(o.unpack(first, run, i), first+uint64(i))
	}
	o.unpacked = Op{}
}

// showStaged shows an operation, once, also if the ring hands it out again after a
// panic.
func (o *owner) showStaged(op *Op, sequence uint64) {
	if int64(sequence-o.shown) >= 0 {
		o.shown = sequence + 1
		o.watcher.Staged(op, sequence, o.found)
	}
}

// endWatching hands on what was seen and did not lead to a round.
func (s *Shard) endWatching() {
	if s.owner.watched {
		s.owner.watcher.Flush()
	}
}

// show shows a round to the watcher, in the order in which it came about.
func (s *Shard) show() {
	t, c := &s.owner.telling, s.owner.core
	if t.shown || !s.owner.watched {
		return
	}
	t.shown = true
	w, notices := s.config.Watcher, c.notices
	for i := range t.batch {
		for len(notices) > 0 && notices[0].before <= i {
			s.showNotice(&notices[0])
			notices = notices[1:]
		}
		w.Decided(&t.batch[i])
	}
	for i := range notices {
		s.showNotice(&notices[i])
	}
	w.Flush()
}

func (s *Shard) showNotice(n *notice) {
	w, c := s.config.Watcher, s.owner.core
	switch n.kind {
	case noticeWithdrawn:
		w.Withdrawn(&n.withdrawal)
	case noticeRetried:
		w.Retried(n.retrial, &s.owner.telling.batch[n.before-1])
	case noticeDismissed:
		w.Dismissed(&c.dismissed[n.dismissal])
	}
}
