package engine

import (
	"context"

	"github.com/google/uuid"
)

// Wrapping says how calls of a wrapped function contend.
type Wrapping[A any] struct {
	// Op holds what all calls have in common. Its Target is ignored.
	Op Op
	// Targets returns what one call is aimed at: the first is contended for.
	// If there are none, the call is executed directly. Nil means the argument
	// itself: an Entity, or a slice, array or map of them.
	Targets func(A) []uuid.UUID
}

// Wrap returns fn with contention built in: each call of the result is a Do of
// fn, aimed at the targets found in its argument. It fails with an InvalidError
// if fn is nil, the operation is invalid, or no target could ever be found in
// an A. A function of several arguments takes them as a struct.
func Wrap[A, R any](e *Engine, w Wrapping[A], fn func(context.Context, A) (R, error)) (func(context.Context, A) (R, error), error) {
	if fn == nil {
		return nil, &InvalidError{"function", nil, "a function to wrap"}
	}
	if err := w.Op.validate(); err != nil {
		return nil, err
	}
	if err := e.knowsParents(&w.Op); err != nil {
		return nil, err
	}
	targets := w.Targets
	if targets == nil && w.Op.Mode != None {
		var err error
		if targets, err = targetsIn[A](); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, argument A) (R, error) {
		op := w.Op
		op.Target = uuid.Nil
		if op.Mode != None {
			if found := targets(argument); len(found) > 0 {
				if op.Target = found[0]; op.Target == uuid.Nil {
					var zero R
					return zero, e.refused(&InvalidError{"target", op.Target, "an ID that is not zero"})
				}
			}
		}
		return Do(ctx, e, op, func(ctx context.Context) (R, error) { return fn(ctx, argument) })
	}, nil
}
