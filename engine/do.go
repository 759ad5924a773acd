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
	if fn == nil {
		return value, e.refused(&InvalidError{"function", nil, "a function to execute"})
	}
	call := func(ctx context.Context) (err error) {
		value, err = fn(ctx)
		return err
	}
	err = e.do(ctx, &op, call)
	return value, err
}

// do is Do without the type of the result.
func (e *Engine) do(ctx context.Context, op *Op, call func(context.Context) error) (err error) {
	done := func(final error) { err = final }
	if err := e.check(ctx, op); err != nil {
		return err
	}
	if err := e.enterFamily(op); err != nil {
		return err
	}
	defer e.leaveFamily(op.ID)
	if !op.contends() {
		e.direct(ctx, op.label(), call, done)
		return err
	}
	w, err := e.await(ctx, op, true)
	if err != nil {
		return err
	}
	e.executeWaiter(ctx, op, w, call, done)
	e.putWaiter(w)
	return err
}

// executeWaiter runs a winner on its caller's goroutine.
func (e *Engine) executeWaiter(ctx context.Context, op *Op, w *waiter, call func(context.Context) error, done func(error)) {
	w.run.entry = entryOf(op.label(), &w.verdict)
	if w.run.apart(ctx) {
		function := call
		call = func(ctx context.Context) error {
			ctx, ended := w.run.exclusively(ctx)
			defer ended()
			return function(ctx)
		}
	}
	e.execute(ctx, &w.run, call, done)
}

// Contend submits an operation and returns the verdict alone: a Win for the
// winner, an error as Do's for everybody else. Executing is up to the caller;
// the registry has been told when Contend returns, and holds the winner's entry
// until Win.Finish.
func (e *Engine) Contend(ctx context.Context, op Op) (Win, error) {
	if err := e.check(ctx, &op); err != nil {
		return Win{}, err
	}
	if err := e.enterFamily(&op); err != nil {
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
	if !op.contends() {
		e.counts.direct.Inc()
		passed = true
		return win, nil
	}
	w, err := e.await(ctx, &op, false)
	if err != nil {
		return Win{}, err
	}
	win.Entry, win.hold = entryOf(op.label(), &w.verdict), w.run.held()
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

func entryOf(op label, v *Verdict) Entry {
	return Entry{
		ID: v.EntryID(), Op: v.Op, Key: op.ID, Target: op.Target,
		Name: op.Name, Type: op.Type, Priority: Priority(v.Priority), Contenders: v.Contenders,
		Retries: v.Retries, Token: v.Token,
	}
}

// waiter is the memory of one blocking call. It is reused, but not after a
// withdrawal: the shard holds it until the window closes.
type waiter struct {
	Ticket
	run     run
	runs    *runs // where a winner that will execute is taken in; nil for Contend
	gen     *generation
	label   *label // nil unless somebody watches
	verdict Verdict
	rank    int           // of a loser
	told    chan struct{} // of size 1; passes the waiter back from the owner
}

// Decided takes the verdict, on the shard's goroutine.
func (w *waiter) Decided(v *Verdict) {
	w.take(v)
	w.told <- struct{}{}
}

// about says what events show of the operation besides its ticket.
func (w *waiter) about() (class string, id uuid.UUID) {
	if w.label == nil {
		return "", uuid.Nil // submitted before anybody watched
	}
	return w.label.Type, w.label.ID
}

func (w *waiter) take(v *Verdict) {
	w.verdict = v.Kept()
	switch v.Outcome {
	case Won:
		w.run.won(v)
		class, id := w.about()
		w.run.tale = w.gen.tale(v, w.Name, class, id)
		if w.runs != nil {
			w.runs.add(&w.run)
		}
	case Lost:
		w.rank = v.Rank()
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
	w.Name, w.Extra = "", nil
	w.gen, w.label = nil, nil
	w.run.entry, w.run.holder, w.verdict = Entry{}, nil, Verdict{}
	w.run.tale = nil
	e.waiters.Put(w)
}

// await stages an operation and waits for its verdict. It returns the waiter
// of a winner; the others' waiters are gone.
func (e *Engine) await(ctx context.Context, op *Op, executes bool) (*waiter, error) {
	w := e.waiters.Get().(*waiter)
	w.To = w
	if err := e.awaitVerdict(ctx, op, w, executes); err != nil {
		if withdrawn, ok := err.(*WithdrawnError); !ok || !withdrawn.Accepted {
			e.putWaiter(w)
		}
		return nil, err
	}
	if w.verdict.Outcome == Won {
		return w, nil
	}
	err := e.verdictError(op.label(), &w.verdict, w.rank)
	e.putWaiter(w)
	return nil, err
}

// awaitVerdict stages the operation of a waiter and waits until it has its
// verdict. It fails if the operation was refused or withdrawn; in the latter
// case, in which it had been accepted, the shard still holds the waiter.
func (e *Engine) awaitVerdict(ctx context.Context, op *Op, w *waiter, executes bool) error {
	g, err := e.live()
	if err == nil {
		err = e.checkWait(ctx, op.Target)
	}
	if err != nil {
		return e.refused(err)
	}
	w.Withdrawable = ctx.Done() != nil
	e.describe(ctx, &w.Ticket, op)
	if err := e.submit(ctx, g, op, w, executes); err != nil {
		return e.refused(err)
	}
	if !w.wait(ctx) {
		return &WithdrawnError{Accepted: true, Cause: context.Cause(ctx)}
	}
	return nil
}

// submit stages the operation of a waiter.
func (e *Engine) submit(ctx context.Context, g *generation, op *Op, w *waiter, executes bool) error {
	bid := Bid{Target: op.Target, Priority: op.Priority, Window: op.Window, Ticket: &w.Ticket}
	var staged shard.Op
	index, err := e.prepare(&staged, &bid)
	if err != nil {
		return err
	}
	w.runs, w.gen = nil, g
	if e.watched.Load() {
		l := op.label()
		w.label = &l
	}
	if executes {
		w.runs = g.runs[index]
	}
	_, err = e.push(g.shards[index], &staged, ctx.Done())
	if err == shard.ErrGaveUp {
		return &WithdrawnError{Cause: context.Cause(ctx)}
	}
	if err != nil {
		return e.explain(err, g.shards[index], index)
	}
	return nil
}

// wait waits for the verdict. It reports false if the context ended first.
func (w *waiter) wait(ctx context.Context) bool {
	if !w.Withdrawable {
		<-w.told
		return true
	}
	if reached(w.told, ctx.Done()) {
		return true
	}
	if w.Withdraw() {
		return false
	}
	<-w.told // decided already; the verdict is on its way
	return true
}
