package otelengine

import (
	"example.com/contend/engine"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Hooks returns what to configure an engine with; see also engine.TeeHooks and
// engine.SampleHooks.
func (t *Tracer) Hooks() engine.Hooks {
	return engine.Hooks{
		Staged: t.staged, Conflict: t.conflict, Retried: t.retried, Started: t.started,
		Completed: t.executed, Failed: t.executed,
		Rejected: t.ended, Folded: t.ended, Withdrawn: t.ended, Stopped: t.ended,
	}
}

// staged begins an operation's span, or takes over the one that Do or Submit began.
func (t *Tracer) staged(ev engine.Event) {
	t.mu.Lock()
	o, ok := t.awaited.Peek(ev.ID)
	if ok = ok && ev.ID != uuid.Nil; ok {
		t.awaited.Remove(ev.ID)
	}
	t.mu.Unlock()
	if ok {
		o.span.AddEvent("staged", trace.WithTimestamp(ev.Time))
	} else {
		o = &operation{span: t.begin(background, ev.Type, trace.WithTimestamp(ev.Time))}
	}
	o.span.SetAttributes(identity(&ev)...)
	t.mu.Lock()
	gone := put(t, t.open, ev.Op, o)
	t.mu.Unlock()
	gone.drop()
}

// find returns an operation that is open; nil if it is not. It notes what entry a
// winner has.
func (t *Tracer) find(ev *engine.Event) *operation {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, ok := t.open.Peek(ev.Op)
	if ok && ev.EntryID != uuid.Nil {
		o.entry = ev.EntryID
	}
	return o
}

func (t *Tracer) conflict(ev engine.Event) {
	if o := t.find(&ev); o != nil {
		o.span.AddEvent("conflict", trace.WithTimestamp(ev.Time),
			trace.WithAttributes(attribute.Int("contend.contenders", ev.Contenders)))
	}
}

func (t *Tracer) retried(ev engine.Event) {
	o := t.find(&ev)
	if o == nil {
		return
	}
	o.span.AddEvent("retried", trace.WithTimestamp(ev.Time),
		trace.WithAttributes(attribute.Int("contend.retries", ev.Retries), attribute.String("contend.reason", ev.Reason())))
	t.link(o, &ev)
}

// started ends the span of a Bid, of which nothing more is told.
func (t *Tracer) started(ev engine.Event) {
	if ev.Bid {
		t.ended(ev)
		return
	}
	if o := t.find(&ev); o != nil {
		o.span.AddEvent("started", trace.WithTimestamp(ev.Time))
	}
}

// executed makes the span of an execution afterwards, unless Do or Submit made it.
func (t *Tracer) executed(ev engine.Event) {
	if o := t.find(&ev); o != nil && !o.executes && ev.Outcome == engine.Won {
		span := t.execution(trace.ContextWithSpan(background, o.span), trace.WithTimestamp(ev.Time.Add(-ev.Execution)))
		if ev.Err != nil {
			span.SetStatus(codes.Error, ev.Err.Error())
		}
		span.End(trace.WithTimestamp(ev.Time))
	}
	t.ended(ev)
}

// ended ends an operation's span with its outcome.
func (t *Tracer) ended(ev engine.Event) {
	o := t.find(&ev)
	if o == nil {
		return
	}
	t.link(o, &ev)
	t.mu.Lock()
	t.open.Remove(ev.Op)
	if o.entry != uuid.Nil {
		t.winners.Add(ev.Op, o)
	}
	t.mu.Unlock()
	o.span.SetAttributes(outcome(&ev)...)
	if isError(&ev) {
		o.span.SetStatus(codes.Error, ev.Reason())
	}
	o.span.End(trace.WithTimestamp(ev.Time))
}

// isError reports whether an outcome is one: losing, or giving up, is not.
func isError(ev *engine.Event) bool {
	switch ev.Kind {
	case engine.EventFailed, engine.EventStopped:
		return true
	case engine.EventRejected:
		return ev.Outcome == engine.Displaced
	}
	return false
}

// link links the operation of an event to who it lost to.
func (t *Tracer) link(o *operation, ev *engine.Event) {
	if ev.Winner == (engine.Winner{}) {
		return
	}
	winner, ok := t.winner(&ev.Winner)
	if !ok {
		return
	}
	role := "winner"
	if ev.Early {
		role = "leader" // who may lose in turn
	}
	o.span.AddLink(trace.Link{SpanContext: winner, Attributes: []attribute.KeyValue{attribute.String("contend.link", role)}})
}

// winner returns the span of a winner, which may have ended. Operations of before a
// restart have the same IDs, but not the same entries.
func (t *Tracer) winner(w *engine.Winner) (trace.SpanContext, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, ok := t.open.Peek(w.ID)
	if !ok {
		o, ok = t.winners.Peek(w.ID)
	}
	if !ok || o.entry != uuid.Nil && w.EntryID != uuid.Nil && o.entry != w.EntryID {
		t.unlinked++
		return trace.SpanContext{}, false
	}
	return o.span.SpanContext(), true
}
