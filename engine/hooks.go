package engine

import (
	"context"
	"log/slog"
	"runtime/debug"
)

// Hooks are functions that are told events, each kind by its own; nil for those
// that nobody wants to know. They are called one after another on a goroutine of
// their own, never on one that decides or executes. One that is too slow loses
// events, beyond Config.EventBuffer, see Stats.EventsDropped; one that blocks
// forever delays nobody but keeps its goroutine, and Stop for a second; when the engine
// is started again, hooks may be called beside one that has not returned since. One that
// panics or ends its goroutine is an incident, and the next event goes on.
type Hooks struct {
	Staged, Conflict, Retried, Started, Completed, Failed, Rejected, Folded, Withdrawn, Stopped func(Event)
}

// of returns the hook of a kind.
func (h *Hooks) of(k EventKind) *func(Event) {
	switch k {
	case EventStaged:
		return &h.Staged
	case EventConflict:
		return &h.Conflict
	case EventRetried:
		return &h.Retried
	case EventStarted:
		return &h.Started
	case EventCompleted:
		return &h.Completed
	case EventFailed:
		return &h.Failed
	case EventRejected:
		return &h.Rejected
	case EventFolded:
		return &h.Folded
	case EventWithdrawn:
		return &h.Withdrawn
	case EventStopped:
		return &h.Stopped
	}
	panic("engine: a kind of event without a hook: " + k.String())
}

// kinds returns which hooks there are.
func (h *Hooks) kinds() (s kindSet) {
	for k := EventStaged; k < eventKinds; k++ {
		if *h.of(k) != nil {
			s = s.with(k)
		}
	}
	return s
}

// AllHooks calls one function for events of every kind.
func AllHooks(f func(Event)) (h Hooks) {
	for k := EventStaged; k < eventKinds; k++ {
		*h.of(k) = f
	}
	return h
}

// LogHooks logs decisions: conflicts and what winners do at level Info, what fails at
// Error, what Stop or an overload ends at Warn, all others at Debug. Nil means
// slog.Default().
func LogHooks(l *slog.Logger) Hooks {
	if l == nil {
		l = slog.Default()
	}
	return AllHooks(func(ev Event) {
		level := levelOf(&ev)
		if ctx := context.Background(); l.Enabled(ctx, level) {
			l.LogAttrs(ctx, level, "contend: "+ev.Kind.String(), ev.attrs()...)
		}
	})
}

func levelOf(ev *Event) slog.Level {
	switch ev.Kind {
	case EventConflict, EventStarted, EventCompleted:
		return slog.LevelInfo
	case EventFailed:
		return slog.LevelError
	case EventStopped:
		return slog.LevelWarn
	case EventRejected:
		if ev.Outcome == Displaced {
			return slog.LevelWarn
		}
	}
	return slog.LevelDebug
}

// TeeHooks calls several hooks, in order.
func TeeHooks(hooks ...Hooks) (tee Hooks) {
	for k := EventStaged; k < eventKinds; k++ {
		var calls []func(Event)
		for i := range hooks {
			if f := *hooks[i].of(k); f != nil {
				calls = append(calls, f)
			}
		}
		if len(calls) > 0 {
			*tee.of(k) = func(ev Event) {
				for _, call := range calls {
					call(ev)
				}
			}
		}
	}
	return tee
}

// SampleHooks passes on the events of one in n operations: all of them or none, as
// its Op says, so that each that is seen can be followed from beginning to end. A
// Conflict counts as its winner's. An n below 1 counts as 1.
func SampleHooks(n int, hooks Hooks) (sample Hooks) {
	for k := EventStaged; k < eventKinds; k++ {
		if f := *hooks.of(k); f != nil {
			*sample.of(k) = func(ev Event) {
				if ev.Op.Sequence%uint64(max(1, n)) == 0 {
					f(ev)
				}
			}
		}
	}
	return sample
}

// callHooks calls the hooks until the stream has ended. A hook that ends its
// goroutine ends this one: another goes on behind the event.
func (st *stream) callHooks(hooked chan struct{}) {
	ended := false
	defer func() {
		if !ended {
			go st.callHooks(hooked)
		}
	}()
	for ev, ok := st.hooks.take(); ok; ev, ok = st.hooks.take() {
		st.callHook(ev)
	}
	ended = true
	close(hooked)
}

func (st *stream) callHook(ev Event) {
	returned := false
	defer func() {
		if !returned {
			st.engine.incident(caught(recover()), debug.Stack())
		}
	}()
	(*st.engine.config.Hooks.of(ev.Kind))(ev)
	returned = true
}
