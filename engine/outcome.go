package engine

import (
	"context"

	"github.com/google/uuid"
)

// label is what is known about an operation once it is submitted.
type label struct {
	Priority   Priority
	Name, Type string
	ID         uuid.UUID // the user's
	Target     uuid.UUID
}

func (op *Op) label() label {
	return label{Name: op.Name, Type: op.Type, ID: op.ID, Target: op.Target, Priority: op.Priority}
}

// labelled is label for those who keep it.
//
//go:noinline
func labelled(op *Op) *label {
	l := op.label()
	return &l
}

// describe fills a ticket with what there is to know about an operation.
func (e *Engine) describe(ctx context.Context, t *Ticket, op *Op) {
	t.Name, t.Ranked = op.Name, true
	if op.Retry.Limit == 0 && op.Value == nil && !e.rulebook.deadlines {
		return
	}
	if t.Extra == nil {
		t.Extra = new(Extra)
	}
	t.Extra.Retry, t.Extra.Value = op.Retry, op.Value
	if e.rulebook.deadlines {
		t.Extra.Deadline = e.deadlineOf(ctx, op)
	}
}

// deadlineOf returns when an operation should be decided, by the engine's clock;
// 0 if nobody said.
func (e *Engine) deadlineOf(ctx context.Context, op *Op) int64 {
	at := op.Deadline
	if at.IsZero() {
		var ok bool
		if at, ok = ctx.Deadline(); !ok {
			return 0
		}
	}
	if d := int64(at.Sub(e.epoch)); d != 0 {
		return d // negative before New
	}
	return 1
}

// verdictError returns the error of an operation that did not win, given its name and
// its priority without ageing. It must be called from within Contender.Decided.
func (g *generation) verdictError(name string, own Priority, v *Verdict) error {
	switch v.Outcome {
	case Stopped:
		return &StoppedError{Accepted: true, Cause: g.shards[v.Op.Shard].Failure()}
	case Masked:
		return &MaskedError{ID: v.Op, Target: v.Target, Name: name, Priority: own, Lock: v.Lock, Retries: v.Retries}
	case Displaced:
		return &OverloadedError{Shard: int(v.Op.Shard), Staged: g.limit, Limit: g.limit, Displaced: true,
			ID: v.Op, Target: v.Target, Name: name, Retries: v.Retries}
	case Cleared:
		return &ClearedError{ID: v.Op, Target: v.Target, Name: name, Priority: own, Retries: v.Retries}
	case Faulted:
		return &UndecidedError{ID: v.Op, Target: v.Target, Name: name, Cause: v.Fault}
	}
	return &RejectedError{
		ID: v.Op, Target: v.Target, Name: name, Priority: Priority(v.Priority),
		Winner: Winner{
			ID: v.Winner, EntryID: v.EntryID(), Name: v.WinnerName, Priority: Priority(v.WinnerPriority),
		},
		Contenders: v.Contenders, Rank: v.Rank(), Age: v.Age(), Retries: v.Retries, Early: v.Early,
	}
}
