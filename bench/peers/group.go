package peers

import (
	"sync"

	"github.com/google/uuid"
)

// group is the operations of a target in one window, as a chain through them: an
// operation costs no memory beside its own.
type group struct {
	target      uuid.UUID
	first, last *Op
	best        *Op
	bestID      uint64
	priority    int32 // of the best
	count       int32
	due         int64
	next        *group // in a queue of groups
}

// groups are reused over all contestants, and collected when there is no use.
var groups = sync.Pool{New: func() any { return new(group) }}

func newGroup(target uuid.UUID) *group {
	g := groups.Get().(*group)
	*g = group{target: target}
	return g
}

// add appends an operation, the best of which is kept as they come.
func (g *group) add(op *Op, id uint64) {
	op.next = nil
	if g.count == 0 {
		g.first = op
	} else {
		g.last.next = op
	}
	g.last = op
	if g.count == 0 || op.priority > g.priority {
		g.best, g.bestID, g.priority = op, id, op.priority
	}
	g.count++
}

// tell tells all operations of the group.
func (g *group) tell(decided func(first *Op, contenders int)) {
	if decided != nil {
		decided(g.first, int(g.count))
	}
	v := Verdict{WinnerPriority: g.priority, Winner: g.bestID, Contenders: int(g.count)}
	for op := g.first; op != nil; {
		next := op.next // the op is its submitter's as soon as it is told
		v.Won = op == g.best
		op.tell(v)
		op = next
	}
}

// queue is groups in order of their deadlines, which with one length of window is
// the order in which they were opened.
type queue struct{ first, last *group }

func (q *queue) push(g *group) {
	if q.last == nil {
		q.first = g
	} else {
		q.last.next = g
	}
	q.last = g
}

// pop returns the first group if it is due, or nil.
func (q *queue) pop(now int64) *group {
	g := q.first
	if g == nil || g.due > now {
		return nil
	}
	if q.first, g.next = g.next, nil; q.first == nil {
		q.last = nil
	}
	return g
}
