package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The kinds of failure, for errors.Is. Each has a type with the details, for
// errors.As.
var (
	// ErrInvalid: the operation or configuration cannot be used; see InvalidError.
	ErrInvalid = errors.New("contend: invalid")
	// ErrOverloaded: no more operations are staged now; see OverloadedError.
	ErrOverloaded = errors.New("contend: overloaded")
	// ErrStopped: the engine is or was stopped; see StoppedError.
	ErrStopped = errors.New("contend: stopped")
	// ErrRejected: another operation won; see RejectedError.
	ErrRejected = errors.New("contend: rejected")
	// ErrWithdrawn: the operation gave up before its verdict; see WithdrawnError.
	ErrWithdrawn = errors.New("contend: withdrawn")
	// ErrFailed: the operation won and its function failed; see FailedError.
	ErrFailed = errors.New("contend: failed")
	// ErrMasked: a lock keeps the operation out; see MaskedError. It is a kind
	// of ErrRejected.
	ErrMasked = errors.New("contend: masked by a lock")
	// ErrUndecided: the user's policy failed; see UndecidedError. It is a kind of
	// ErrFailed.
	ErrUndecided = errors.New("contend: undecided")
	// ErrCleared: the operation's target was cleared; see ClearedError. It is a
	// kind of ErrRejected.
	ErrCleared = errors.New("contend: cleared")
	// ErrPreempted is the cause of the end of a winner's context when it is to
	// make way for a decisive newcomer; see Rules.Preempt.
	ErrPreempted = errors.New("contend: preempted by a decisive operation")
	// ErrLockLost: the lock had expired and its target was open; see
	// Lock.Heartbeat.
	ErrLockLost = errors.New("contend: the lock is not in force any more")
	// ErrGoexit is the cause of a failure by runtime.Goexit.
	ErrGoexit = errors.New("the function ended its goroutine (runtime.Goexit)")
)

// InvalidError refuses an operation or a configuration. Nothing was staged.
type InvalidError struct {
	Field string // what is wrong
	Value any    // what it was
	Want  string // what would do
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("contend: invalid %s %v: want %s", e.Field, e.Value, e.Want)
}

// Is makes errors.Is(err, ErrInvalid) true.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// OverloadedError refuses an operation because its shard holds as many as it
// may, or, with Config.WhenFull set to Refuse, because its ring is full at this
// moment. Nothing was staged; trying again after a window helps. With
// Config.Overload set to DisplaceLowest it also ends an operation that was
// accepted and had to make room.
type OverloadedError struct {
	Shard  int  // the target's shard
	Staged int  // operations it holds
	Limit  int  // Config.MaxStaged
	Ring   bool // the ring is full, not the limit reached
	// Displaced means that the operation was accepted, and then made room for
	// a higher-ranked one or found only such. ID, Target, Name and Retries are
	// its own then.
	Displaced bool
	ID        OpID
	Target    uuid.UUID
	Name      string
	Retries   int // how often it had been tried again
}

func (e *OverloadedError) Error() string {
	if e.Displaced {
		return fmt.Sprintf("contend: overloaded: shard %d holds %d operations of higher rank than %s (Config.MaxStaged)", e.Shard, e.Limit, named(e.Name, e.ID))
	}
	if e.Ring {
		return fmt.Sprintf("contend: overloaded: the ring of shard %d is full: try again, make Config.RingSize larger or set Config.WhenFull to Park", e.Shard)
	}
	return fmt.Sprintf("contend: overloaded: shard %d holds %d operations (Config.MaxStaged is %d): try again when windows have closed", e.Shard, e.Staged, e.Limit)
}

// Is makes errors.Is(err, ErrOverloaded) true.
func (e *OverloadedError) Is(target error) bool { return target == ErrOverloaded }

// StoppedError ends or refuses an operation because the engine was stopped.
type StoppedError struct {
	// Accepted is false if the submission was refused, true if the operation
	// was staged or running when the context of Stop ended.
	Accepted bool
	// Running is true if it was being executed: its function had begun, or the
	// registry was being told. What the function returns is not lost: Do returns its
	// value beside this error, and its error as the Cause.
	Running bool
	// Cause is, unless Running, why its shard was given up; see Engine.Health. Nil if
	// the engine was stopped.
	Cause error
}

func (e *StoppedError) Error() string {
	switch {
	case e.Running && e.Cause != nil:
		return fmt.Sprintf("contend: stopped while it was executed, and then it failed: %v", e.Cause)
	case e.Running:
		return "contend: stopped while it was executed"
	case e.Cause != nil:
		return fmt.Sprintf("contend: the target's shard was given up: %v", e.Cause)
	case e.Accepted:
		return "contend: stopped before it was executed"
	}
	return "contend: the engine is stopped: call Start first"
}

// Unwrap returns the cause.
func (e *StoppedError) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, ErrStopped) true.
func (e *StoppedError) Is(target error) bool { return target == ErrStopped }

// Winner is who a rejected operation lost to.
type Winner struct {
	ID       OpID
	EntryID  uuid.UUID // its identity in the registry
	Name     string
	Priority Priority
}

// RejectedError tells an operation that it lost, to whom and why.
type RejectedError struct {
	// ID, Target, Name and Priority are the loser's own; the priority is aged by
	// its Retries.
	ID       OpID
	Target   uuid.UUID
	Name     string
	Priority Priority
	// Early means that it was told before the window closed: the winner is who
	// was ahead then, and has no entry ID yet.
	Early bool // here, it takes no memory

	Winner     Winner
	Contenders int           // operations in the group, the winner included
	Rank       int           // its place in the group, 1 being the winner's; 0 if not known
	Age        time.Duration // of the window, when it was decided
	Retries    int           // how often it was tried again
}

// Margin returns how far the winner's priority is above the loser's.
func (e *RejectedError) Margin() int64 { return int64(e.Winner.Priority) - int64(e.Priority) }

// Reason returns why it lost, in words.
func (e *RejectedError) Reason() string {
	return fmt.Sprintf("lost pre-ECS priority conflict (priority %d vs winner %d)", e.Priority, e.Winner.Priority)
}

// Explain returns everything that is known about the loss, in words.
func (e *RejectedError) Explain() string {
	rank := ""
	if e.Rank > 0 {
		rank = fmt.Sprintf("rank %d ", e.Rank)
	}
	how := fmt.Sprintf("when the window closed after %v", e.Age)
	if e.Early {
		how = fmt.Sprintf("early, %v after the window opened", e.Age)
	}
	return fmt.Sprintf("%s on %v: %sof %d contenders, priority %d, margin %d to the winner %s; told %s; shard %d, sequence %d; retries %d",
		named(e.Name, e.ID), e.Target, rank, e.Contenders, e.Priority, e.Margin(), named(e.Winner.Name, e.Winner.ID),
		how, e.ID.Shard, e.ID.Sequence, e.Retries)
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("contend: %s on %v rejected: %s, to %s of %d contenders, retries %d",
		named(e.Name, e.ID), e.Target, e.Reason(), named(e.Winner.Name, e.Winner.ID), e.Contenders, e.Retries)
}

// Is makes errors.Is(err, ErrRejected) true.
func (e *RejectedError) Is(target error) bool { return target == ErrRejected }

// MaskedError tells an operation that a lock keeps it from its target.
type MaskedError struct {
	ID       OpID
	Target   uuid.UUID
	Name     string
	Priority Priority // its own, without ageing
	Lock     string   // the lock's name
	Retries  int
}

// Reason returns why it was rejected, in words.
func (e *MaskedError) Reason() string {
	lock := "a lock without a name"
	if e.Lock != "" {
		lock = fmt.Sprintf("the lock %q", e.Lock)
	}
	return fmt.Sprintf("masked by %s (priority %d is too low)", lock, e.Priority)
}

func (e *MaskedError) Error() string {
	return fmt.Sprintf("contend: %s on %v rejected: %s, retries %d", named(e.Name, e.ID), e.Target, e.Reason(), e.Retries)
}

// Is makes errors.Is(err, ErrMasked) and errors.Is(err, ErrRejected) true.
func (e *MaskedError) Is(target error) bool { return target == ErrMasked || target == ErrRejected }

// UndecidedError ends the operations of a group whose policy, the user's code,
// panicked, ended its goroutine or chose nobody.
type UndecidedError struct {
	ID     OpID
	Target uuid.UUID
	Name   string
	Cause  error // a *shard.Fault with the panic's value and stack
}

func (e *UndecidedError) Error() string {
	return fmt.Sprintf("contend: %s on %v could not be decided: %v", named(e.Name, e.ID), e.Target, e.Cause)
}

// Is makes errors.Is(err, ErrUndecided) and errors.Is(err, ErrFailed) true.
func (e *UndecidedError) Is(target error) bool { return target == ErrUndecided || target == ErrFailed }

// Unwrap returns the cause.
func (e *UndecidedError) Unwrap() error { return e.Cause }

func named(name string, id OpID) string {
	if name == "" {
		return "operation " + id.String()
	}
	return fmt.Sprintf("%q (%s)", name, id)
}

// WithdrawnError ends or refuses an operation that gave up before its verdict.
type WithdrawnError struct {
	// Accepted is false if the context had ended before the operation was
	// submitted.
	Accepted bool
	// Cause is the context's cause, nil if Withdraw was called, ErrStopped if Stop did
	// not wait for it any longer; if asking for it panicked or ended the goroutine, a
	// PanicError or ErrGoexit. errors.Is and errors.As see it.
	Cause error
}

func (e *WithdrawnError) Error() string {
	if e.Cause == nil {
		return "contend: withdrawn"
	}
	return "contend: withdrawn: " + e.Cause.Error()
}

// Is makes errors.Is(err, ErrWithdrawn) true.
func (e *WithdrawnError) Is(target error) bool { return target == ErrWithdrawn }

// Unwrap returns the cause.
func (e *WithdrawnError) Unwrap() error { return e.Cause }

// FailedError ends an operation that won and whose function, or the registry
// before it, failed: with the error it returned, a *PanicError or ErrGoexit.
type FailedError struct {
	ID      OpID
	EntryID uuid.UUID // zero if the operation was executed without contention
	Target  uuid.UUID
	Name    string
	Cause   error
}

func (e *FailedError) Error() string {
	return fmt.Sprintf("contend: %s failed: %v", named(e.Name, e.ID), e.Cause)
}

// Is makes errors.Is(err, ErrFailed) true.
func (e *FailedError) Is(target error) bool { return target == ErrFailed }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Cause }

// PanicError is the cause of a failure by panic.
type PanicError struct {
	Value any    // what was panicked with
	Stack []byte // the panicking goroutine's, as debug.Stack prints it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
