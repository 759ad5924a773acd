package engine

import "context"

// Do submits an operation, waits for its verdict and, if it won, calls fn on
// the caller's own goroutine with the caller's own context. It returns what fn
// returned, or a RejectedError, WithdrawnError, FailedError, StoppedError,
// OverloadedError or InvalidError.
//
// A context that ends before the verdict withdraws the operation; after the
// verdict it only reaches fn. An operation without target or with Mode None is
// executed at once. A panic in fn becomes a FailedError.
func Do[T any](ctx context.Context, e *Engine, op Op, fn func(context.Context) (T, error)) (value T, err error) {
	return doTyped(ctx, e, &op, fn) // small enough to be inlined: an Op is not to be on the stack twice
}

// doTyped and what is below have small frames, and what happens seldom has one of its
// own. A goroutine that waits keeps its stack, and with many of them that memory is
// never near; below a caller of some 600 bytes all of it fits into the 2 KiB that a
// goroutine begins with, also if it wins, though just: where the runtime has to make
// what the goroutine waits on anew, 640 were too many. To move to a larger stack costs as
// much as all the rest of the call.
func doTyped[T any](ctx context.Context, e *Engine, op *Op, fn func(context.Context) (T, error)) (value T, err error) {
	if fn == nil {
		return value, e.noFunction()
	}
	if err := e.enter(ctx, op); err != nil {
		return value, err
	}
	call := func(ctx context.Context) (err error) {
		value, err = fn(ctx)
		return err
	}
	if e.config.Lineage != nil {
		err = e.doInFamily(ctx, op, call)
		return value, err
	}
	// One after the other, not one inside the other: so the stack is not as deep.
	w := e.waiterFor(op)
	err = e.fillWaiter(ctx, op, w, true)
	if err == nil {
		err = e.stageWaiter(ctx, w)
	}
	if err == nil && !w.wait() {
		err = gaveUp(ctx) // the shard still holds the waiter
	} else if err == nil {
		err = e.settle(op, w)
	}
	switch done := func(final error) { err = final }; {
	case err != nil:
	case w == nil || w.run.apart(w.nested):
		e.executeWaiter(ctx, op, w, call, done)
	default: // a frame less
		e.execute(ctx, &w.run, call, done)
		e.putWaiter(w)
	}
	return value, err
}

// doInFamily does the same for an operation that may be in a lineage.
func (e *Engine) doInFamily(ctx context.Context, op *Op, call func(context.Context) error) (err error) {
	defer e.leaveFamily(op.ID) // also if the user's code panics
	w := e.waiterFor(op)
	if err := e.await(ctx, op, w, true); err != nil {
		return err
	}
	if err := e.settle(op, w); err != nil {
		return err
	}
	e.executeWaiter(ctx, op, w, call, func(final error) { err = final })
	return err
}

func (e *Engine) noFunction() error {
	return e.refused(&InvalidError{"function", nil, "a function to execute"})
}

// enter refuses what cannot be submitted, and lets the rest inherit a priority.
//
//go:noinline
func (e *Engine) enter(ctx context.Context, op *Op) error {
	if err := e.check(ctx, op); err != nil {
		return err
	}
	return e.enterFamily(op)
}

// doDirect executes what does not contend.
//
//go:noinline
func (e *Engine) doDirect(ctx context.Context, op *Op, call func(context.Context) error, done func(error)) {
	e.direct(ctx, op.label(), call, done)
}

// executeWaiter runs a winner, or what has no waiter since it does not contend, on its
// caller's goroutine, and lets go of the waiter. The final error goes to done.
func (e *Engine) executeWaiter(ctx context.Context, op *Op, w *waiter, call func(context.Context) error, done func(error)) {
	if w == nil {
		e.doDirect(ctx, op, call, done)
		return
	}
	if w.run.apart(w.nested) {
		e.executeApart(ctx, &w.run, call, done)
	} else {
		e.execute(ctx, &w.run, call, done)
	}
	e.putWaiter(w)
}

// check refuses what cannot be submitted.
func (e *Engine) check(ctx context.Context, op *Op) error {
	if err := op.validate(); err != nil {
		return e.refused(err)
	}
	if ctx.Err() != nil {
		return e.refused(&WithdrawnError{Cause: context.Cause(ctx)})
	}
	return nil
}
