package model

import (
	"time"

	"github.com/google/uuid"
)

// Op is an operation. Its ID is the caller's and unique.
type Op struct {
	ID       uint64
	Target   uuid.UUID
	Priority int32
	At       int64 // nanoseconds; negative: not stamped, submitted when staged
	Window   int64 // nanoseconds, at least 1
	Rules    int   // index of the rules, 0 for the zero ones

	Withdrawable bool
	Deadline     int64 // for EarliestDeadline; 0 is later than all
	Retry        *Retry
	Fold         int // operations of the same fold can be carried out as one; 0: none
}

// Rules say how the windows of a target are decided.
type Rules struct {
	Policy Policy
	Order  func(a, b Standing) bool   // replaces Policy: a wins over b
	Choose func(group []Standing) int // replaces Policy: the index of the winner

	Early     bool
	RunnersUp int

	Idle     time.Duration // 0: off
	Size     int           // 0: off
	Decisive int32         // 0: off

	Exclusive bool
	Preempt   bool
}

// Policy names the winner of a window.
type Policy uint8

// The policies.
const (
	HighestPriority Policy = iota
	FirstWins
	LastWins
	EarliestDeadline
)

// Retry lets a loser contend again.
type Retry struct {
	Limit               int
	Backoff, MaxBackoff time.Duration
	Step                int32
}

// Lock keeps operations below a priority from a target, or from all.
type Lock struct {
	ID      uint64
	Name    string
	Target  uuid.UUID
	All     bool
	Below   int32
	Expires int64
	Stay    bool // does not expire
}

// Standing is an operation as others see it: with the priority it has by now.
type Standing struct {
	ID       uint64
	Priority int32
}

// Outcome is what an operation is told.
type Outcome uint8

// The outcomes.
const (
	Won Outcome = iota + 1
	Lost
	Stopped
	Folded
	Masked
	Displaced
	Faulted
	Cleared
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	return [...]string{"nothing", "won", "lost", "stopped", "folded", "masked", "displaced", "faulted", "cleared"}[o]
}

// Told is an operation and its outcome.
type Told struct {
	Standing
	Outcome Outcome
	Retries int // how often it tried again
}

// Decision is what came of a window that closed with contenders.
type Decision struct {
	Target              uuid.UUID
	Number, Token       uint64
	Opened, Due, Closed int64
	// Winner is the zero Standing if the window is at Fault or Abandoned.
	Winner           Standing
	Fault, Abandoned bool
	// Members are told with the decision, in the order of staging, those that
	// were deferred behind the others. Retried are the other losers.
	Members []Told
	Retried []uint64
	// Early is how many were told before, and Contenders are all of them.
	Early, Contenders int
	Rules             int // the index of the window's rules
	Notes             Notes
}

// Dismissal is the outcome of an operation that is told by itself.
type Dismissal struct {
	Told
	Target uuid.UUID
	// Opened is when its window opened; At, when it was told, if it was in none.
	Opened, At int64

	Leader Standing // who is ahead of one that Lost
	Lock   string   // what Masked it
	// Contenders is how many had arrived when it Lost.
	Contenders int
	Rules      int // of the window, else of the operation
	Notes      Notes
}

// Preemption names a winner that is to make way.
type Preemption struct {
	Target uuid.UUID
	Token  uint64
}
