package engine

import (
	"context"
	"runtime/debug"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// Submit submits an operation and returns when it is accepted, with a handle
// for its outcome. If it wins, fn is called by Config.Executor with a context
// made from ctx, which is cancelled when Stop gives up on it.
//
// A ctx that ends before the verdict withdraws the operation, at once if anybody
// waits for its outcome or has asked for Done, else when its window closes; after the
// verdict it only reaches fn. An operation without target or with Mode None goes to the
// executor at once; Stop does not wait for it.
func Submit[T any](ctx context.Context, e *Engine, op Op, fn func(context.Context) (T, error)) (*Handle[T], error) {
	if fn == nil {
		return nil, e.noFunction()
	}
	h := &Handle[T]{fn: fn}
	h.task.job = h
	if err := h.task.submit(ctx, e, op); err != nil {
		return nil, err
	}
	return h, nil
}

// Handle is an operation that was accepted. Its methods are safe for concurrent
// use.
type Handle[T any] struct {
	fn    func(context.Context) (T, error)
	task  task
	value T
}

// ID returns the operation's identity. It means nothing if it did not contend.
func (h *Handle[T]) ID() OpID { return OpID{Shard: h.task.index, Sequence: h.task.sequence} }

// Done is closed when the operation has its outcome. To have it closed as soon as the
// context of Submit ends, that has to be watched, which costs about as much as all the
// rest of an operation; Wait does not need it.
func (h *Handle[T]) Done() <-chan struct{} {
	h.task.watchContext()
	return h.task.over.done()
}

// Wait waits for the outcome and returns it, as Do does. If ctx ends first, it
// returns ctx's cause; the operation goes on.
func (h *Handle[T]) Wait(ctx context.Context) (T, error) {
	var zero T
	if !h.task.over.closed() && !h.task.await(ctx) {
		return zero, context.Cause(ctx)
	}
	if h.task.abandoned {
		return zero, h.task.err // the function may be writing the value yet
	}
	return h.value, h.task.err
}

// Withdraw takes the operation back if it is not decided yet, and reports
// whether it did: its outcome is a WithdrawnError then.
func (h *Handle[T]) Withdraw() bool { return h.task.withdraw(nil) }

func (h *Handle[T]) call(ctx context.Context) (err error) {
	h.value, err = h.fn(ctx)
	return err
}

func (h *Handle[T]) drop() { h.fn = nil }

// job is the part of a Handle that knows the type of its result.
type job interface {
	call(context.Context) error
	drop() // lets go of the function
}

// task is a Handle without the type of its result. Whoever makes the last
// transition of the ticket's or the run's state owns it then, sets err and
// closes over.
type task struct {
	// What is needed to be told a loss is in the first cache lines.
	ticket Ticket
	runs   *runs
	over   latch // publishes err and abandoned
	err    error
	job    job
	ctx    context.Context
	done   <-chan struct{} // ctx's, nil if it does not contend; immutable once it is staged
	family *member         // nil if it is in no lineage
	op     label

	index     uint32 // of the shard, if it contends; with sequence its identity
	nested    bool   // the submitter's context isNested; immutable
	abandoned bool   // Stop gave up while the function was running
	gone      bool   // it was withdrawn; guarded by mu
	sequence  uint64
	// cancel publishes the function's context to Stop. The function's side sets
	// it, then looks at the run's state; Stop sets the state, then looks here.
	cancel atomicPointer[context.CancelFunc]
	mu     mutex     // guards gone, watch, and ctx when it is let go of
	watch  *watching // of ctx; nil if nobody has asked for it
	run    run       // a winner's
}

func (t *task) submit(ctx context.Context, e *Engine, op Op) error {
	if err := e.check(ctx, &op); err != nil {
		return err
	}
	if err := e.enterFamily(&op); err != nil {
		return err
	}
	t.op, t.ctx = op.label(), ctx
	t.family = e.memberOf(&op)
	accepted := false
	defer func() {
		if !accepted { // also if the user's code panics
			t.family.leave()
		}
	}()
	if !op.contends() {
		e.config.Executor(func() {
			if t.run.state.CompareAndSwap(runQueued, runRunning) { // else it was called before
				e.direct(ctx, t.op, t.job.call, func(err error) { t.finish(err) })
			}
		})
		accepted = true
		return nil
	}
	g, err := e.live()
	if err != nil {
		err = e.refused(err)
	} else {
		err = t.stage(e, g, &op)
	}
	accepted = err == nil
	return err
}

func (t *task) stage(e *Engine, g *generation, op *Op) error {
	t.ticket.To, t.ticket.Withdrawable = t, true
	e.describe(t.ctx, &t.ticket, op)
	t.nested = isNested(t.ctx)
	var staged shard.Op
	index, err := e.place(&staged, op, &t.ticket)
	if err != nil {
		return e.refused(err)
	}
	t.runs = g.runs[index]
	ctx, done, plain := t.ctx, t.ctx.Done(), t.isPlain(e, staged.Terms) // t is not ours once it is staged
	t.done, t.ticket.Polled = done, done != nil
	sequence, err := e.push(g.shards[index], &staged, done)
	if err != nil {
		if err == shard.ErrGaveUp {
			return e.refused(&WithdrawnError{Cause: context.Cause(ctx)})
		}
		return e.refused(e.explain(err, g.shards[index], index))
	}
	t.index, t.sequence = uint32(index), sequence
	if !plain {
		t.watchStaged()
	}
	return nil
}

// about says what events show of the operation besides its ticket.
func (t *task) about() (class string, id uuid.UUID) { return t.op.Type, t.op.ID }

// Decided takes the verdict, on the shard's goroutine. It is not part of the
// Handle's face.
func (t *task) Decided(v *Verdict) {
	t.ticket.Extra = nil // ours again
	if v.Outcome != Won {
		t.lose(t.runs.gen.verdictError(t.op.Name, t.op.Priority, v))
		return
	}
	t.run.giveUp = t.giveUp
	t.run.won(v)
	t.run.entry.decide(v)
	t.run.entry.name(t.op.Name, t.op.Type, t.op.ID)
	t.run.tale = t.runs.gen.tale(v, t.op.Name, t.op.Type, t.op.ID)
	if !t.runs.add(&t.run) {
		t.lose(&StoppedError{Accepted: true})
		return
	}
	t.handOver()
}

// lose finishes an operation that will not be executed.
func (t *task) lose(err error) {
	if t.finish(err) {
		t.endWatch()
	}
}

// handOver gives a winner to the executor. One that panics, or ends the
// goroutine, instead of taking it fails the operation.
func (t *task) handOver() {
	returned := false
	defer func() {
		if !returned {
			t.handOverFailed(caught(recover()))
		}
	}()
	t.runs.engine.config.Executor(t.execute)
	returned = true
}

func (t *task) handOverFailed(cause error) {
	if cause != ErrGoexit { // else the shard counts that its goroutine was ended
		defer t.runs.engine.incident(cause, debug.Stack()) // last: Logger may end the goroutine
	}
	if !t.run.state.CompareAndSwap(runQueued, runEnded) {
		return // it was taken before, or Stop gave up on it
	}
	t.runs.cell.failed.Inc()
	now := t.runs.engine.Now()
	t.run.tale.started(now)
	t.run.tale.ends(now, 0, cause)
	t.runs.remove(&t.run)
	t.finish(&FailedError{
		ID: t.run.entry.Op, EntryID: t.run.entry.ID, Target: t.op.Target, Name: t.op.Name, Cause: cause,
	})
	t.runs.told(1)
	t.endWatch()
}

// execute runs a winner, on the executor's goroutine.
func (t *task) execute() {
	defer t.endWatch() // also if the function ends the goroutine
	t.runs.engine.execute(context.Background(), &t.run, t.call, t.ended)
}

// call calls the function with a context that Stop can cancel. Until the run's
// state is running, the task may not be ours, so the context is made here.
func (t *task) call(context.Context) error {
	ctx := t.ctx
	if t.run.apart(t.nested) {
		var ended func()
		ctx, ended = t.run.exclusively(ctx)
		defer ended()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		t.cancel.Store(nil) // it refers to the context
		cancel()
	}()
	t.cancel.Store(&cancel)
	if t.run.state.Load() == runStopped {
		cancel()
	}
	return t.job.call(ctx)
}

// ended takes the outcome of a run, unless Stop gave it one before.
func (t *task) ended(err error) {
	if t.run.state.Load() != runStopped {
		t.finish(err)
	} else if s, ok := err.(*StoppedError); ok && s.Running { // else whoever gave up on it drops
		t.drop()
		if p, ok := s.Cause.(*PanicError); ok { // of which nobody else is told
			t.runs.engine.counts.incidents.Inc()
			go t.runs.engine.reportIncident(p.Value, p.Stack) // Stop waits for us, but for no logger
		}
	}
}

// giveUp gives the task its outcome because Stop does not wait any longer.
func (t *task) giveUp(wasRunning bool) {
	t.abandoned = wasRunning
	err := &StoppedError{Accepted: true, Running: wasRunning}
	if !wasRunning {
		if t.finish(err) {
			go t.endWatch() // Stop does not wait for the user's code any longer
		}
		return
	}
	if cancel := t.cancel.Load(); cancel != nil {
		(*cancel)()
	}
	t.err = err
	t.family.leave()
	t.over.close()
}

// finish sets the outcome and lets go of the function and its context. It reports whether
// that is watched, which has to be ended: when the outcome counts as told, since it may
// call the user's code.
func (t *task) finish(err error) (watched bool) {
	t.family.leave()
	watched = t.drop()
	t.err = err
	t.over.close()
	return watched
}

// drop lets go of what is the user's.
func (t *task) drop() (watched bool) {
	t.job.drop()
	return t.letGoOfContext()
}
