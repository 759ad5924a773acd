package model

import (
	"fmt"

	"github.com/google/uuid"
)

// History is a whole run of an engine as seen from outside, from its start to
// its End, after which nothing may happen any more. All times are nanoseconds of
// one clock, the one that the decisions are dated by.
//
// It is of plain windows: with lengths of their own, with withdrawal and with
// stops, but without rules, locks and limits. Operations that do not contend
// are not part of it.
type History struct {
	Attempts   []Attempt
	Rulings    []Ruling // those of one target in the order in which they became known
	Entries    []Entry
	Executions []Execution
	End        int64

	// Tick is the resolution of deadlines, Late by how much more than one tick
	// everything may be late; 0 if that is not to be checked.
	Tick, Late int64
}

// Attempt is a submission and what its submitter knows about it.
type Attempt struct {
	ID       uint64 // not 0, unique within the history
	Target   uuid.UUID
	Priority int32
	Window   int64 // the length of the window that it opens, if it does

	// The submission's state, when it began, and by when it was accepted or
	// refused. A blocking call shows only when it returned, which is no sooner.
	State           State
	Begun, Returned int64
	// Place is where it stands in the order of submission; nil if not known.
	Place *Place
	// Withdrawn is when it was withdrawn: from when that was asked for until it was
	// known to have succeeded. Nil if it was not.
	Withdrawn *Interval
	// Answers are all outcomes that it was told. Withdrawal by a call that
	// returns true need not be among them.
	Answers []Answer
}

// State is how far a submission came.
type State uint8

// The states.
const (
	Pending  State = iota // it has not returned, nor has anything been told
	Refused               // with an error, which is its outcome
	Accepted              // exactly one outcome is owed
)

// Place is a position in the order of submission. Positions in different runs of
// an engine, between two starts, are not compared.
type Place struct {
	Run      int
	Shard    uint32
	Sequence uint64
}

// Interval is from before something happened until after it.
type Interval struct{ From, To int64 }

// Ending is a final outcome.
type Ending uint8

// The endings.
const (
	EndWon       Ending = iota + 1 // the verdict alone: it is executed elsewhere, if at all
	EndCompleted                   // it won and was executed
	EndFailed                      // it won, and its function or the registry failed
	EndRejected
	EndWithdrawn
	EndStopped
)

// String returns the ending in words.
func (e Ending) String() string {
	return [...]string{"nothing", "won", "completed", "failed", "rejected", "withdrawn", "stopped"}[e]
}

// Answer is an outcome that was delivered.
type Answer struct {
	Ending Ending
	At     int64
	// Winner and Entry are to whom one that was rejected is told to have lost; zero
	// if not known.
	Winner uint64
	Entry  uuid.UUID
}

// Ruling is a decision as the hook saw it.
type Ruling struct {
	Target              uuid.UUID
	Opened, Due, Closed int64
	Seen                int64 // when the hook got it
	Winner              uint64
	Members             []Standing // in order, with the IDs of their attempts
	Abandoned           bool
}

// Entry is what the registry was told about a winner.
type Entry struct {
	ID         uuid.UUID
	Attempt    uint64
	Registered int64
	Finished   int64 // 0 if it was not
}

// Execution is one call of an attempt's function.
type Execution struct {
	Attempt    uint64
	Start, End int64 // End is 0 if it did not end
}

// Kind is a way of being wrong.
type Kind string

// The kinds.
const (
	Vanished      Kind = "vanished"         // accepted, in no decision and never told
	Hung          Kind = "hung"             // the submission did not return, or what was decided was not told
	Duplicated    Kind = "duplicated"       // two outcomes: told, decided, withdrawn or refused as well
	WronglyWon    Kind = "wrongly won"      // not the best won, or the answer does not fit the decision
	LeftOut       Kind = "left out"         // submitted before a window closed, but not in its group
	Disordered    Kind = "disordered"       // against the order of submission
	TooEarly      Kind = "early"            // decided, opened or told before its time
	TooLate       Kind = "late"             // by more than is allowed
	Leftover      Kind = "leftover"         // something goes on after the end
	Misregistered Kind = "wrongly entered"  // an entry without a winner, or a winner without
	Misexecuted   Kind = "wrongly executed" // not exactly once, or not the winner
)

// Violation is something that must not be.
type Violation struct {
	Kind Kind
	Text string
}

// String returns kind and text.
func (v Violation) String() string { return fmt.Sprintf("%s: %s", v.Kind, v.Text) }
