package engine

import (
	"context"
	"time"

	"example.com/contend/shard"
)

// The end of a context withdraws its operation (R13). To be woken by it is what costs: a
// context keeps those who want to know in a map under a lock, and to come and go there
// takes more than all the rest of an operation. So, as a rule, nobody is woken. Who waits
// for the outcome looks at the context as well; who decides asks first (see Poll), so that
// none that has ended before takes part. Only what could stay for long, or is in a lineage,
// is watched, and what somebody has asked Done of.

// soon is for how long an operation whose context has ended may keep what it refers to if
// nobody waits for it.
const soon = time.Second

// isPlain reports whether the operation's window closes soon, also if another has opened
// it, and nobody but who waits for it can tell when its outcome is delivered. The task is
// not staged yet.
func (t *task) isPlain(e *Engine, terms shard.Terms) bool {
	return terms.Rules() == 0 && terms.Window() <= int64(soon) && !e.longWindows.Load() &&
		t.ticket.Extra == nil && t.family == nil
}

// watchContext has the end of the context withdraw the operation, which is staged, at once.
func (t *task) watchContext() {
	if t.done == nil || !t.ticket.InUse() {
		return
	}
	w := new(watching)
	t.mu.Lock()
	ctx := t.ctx
	if ctx == nil || t.watch != nil { // it has its outcome, or somebody was here before
		t.mu.Unlock()
		return
	}
	t.watch = w
	t.mu.Unlock()
	var begun *watching // nil if the watch panics
	defer func() { t.endWatch(t.setWatch(w, begun)) }()
	watch := t.runs.endings.watch(ctx, t) // without the lock: this may be the user's code
	begun = &watch
}

// setWatch says what the watch that was announced has become, nil if nothing. It returns
// what has to be ended, since the operation is over.
func (t *task) setWatch(announced, begun *watching) *watching {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watch != announced {
		return begun
	}
	t.watch = begun
	return nil
}

// watchStaged is watchContext for an operation that was just staged, and is withdrawn, if
// it can be yet, when its context panics: then Submit has no handle to return.
func (t *task) watchStaged() {
	watched := false
	defer func() {
		if !watched {
			t.withdraw(nil)
		}
	}()
	t.watchContext()
	watched = true
}

// letGoOfContext drops the context, and returns the watch of it, which has to be ended.
func (t *task) letGoOfContext() (w *watching) {
	if t.done == nil {
		t.ctx = nil
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	w = t.watch
	t.ctx, t.watch = nil, nil
	return w
}

// endWatch may call the user's code.
func (t *task) endWatch(w *watching) {
	if w != nil {
		t.runs.endings.end(*w)
	}
}

// await waits for the outcome and reports true, or until ctx ends. If the operation's own
// context ends meanwhile, that is its outcome.
func (t *task) await(ctx context.Context) bool {
	over := t.over.done()
	if t.done == nil {
		return reached(over, ctx.Done())
	}
	select {
	case <-over:
	case <-t.done:
	case <-ctx.Done():
	}
	switch { // of several it is not chance that counts
	case reachedYet(over):
		return true
	case !reachedYet(t.done):
		return false
	}
	if t.leaves() && ctx.Done() == t.done {
		<-over // it says more than the end of the same context, and is on its way
		return true
	}
	return reached(over, ctx.Done())
}

// context returns the operation's context, nil if it was let go of.
func (t *task) context() context.Context {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ctx
}

// withdraw takes the operation back if it is not decided yet, and reports whether it did.
func (t *task) withdraw(cause error) bool {
	rs := t.runs
	if rs == nil {
		return false // it does not contend
	}
	rs.owe(1) // before Stop can find that the operation is gone
	defer rs.told(1)
	if !t.ticket.Withdraw() {
		return false
	}
	t.finish(&WithdrawnError{Accepted: true, Cause: cause})
	return true
}
