package otelengine

import (
	"context"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Do is engine.Do with the operation's span below ctx's. fn's context has the span of
// the execution. The operation's span is ended by the tracer's hooks, maybe after Do
// has returned.
//
// The operation is recognised in the events by its ID: if that is zero it gets one,
// which the registry sees; otherwise it must differ from those of operations that
// are being submitted at the same time.
func Do[T any](ctx context.Context, t *Tracer, e *engine.Engine, op engine.Op, fn func(context.Context) (T, error)) (T, error) {
	ctx, o := t.submit(ctx, &op)
	if !contends(&op) {
		return doDirectly(ctx, o, e, op, executing(t, fn))
	}
	value, err := engine.Do(ctx, e, op, executing(t, fn))
	if refused(err) {
		t.refuse(&op, o, err)
	}
	return value, err
}

// doDirectly executes an operation of which there are no events.
func doDirectly[T any](ctx context.Context, o *operation, e *engine.Engine, op engine.Op, fn func(context.Context) (T, error)) (value T, err error) {
	defer func() { o.end(err) }() // also if the function ends the goroutine
	return engine.Do(ctx, e, op, fn)
}

// Submit is engine.Submit with spans as Do makes them.
func Submit[T any](ctx context.Context, t *Tracer, e *engine.Engine, op engine.Op, fn func(context.Context) (T, error)) (*engine.Handle[T], error) {
	ctx, o := t.submit(ctx, &op)
	call := executing(t, fn)
	if call != nil && !contends(&op) {
		execute := call
		call = func(ctx context.Context) (value T, err error) {
			defer func() { o.end(err) }()
			return execute(ctx)
		}
	}
	h, err := engine.Submit(ctx, e, op, call)
	if err != nil {
		t.refuse(&op, o, err)
	}
	return h, err
}

func contends(op *engine.Op) bool { return op.Mode == engine.PreECS && op.Target != uuid.Nil }

// submit begins the span of an operation that is about to be submitted.
func (t *Tracer) submit(ctx context.Context, op *engine.Op) (context.Context, *operation) {
	o := &operation{span: t.begin(ctx, op.Type), executes: true}
	if contends(op) {
		if op.ID == uuid.Nil {
			op.ID = uuid.New()
		}
		t.mu.Lock()
		gone := put(t, t.awaited, op.ID, o)
		t.mu.Unlock()
		gone.drop()
	}
	return trace.ContextWithSpan(ctx, o.span), o
}

// refuse ends the span of an operation that was not accepted.
func (t *Tracer) refuse(op *engine.Op, o *operation, err error) {
	t.mu.Lock()
	if awaited, ok := t.awaited.Peek(op.ID); ok && awaited == o {
		t.awaited.Remove(op.ID)
	}
	t.mu.Unlock()
	o.end(err)
}

// end ends a span of which there are no events.
func (o *operation) end(err error) {
	if err != nil {
		o.span.SetStatus(codes.Error, err.Error())
	}
	o.span.End()
}

// refused reports whether Do's error says that the operation was not accepted.
func refused(err error) bool {
	switch err := err.(type) {
	case *engine.InvalidError, *engine.CycleError:
		return true
	case *engine.OverloadedError:
		return !err.Displaced
	case *engine.WithdrawnError:
		return !err.Accepted
	case *engine.StoppedError:
		return !err.Accepted
	}
	return false
}

// executing makes a function that executes in a span of its own.
func executing[T any](t *Tracer, fn func(context.Context) (T, error)) func(context.Context) (T, error) {
	if fn == nil {
		return nil // to be refused
	}
	return func(ctx context.Context) (value T, err error) {
		span, returned := t.execution(ctx), false
		defer func() {
			switch {
			case !returned:
				span.SetStatus(codes.Error, "panicked or ended its goroutine")
			case err != nil:
				span.SetStatus(codes.Error, err.Error())
			}
			span.End()
		}()
		value, err = fn(trace.ContextWithSpan(ctx, span))
		returned = true
		return value, err
	}
}
