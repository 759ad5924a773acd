package engine

import (
	"fmt"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// Priority ranks the contenders of a target: higher wins. Every int32 is
// valid, the extremes included.
type Priority = shard.Priority

// The named priorities.
const (
	Background = shard.Background
	Low        = shard.Low
	Normal     = shard.Normal
	High       = shard.High
	Critical   = shard.Critical
)

// Mode says whether an operation contends.
type Mode uint8

const (
	// PreECS stages the operation: conflicts are settled before it executes.
	PreECS Mode = iota
	// None executes the operation directly, whoever else is at it.
	None
)

// String returns the mode's name.
func (m Mode) String() string {
	switch m {
	case PreECS:
		return "pre-ECS"
	case None:
		return "none"
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// Op describes an operation for Do, Submit, Contend and Wrap.
type Op struct {
	// Target is what is contended for. The zero UUID means that there is none:
	// the operation is executed directly, like one with Mode None.
	Target uuid.UUID
	// Priority ranks it; the zero value is below Background.
	Priority Priority
	// Window is how long the target collects contenders if this operation is
	// the one that opens its window. Zero means the target's or the engine's
	// (Config.WindowOf, Config.Window).
	Window time.Duration
	// Name is what losers are told about a winner, and what the registry and
	// the log show.
	Name string
	// Type is the operation's class, for the registry.
	Type string
	// ID is the user's own identity for the operation, passed through to the
	// registry. With Config.Lineage no two operations may have the same at a time.
	ID   uuid.UUID
	Mode Mode

	// Deadline is what EarliestDeadline goes by; zero means the deadline of the
	// submitter's context, if it has one. Nothing else depends on it.
	Deadline time.Time
	// Retry lets the operation try again when it lost; zero means not to.
	Retry Retry
	// Parents are the IDs of operations whose highest priority this one inherits
	// if it is higher than its own; see Config.Lineage.
	Parents []uuid.UUID
	// Value is for Rules.Order and Rules.Choose to see; see Standing.Value.
	// That of a withdrawn operation is held until its window closes, or its pause
	// before a retry is over.
	Value any
}

// contends reports whether the operation is staged rather than executed.
func (op *Op) contends() bool { return op.Mode == PreECS && op.Target != uuid.Nil }

func (op *Op) validate() error {
	if op.Mode > None {
		return &InvalidError{"Op.Mode", op.Mode, "PreECS or None"}
	}
	if op.Window < 0 {
		return &InvalidError{"Op.Window", op.Window, "a positive duration, or 0 for the engine's window"}
	}
	if op.Window > shard.MaxWindow {
		return &InvalidError{"Op.Window", op.Window, atMostWindow}
	}
	return validateRetry("Op.Retry", &op.Retry)
}

// The vocabulary of the lean path, where the engine allocates nothing, is the
// shard's own.
type (
	// OpID identifies an accepted operation; see shard.OpID.
	OpID = shard.OpID
	// Ticket is a contender's memory, owned by the submitter; see shard.Ticket.
	Ticket = shard.Ticket
	// Extra is what only some operations need of their ticket; see shard.Extra.
	Extra = shard.Extra
	// Contender is told its verdict on the shard's goroutine; see
	// shard.Contender.
	Contender = shard.Contender
	// Verdict is what one operation is told; see shard.Verdict.
	Verdict = shard.Verdict
	// Decision is the outcome of one group; see shard.Decision.
	Decision = shard.Decision
	// Outcome is what became of an operation; see shard.Outcome.
	Outcome = shard.Outcome
)

// The outcomes of a Verdict.
const (
	Won     = shard.Won
	Lost    = shard.Lost
	Stopped = shard.Stopped

	Folded    = shard.Folded
	Masked    = shard.Masked
	Displaced = shard.Displaced
	Faulted   = shard.Faulted
	Cleared   = shard.Cleared
)
