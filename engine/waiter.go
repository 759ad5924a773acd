package engine

import (
	"context"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// waiter is the memory of one blocking call. It is reused, but not after a
// withdrawal: the shard holds it until the window closes.
type waiter struct {
	Ticket
	own     Priority // without ageing
	outcome shard.Outcome
	pooled  bool            // else it is part of something else
	nested  bool            // the caller's context isNested
	index   uint32          // of its shard
	told    chan struct{}   // of size 1; passes the waiter back from the owner
	done    <-chan struct{} // of the caller's context; nil if it is not Withdrawable
	gen     *generation
	label   *label // nil unless somebody watches
	err     error  // of an operation that did not win
	runs    *runs  // where a winner that will execute is taken in; nil for Contend
	staged  shard.Deferrable
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
	w.done = nil
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
	if !w.wait() {
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
	w.done = ctx.Done() // asked for once: it is the user's code, which may panic
	w.Withdrawable = w.done != nil
	e.describe(ctx, &w.Ticket, op)
	w.own, w.gen, w.runs = op.Priority, g, nil
	w.nested = isNested(ctx)
	if e.watched.Load() {
		w.label = labelled(op)
	}
	index, err := e.place(&w.staged.Op, op, &w.Ticket)
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
	_, err := w.gen.shards[w.index].Stage(&w.staged.Op)
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
func (w *waiter) wait() bool {
	if w != nil && w.Withdrawable {
		return w.waitOrWithdraw()
	}
	if w != nil {
		<-w.told
	}
	return true
}

func (w *waiter) waitOrWithdraw() bool {
	if reached(w.told, w.done) {
		return true
	}
	if w.Withdraw() {
		return false
	}
	<-w.told // decided already; the verdict is on its way
	return true
}
