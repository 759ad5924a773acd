package otelengine

import (
	"context"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// background is the parent of spans without a parent.
var background = context.Background()

// begin starts an operation's span, below ctx's if there is one. Its name has few
// values: it says of which type the operation is.
func (t *Tracer) begin(ctx context.Context, class string, options ...trace.SpanStartOption) trace.Span {
	name := "contend"
	if class != "" {
		name += " " + class
	}
	_, span := t.tracer.Start(ctx, name, options...)
	return span
}

// execution starts the span of an execution.
func (t *Tracer) execution(ctx context.Context, options ...trace.SpanStartOption) trace.Span {
	_, span := t.tracer.Start(ctx, "contend execution", options...)
	return span
}

// identity is what is known of an operation when it is staged.
func identity(ev *engine.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.String("contend.operation.id", ev.Op.String()),
		attribute.String("contend.target", ev.Target.String()),
		attribute.Int("contend.priority", int(ev.Priority)),
	}
	return appendTexts(attrs, "contend.engine", ev.Process, "contend.operation.name", ev.Name, "contend.operation.type", ev.Type)
}

// outcome is what is known at the end.
func outcome(ev *engine.Event) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		attribute.String("contend.outcome", outcomeOf(ev)),
		attribute.Int("contend.contenders", ev.Contenders),
		attribute.Int("contend.retries", ev.Retries),
	}
	if ev.Winner != (engine.Winner{}) {
		attrs = append(attrs, attribute.Int("contend.winner.priority", int(ev.Winner.Priority)))
	}
	return appendTexts(attrs, "contend.reason", ev.Reason(), "contend.winner.name", ev.Winner.Name,
		"contend.entry.id", entry(ev.EntryID), "contend.winner.entry.id", entry(ev.Winner.EntryID))
}

// outcomeOf names an outcome like contend.operations does; "won" is a Bid's.
func outcomeOf(ev *engine.Event) string {
	if ev.Kind == engine.EventStarted {
		return "won"
	}
	switch ev.Outcome {
	case engine.Masked:
		return "masked"
	case engine.Displaced:
		return "displaced"
	case engine.Cleared:
		return "cleared"
	case engine.Faulted:
		return "undecided"
	}
	return ev.Kind.String()
}

func entry(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// appendTexts appends pairs of a key and a value that is not empty.
func appendTexts(attrs []attribute.KeyValue, pairs ...string) []attribute.KeyValue {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attrs = append(attrs, attribute.String(pairs[i], pairs[i+1]))
		}
	}
	return attrs
}
