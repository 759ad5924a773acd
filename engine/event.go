package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

// EventKind says what has happened to an operation.
type EventKind uint8

// Events of one shard come in the order in which they happen there, those of different
// shards in any. So of one operation they come in the order in which they stand here: Staged,
// Retried for each time it tries again, then Started and Completed or Failed, or
// one of the rest alone. A group's Conflict comes once, after the Staged of its
// operations and before the Started, Rejected, Retried or Folded of those that
// were in it when it was decided.
const (
	// EventStaged: accepted, and taken in by its target's shard.
	EventStaged EventKind = iota + 1
	// EventConflict: a group of more than one was decided. The operation is the
	// winner.
	EventConflict
	// EventRetried: lost to the Winner, and tries again.
	EventRetried
	// EventStarted: won; its function is about to be called. That of a Bid is
	// called by somebody else: this is the last event of such an operation.
	EventStarted
	// EventCompleted: its function returned without error.
	EventCompleted
	// EventFailed: its function, or the registry before it, failed; or there was no
	// verdict since the user's policy failed. The latter was not Started.
	EventFailed
	// EventRejected: lost to the Winner, was kept out by a Lock, had to make room, or
	// its target was cleared.
	EventRejected
	// EventFolded: the Winner carries it out, too. What comes of it are the winner's
	// events.
	EventFolded
	// EventWithdrawn: gave up before its verdict. It comes when the shard notices,
	// at the latest when the window closes.
	EventWithdrawn
	// EventStopped: Stop's context ended before the verdict, before its function was
	// called, or while it was running.
	EventStopped

	eventKinds = iota + 1
)

var eventNames = [eventKinds]string{
	EventStaged: "staged", EventConflict: "conflict", EventRetried: "retried", EventStarted: "started",
	EventCompleted: "completed", EventFailed: "failed", EventRejected: "rejected", EventFolded: "folded",
	EventWithdrawn: "withdrawn", EventStopped: "stopped",
}

// String returns the kind in lower case.
func (k EventKind) String() string {
	if k > 0 && int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("event kind %d", uint8(k))
}

// Event is something that happened to an operation. It is a value: it refers to
// nothing of the operation's but texts, and the error that it failed with.
type Event struct {
	Kind EventKind
	// Time is when it happened, by the wall clock of the engine's making plus what
	// has passed since: the clock being set does not show. What a shard's goroutine
	// found is dated with the beginning of its look.
	Time    time.Time
	Process string // Config.Name

	// Op identifies the operation. In the event of a Bid with a Tag it has the tag
	// for sequence.
	Op       OpID
	ID       uuid.UUID // the user's, Op.ID; zero for a Bid, and if a Do was staged before anybody watched
	EntryID  uuid.UUID // in the registry; of winners only
	Name     string
	Type     string // Op.Type; likewise
	Target   uuid.UUID
	Priority Priority // aged by Retries

	// Contenders is how many operations were in the group, itself included; 0 if
	// that is not known yet.
	Contenders int
	// Winner is who the operation lost to, or who it is folded into.
	Winner Winner
	// Retries is how often it has tried again.
	Retries int
	// Execution is how long the function ran, of Completed and Failed.
	Execution time.Duration
	// Outcome is the verdict, of Rejected and Failed: Lost, Masked, Displaced or
	// Cleared; Faulted or Won.
	Outcome Outcome
	// Early means that it lost before its window closed, to whom was ahead then.
	Early bool
	// Lock is the name of the lock that it was Masked by.
	Lock string
	// Bid means that it was staged as a Bid: if it wins, Started is its last event.
	Bid bool
	// Err is why it Failed.
	Err error
}

// Reason says in words why an operation failed, was rejected, folded, withdrawn or
// stopped, or has to try again; it is empty for other events.
func (ev Event) Reason() string {
	switch ev.Kind {
	case EventRejected:
		return ev.rejection()
	case EventRetried:
		return (&RejectedError{Priority: ev.Priority, Winner: ev.Winner}).Reason()
	case EventFolded:
		return "folded into " + named(ev.Winner.Name, ev.Winner.ID)
	case EventWithdrawn:
		return "withdrawn before the verdict"
	case EventStopped:
		if ev.EntryID != uuid.Nil {
			return "stopped after the verdict"
		}
		return "stopped before the verdict"
	case EventFailed:
		if ev.Outcome == Faulted {
			return fmt.Sprintf("could not be decided: %v", ev.Err)
		}
		return fmt.Sprintf("function execution failed: %v", ev.Err)
	}
	return ""
}

func (ev Event) rejection() string {
	switch ev.Outcome {
	case Masked:
		return (&MaskedError{Priority: ev.Priority, Lock: ev.Lock}).Reason()
	case Cleared:
		return (&ClearedError{}).Reason()
	case Displaced:
		return fmt.Sprintf("made room for operations of higher rank than priority %d", ev.Priority)
	}
	return (&RejectedError{Priority: ev.Priority, Winner: ev.Winner}).Reason()
}

// String returns the event in one line.
func (ev Event) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %s on %v, priority %d", ev.Kind, named(ev.Name, ev.Op), ev.Target, ev.Priority)
	if ev.Contenders > 1 {
		fmt.Fprintf(&b, ", %d contenders", ev.Contenders)
	}
	if ev.Execution > 0 {
		fmt.Fprintf(&b, ", executed in %v", ev.Execution)
	}
	if reason := ev.Reason(); reason != "" {
		b.WriteString(": " + reason)
	}
	return b.String()
}

// LogValue returns what there is to know, for log/slog.
func (ev Event) LogValue() slog.Value { return slog.GroupValue(ev.attrs()...) }

// attrs returns the fields that say something.
func (ev Event) attrs() []slog.Attr {
	attrs := make([]slog.Attr, 0, 16)
	add := func(given bool, a slog.Attr) {
		if given {
			attrs = append(attrs, a)
		}
	}
	add(ev.Process != "", slog.String("process", ev.Process))
	add(true, slog.String("op", ev.Op.String()))
	add(ev.ID != uuid.Nil, slog.String("op_id", ev.ID.String()))
	add(ev.EntryID != uuid.Nil, slog.String("entry_id", ev.EntryID.String()))
	add(ev.Name != "", slog.String("name", ev.Name))
	add(ev.Type != "", slog.String("op_type", ev.Type))
	add(true, slog.String("target", ev.Target.String()))
	add(true, slog.Int("priority", int(ev.Priority)))
	add(ev.Contenders > 0, slog.Int("contenders", ev.Contenders))
	if ev.Winner != (Winner{}) {
		attrs = append(attrs, slog.Group("winner",
			slog.String("op", ev.Winner.ID.String()), slog.String("entry_id", ev.Winner.EntryID.String()),
			slog.String("name", ev.Winner.Name), slog.Int("priority", int(ev.Winner.Priority))))
	}
	if reason := ev.Reason(); reason != "" {
		attrs = append(attrs, slog.String("reason", reason), slog.Int("retries", ev.Retries))
	}
	add(ev.Kind == EventCompleted || ev.Kind == EventFailed,
		slog.Float64("execution_time_ms", float64(ev.Execution)/float64(time.Millisecond)))
	return attrs
}
