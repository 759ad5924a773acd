package engine

import (
	"time"

	"github.com/google/uuid"
)

// tale is what a winner says itself: that it started and how it ended. It is made by
// the owner goroutine with the verdict, if anybody watches then; nil says nothing.
type tale struct {
	stream *stream
	index  int
	record record
	ended  atomicUint32 // 1 after the first end, which is the only one that counts
}

// tale begins that of a winner.
func (g *generation) tale(v *Verdict, name, class string, id uuid.UUID) *tale {
	st := g.stream.Load()
	if st == nil {
		return nil
	}
	return &tale{stream: st, index: int(v.Op.Shard), record: record{
		engines: true, outcome: Won, sequence: v.Op.Sequence, id: id, entry: v.EntryID(), name: name, class: class,
		target: v.Target, priority: v.Priority, contenders: int32(v.Contenders), retries: int32(v.Retries),
	}}
}

func (t *tale) started(at int64) {
	if t != nil {
		t.tell(EventStarted, at, 0, nil)
	}
}

// ends says how an execution ended.
func (t *tale) ends(at int64, took time.Duration, cause error) {
	switch {
	case t == nil || !t.ended.CompareAndSwap(0, 1):
	case cause != nil:
		t.tell(EventFailed, at, took, cause)
	default:
		t.tell(EventCompleted, at, took, nil)
	}
}

// stops says that Stop did not wait for the end.
func (t *tale) stops() {
	if t != nil && t.ended.CompareAndSwap(0, 1) {
		t.tell(EventStopped, t.stream.engine.Now(), 0, nil)
	}
}

func (t *tale) tell(kind EventKind, at int64, took time.Duration, cause error) {
	r := t.record
	r.kind, r.at, r.execution, r.err = kind, at, took, cause
	t.stream.push(t.index, &r)
}
