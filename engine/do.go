package engine

import (
	"context"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

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
// never near; together with a caller of some 500 bytes it fits into the 2 KiB that a
// goroutine begins with.
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
	if err == nil && !w.wait(ctx) {
		err = gaveUp(ctx) // the shard still holds the waiter
	} else if err == nil {
		err = e.settle(op, w)
	}
	if err == nil {
		err = e.executeWaiter(ctx, op, w, call)
	}
	return value, err
}

// doInFamily does the same for an operation that may be in a lineage.
func (e *Engine) doInFamily(ctx context.Context, op *Op, call func(context.Context) error) error {
	defer e.leaveFamily(op.ID) // also if the user's code panics
	w := e.waiterFor(op)
	if err := e.await(ctx, op, w, true); err != nil {
		return err
	}
	if err := e.settle(op, w); err != nil {
		return err
	}
	return e.executeWaiter(ctx, op, w, call)
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
func (e *Engine) doDirect(ctx context.Context, op *Op, call func(context.Context) error) (err error) {
	e.direct(ctx, op.label(), call, func(final error) { err = final })
	return err
}

// executeWaiter runs a winner, or what has no waiter since it does not contend, on its
// caller's goroutine, and lets go of the waiter.
func (e *Engine) executeWaiter(ctx context.Context, op *Op, w *waiter, call func(context.Context) error) (err error) {
	if w == nil {
		return e.doDirect(ctx, op, call)
	}
	done := func(final error) { err = final }
	if w.run.apart(ctx) {
		e.executeApart(ctx, &w.run, call, done)
	} else {
		e.execute(ctx, &w.run, call, done)
	}
	e.putWaiter(w)
	return err
}

// Contend submits an operation and returns the verdict alone: a Win for the
// winner, an error as Do's for everybody else. Executing is up to the caller;
// the registry has been told when Contend returns, and holds the winner's entry
// until Win.Finish.
func (e *Engine) Contend(ctx context.Context, op Op) (Win, error) {
	if err := e.enter(ctx, &op); err != nil {
		return Win{}, err
	}
	win := Win{engine: e, family: e.memberOf(&op)}
	passed, cause := false, ErrGoexit
	defer func() {
		if !passed { // also if the user's code panics or ends the goroutine
			win.ends(cause)
			win.release()
		}
	}()
	w := e.waiterFor(&op)
	if err := e.await(ctx, &op, w, false); err != nil {
		return Win{}, err
	}
	if w == nil {
		e.counts.direct.Inc()
		passed = true
		return win, nil
	}
	if err := e.settle(&op, w); err != nil {
		return Win{}, err
	}
	win.Entry, win.hold = w.run.entry, w.run.held()
	win.begins(w.run.tale)
	e.putWaiter(w)
	if err := e.register(win.Entry); err != nil {
		cause = err
		return Win{}, &FailedError{ID: win.Op, EntryID: win.ID, Target: win.Target, Name: win.Name, Cause: err}
	}
	passed = true
	return win, nil
}

// register tells the registry about a winner; a panic becomes an error. Stop looks
// for its frame, as for that of execute.
//
//go:noinline
func (e *Engine) register(entry Entry) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = caught(v)
		}
	}()
	return e.config.Registry.Register(entry)
}

// Win is the permission to execute that Contend returns. Whoever has executed
// calls Finish. Its Entry is zero if the operation did not have to contend.
type Win struct {
	Entry
	engine *Engine
	hold   shard.Hold
	family *member // nil if it is in no lineage
	tale   *tale   // nil if nobody watches
	began  int64
}

// begins says that the winner is about to execute.
func (w *Win) begins(t *tale) {
	if w.tale = t; t != nil {
		w.began = w.engine.Now()
		t.started(w.began)
	}
}

// ends says how it ended.
func (w *Win) ends(cause error) {
	if w.tale != nil {
		at := w.engine.Now()
		w.tale.ends(at, time.Duration(at-w.began), cause)
	}
}

// Finish tells the registry that the winner has executed, and frees its target
// if that is exclusive: until then the next winner waits, and Stop with it. Doing
// so twice is harmless but for the registry.
func (w Win) Finish(err error) {
	if w.engine == nil {
		return // the zero Win, beside an error
	}
	defer w.release()
	w.ends(err)
	if w.ID != uuid.Nil {
		w.engine.config.Registry.Finish(w.ID, err)
	}
}

// release lets go of what the winner held.
func (w Win) release() {
	w.family.leave()
	w.engine.release(w.hold)
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

// waiter is the memory of one blocking call. It is reused, but not after a
// withdrawal: the shard holds it until the window closes.
type waiter struct {
	Ticket
	own     Priority // without ageing
	outcome shard.Outcome
	pooled  bool          // else it is part of something else
	index   uint32        // of its shard
	told    chan struct{} // of size 1; passes the waiter back from the owner
	gen     *generation
	label   *label // nil unless somebody watches
	err     error  // of an operation that did not win
	runs    *runs  // where a winner that will execute is taken in; nil for Contend
	staged  shard.Op
	run     run // a winner's; of its entry only what the verdict says
}

func newWaiter() any {
	w := &waiter{told: make(chan struct{}, 1), pooled: true}
	w.To = w
	return w
}

// Decided takes the verdict, on the shard's goroutine.
func (w *waiter) Decided(v *Verdict) {
	w.take(v)
	w.told <- struct{}{}
}

// Refused takes the news that there was no room in time. Part of shard.Refusable.
func (w *waiter) Refused(err error) {
	w.outcome, w.err = 0, err
	w.told <- struct{}{}
}

// about says what events show of the operation besides its ticket.
func (w *waiter) about() (class string, id uuid.UUID) {
	if w.label == nil {
		return "", uuid.Nil // submitted before anybody watched
	}
	return w.label.Type, w.label.ID
}

// take keeps what its submitter has to know. An error is made here, since the memory
// of one after the other is near; a copy of the verdict would be written to memory
// that is not, and read once.
func (w *waiter) take(v *Verdict) {
	switch w.outcome = v.Outcome; v.Outcome {
	case Won:
		w.run.won(v)
		w.run.entry.decide(v)
		class, id := w.about()
		w.run.tale = w.gen.tale(v, w.Name, class, id)
		if w.runs != nil {
			w.runs.add(&w.run)
		}
	case Folded:
	default:
		w.err = w.gen.verdictError(w.Name, w.own, v)
	}
}

// won makes a run that of a winner, whose entry is yet to be filled in.
func (r *run) won(v *Verdict) {
	r.holder = nil
	if v.Exclusive {
		r.holder = &holder{hold: shard.Hold{Target: v.Target, Token: v.Token}, preempted: v.Preempted}
	}
}

func (e *Engine) putWaiter(w *waiter) {
	if !w.pooled {
		return
	}
	if w.outcome == Won {
		w.run.entry, w.run.holder, w.run.tale = Entry{}, nil, nil
	}
	w.Name, w.Extra = "", nil
	w.gen, w.label, w.err, w.outcome = nil, nil, nil, 0
	w.runs, w.run.runs = nil, nil // of the generation, too
	e.waiters.Put(w)
}

// settle takes the verdict. It fails, and the waiter is gone, unless the operation has
// won or does not contend.
func (e *Engine) settle(op *Op, w *waiter) error {
	switch {
	case w == nil:
		return nil
	case w.outcome == Won:
		w.run.entry.name(op.Name, op.Type, op.ID)
		return nil
	}
	return e.lost(w)
}

// lost returns the error of an operation that has not won, and lets go of its waiter.
func (e *Engine) lost(w *waiter) error {
	if w.outcome == 0 {
		return e.notStaged(context.Background(), w.err, w)
	}
	err := w.err
	e.putWaiter(w)
	return err
}

// gaveUp is the error of an operation that was accepted and is withdrawn.
func gaveUp(ctx context.Context) error {
	return &WithdrawnError{Accepted: true, Cause: context.Cause(ctx)}
}

// waiterFor returns a waiter for an operation, nil if it does not contend.
func (e *Engine) waiterFor(op *Op) *waiter {
	if !op.contends() {
		return nil
	}
	return e.waiters.Get().(*waiter)
}

// await stages the operation of a waiter, if there is one, and waits for its verdict.
func (e *Engine) await(ctx context.Context, op *Op, w *waiter, executes bool) error {
	if err := e.fillWaiter(ctx, op, w, executes); err != nil {
		return err
	}
	if err := e.stageWaiter(ctx, w); err != nil {
		return err
	}
	if !w.wait(ctx) {
		return gaveUp(ctx) // the shard still holds the waiter
	}
	return nil
}

// fillWaiter makes a waiter that of an operation, if there is one. It fails, and the
// waiter is gone, if the operation is refused.
func (e *Engine) fillWaiter(ctx context.Context, op *Op, w *waiter, executes bool) error {
	if w == nil {
		return nil
	}
	g, err := e.live()
	if err == nil && e.rulebook.exclusive {
		err = e.checkWait(ctx, &op.Target)
	}
	if err != nil {
		e.putWaiter(w)
		return e.refused(err)
	}
	w.Withdrawable = ctx.Done() != nil
	e.describe(ctx, &w.Ticket, op)
	w.own, w.gen, w.runs = op.Priority, g, nil
	if e.watched.Load() {
		w.label = labelled(op)
	}
	index, err := e.place(&w.staged, op, &w.Ticket)
	if err != nil {
		return e.notStaged(ctx, err, w)
	}
	w.index = uint32(index)
	if executes {
		w.runs = g.runs[index]
	}
	return nil
}

// stageWaiter stages the operation of a waiter, if there is one. It fails, and the
// waiter is gone, if the operation is refused, or withdrawn before it is staged.
func (e *Engine) stageWaiter(ctx context.Context, w *waiter) error {
	if w == nil {
		return nil
	}
	_, err := w.gen.shards[w.index].Stage(&w.staged)
	if err == nil {
		return nil
	}
	return e.awaitRoom(ctx, err, w)
}

// awaitRoom has the operation staged as soon as there is room, if that is what staging
// failed for. Unlike in parks it does not matter whether it is a shard's own goroutine:
// a call there waits for a verdict in vain, whether there is room or not.
//
//go:noinline
func (e *Engine) awaitRoom(ctx context.Context, err error, w *waiter) error {
	if err == shard.ErrFull && e.config.WhenFull == Park {
		if err = w.gen.shards[w.index].StageLater(&w.staged); err == nil {
			return nil
		}
	}
	return e.notStaged(ctx, err, w)
}

// notStaged turns a shard's refusal into the engine's, and lets go of the waiter.
//
//go:noinline
func (e *Engine) notStaged(ctx context.Context, err error, w *waiter) error {
	if err == shard.ErrGaveUp {
		err = &WithdrawnError{Cause: context.Cause(ctx)}
	} else {
		err = e.explain(err, w.gen.shards[w.index], int(w.index))
	}
	e.putWaiter(w)
	return e.refused(err)
}

// wait waits for the verdict, if there is to be one. It reports false if the context
// ended first.
func (w *waiter) wait(ctx context.Context) bool {
	if w != nil && w.Withdrawable {
		return w.waitOrWithdraw(ctx)
	}
	if w != nil {
		<-w.told
	}
	return true
}

func (w *waiter) waitOrWithdraw(ctx context.Context) bool {
	if reached(w.told, ctx.Done()) {
		return true
	}
	if w.Withdraw() {
		return false
	}
	<-w.told // decided already; the verdict is on its way
	return true
}
