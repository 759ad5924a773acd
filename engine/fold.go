package engine

import (
	"context"

	"example.com/contend/shard"
)

// Folding is a function whose calls contend, but fold instead of losing: the
// winner's value takes in those of the others, in the order of submission, the
// function is run once with what comes out, and everybody gets its result.
// Deposits become one deposit of the sum, invalidations one of the union. It is
// safe for concurrent use.
type Folding[V, R any] struct {
	engine  *Engine
	fold    shard.Fold
	combine func(sum, next V) V
	run     func(context.Context, V) (R, error)
}

// NewFolding makes a Folding. The functions are called on the winner's
// goroutine: combine starts with the winner's value. Calls fold only with calls
// of the same Folding; in a group with others they win or lose to them. It fails
// with an InvalidError.
func NewFolding[V, R any](e *Engine, combine func(sum, next V) V, run func(context.Context, V) (R, error)) (*Folding[V, R], error) {
	if combine == nil || run == nil {
		return nil, &InvalidError{"function", nil, "a function that combines two values, and one to run"}
	}
	return &Folding[V, R]{engine: e, combine: combine, run: run}, nil
}

// Do submits an operation with a value and waits for the result of the call that
// it became part of: everybody gets the same result or error. Its own failures
// are those of the function Do. A context that ends before the verdict withdraws
// the operation and its value; after it, the value is part of the call, and a
// WithdrawnError only means that the result was not waited for.
func (f *Folding[V, R]) Do(ctx context.Context, op Op, value V) (R, error) {
	c := &foldedCall[V, R]{folding: f, value: value, ended: make(chan struct{})}
	c.told, c.To, c.Extra = make(chan struct{}, 1), c, &Extra{Fold: &f.fold}
	err := f.engine.doFolded(ctx, &op, c)
	if _, ok := err.(*WithdrawnError); ok {
		var none R
		return none, err // the winner may be writing the result yet
	}
	return c.result, err
}

// foldedCall is one call of a Folding. It is its winner's to run, or a part of the
// winner's, who is another call. Unlike a waiter it is not reused.
type foldedCall[V, R any] struct {
	waiter
	folding *Folding[V, R]
	value   V
	parts   []*foldedCall[V, R] // folded into this one; the owner's until it is told

	result R
	err    error
	once   once          // of setting them
	ended  chan struct{} // publishes result and err of a part; closed by its winner
}

// foldable is a call without its types.
type foldable interface {
	base() *waiter
	take(part Contender)
	execute(context.Context) error
	share(error)
	forget()
	await(context.Context) error
}

// forget lets go of the value of a call that was not accepted or withdrawn; the
// shard may hold on to the call itself.
func (c *foldedCall[V, R]) forget() {
	var none V
	c.value = none
}

func (c *foldedCall[V, R]) base() *waiter { return &c.waiter }

// take folds another call in. Owner goroutine, before either is told.
func (c *foldedCall[V, R]) take(part Contender) {
	if p, ok := part.(*foldedCall[V, R]); ok {
		c.parts = append(c.parts, p)
	}
}

// execute runs the function with what all parts come to.
func (c *foldedCall[V, R]) execute(ctx context.Context) (err error) {
	sum := c.value
	for _, p := range c.parts {
		sum = c.folding.combine(sum, p.value)
	}
	c.result, err = c.folding.run(ctx, sum)
	return err
}

// share gives the parts their outcome. Only the first call counts.
func (c *foldedCall[V, R]) share(err error) {
	for _, p := range c.parts {
		p.once.Do(func() {
			if stopped, ok := err.(*StoppedError); !ok || !stopped.Running {
				p.result = c.result // else it may be written to yet
			}
			p.err = err
			close(p.ended)
		})
	}
}

// await waits for the outcome of the call that this one is part of.
func (c *foldedCall[V, R]) await(ctx context.Context) error {
	if reached(c.ended, ctx.Done()) {
		return c.err
	}
	return &WithdrawnError{Accepted: true, Cause: context.Cause(ctx)}
}

// doFolded is Folding.Do without its types.
func (e *Engine) doFolded(ctx context.Context, op *Op, c foldable) (err error) {
	if err := e.enter(ctx, op); err != nil {
		return err
	}
	defer e.leaveFamily(op.ID)
	done := func(final error) {
		err = final
		c.share(final)
	}
	w := c.base()
	if !op.contends() {
		e.direct(ctx, op.label(), c.execute, done)
		return err
	}
	w.run.giveUp = func(wasRunning bool) { c.share(&StoppedError{Accepted: true, Running: wasRunning}) }
	if err := e.await(ctx, op, w, true); err != nil {
		c.forget()
		return err
	}
	if w.outcome == Folded {
		return c.await(ctx)
	}
	if err := e.settle(op, w); err != nil {
		return err
	}
	e.executeWaiter(ctx, op, w, c.execute, done)
	return err
}

// decidedHook is what is called between decided and told.
func (e *Engine) decidedHook() func([]Decision) {
	users := e.config.Decided
	return func(batch []Decision) {
		for i := range batch {
			if batch[i].Folded > 0 {
				foldIn(&batch[i])
			}
		}
		if users != nil {
			users(batch)
		}
	}
}

// foldIn gives the winner of a group those that are folded into it.
func foldIn(d *Decision) {
	winner, ok := d.Winner.Ticket.To.(foldable)
	if !ok {
		return // of Stage: whoever it is sees the decision
	}
	for m := range d.All() {
		if d.OutcomeOf(m) == Folded {
			winner.take(m.Ticket.To)
		}
	}
}
