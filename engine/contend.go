package engine

import (
	"context"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

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
	err := e.register(win.Entry)
	if win.tale != nil {
		win.began = e.Now() // its execution, by whoever has won
	}
	if err != nil {
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
		w.engine.unregister(w.ID, err)
	}
}

// unregister tells the registry that a winner has executed; see register.
//
//go:noinline
func (e *Engine) unregister(id uuid.UUID, err error) { e.config.Registry.Finish(id, err) }

// release lets go of what the winner held.
func (w Win) release() {
	w.family.leave()
	w.engine.release(w.hold)
}
