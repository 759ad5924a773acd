package engine

import (
	"context"

	"github.com/google/uuid"
)

// label is what is known about an operation once it is submitted.
type label struct {
	Name, Type string
	ID         uuid.UUID // the user's
	Target     uuid.UUID
	Priority   Priority
}

func (op *Op) label() label {
	return label{Name: op.Name, Type: op.Type, ID: op.ID, Target: op.Target, Priority: op.Priority}
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
	return max(1, int64(at.Sub(e.epoch)))
}

// verdictError returns the error of an operation that did not win.
func (e *Engine) verdictError(op label, v *Verdict, rank int) error {
	switch v.Outcome {
	case Stopped:
		return &StoppedError{Accepted: true}
	case Masked:
		return &MaskedError{ID: v.Op, Target: v.Target, Name: op.Name, Priority: op.Priority, Lock: v.Lock, Retries: v.Retries}
	case Displaced:
		return &OverloadedError{Shard: int(v.Op.Shard), Staged: e.config.MaxStaged, Limit: e.config.MaxStaged, Displaced: true,
			ID: v.Op, Target: v.Target, Name: op.Name, Retries: v.Retries}
	case Cleared:
		return &ClearedError{ID: v.Op, Target: v.Target, Name: op.Name, Priority: op.Priority, Retries: v.Retries}
	case Faulted:
		return &UndecidedError{ID: v.Op, Target: v.Target, Name: op.Name, Cause: v.Fault}
	}
	return &RejectedError{
		ID: v.Op, Target: v.Target, Name: op.Name, Priority: Priority(v.Priority),
		Winner: Winner{
			ID: v.Winner, EntryID: v.EntryID(), Name: v.WinnerName, Priority: Priority(v.WinnerPriority),
		},
		Contenders: v.Contenders, Rank: rank, Age: v.Age(), Retries: v.Retries, Early: v.Early,
	}
}
