package engine

import (
	"context"
	"runtime/debug"
	"time"

	"example.com/contend/shard"
)

// The end of a context withdraws its operation. To be woken by it is what costs: a
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

// beginning is in the place of a watch that is being begun.
var beginning watching

// watchContext has the end of the context withdraw the operation, which is staged, at once.
func (t *task) watchContext() {
	if t.done == nil || !t.ticket.InUse() {
		return
	}
	t.mu.Lock()
	ctx := t.ctx
	if ctx == nil || t.watch != nil { // it has its outcome, or somebody was here before
		t.mu.Unlock()
		return
	}
	t.watch = &beginning
	t.mu.Unlock()
	var begun *watching // nil if the watch panics
	defer func() { t.setWatch(begun) }()
	watch := t.runs.endings.watch(ctx, t) // without the lock: this may be the user's code
	begun = &watch
}

// setWatch says what has become of a watch that was being begun, nil if nothing. It ends it
// if the operation was over before.
func (t *task) setWatch(begun *watching) {
	t.mu.Lock()
	t.watch = begun
	over := t.ctx == nil
	t.mu.Unlock()
	if over {
		t.endWatch()
	}
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

// letGoOfContext drops the context, and reports whether it is watched.
func (t *task) letGoOfContext() (watched bool) {
	if t.done == nil {
		t.ctx = nil
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ctx = nil
	return t.watch != nil
}

// endWatch ends the watch of a context that was let go of, if there is one. It may call the
// user's code.
func (t *task) endWatch() {
	if t.done == nil {
		return
	}
	t.mu.Lock()
	w := t.watch
	if w == nil || w == &beginning { // whoever begins it will see that it is over
		t.mu.Unlock()
		return
	}
	t.watch = nil
	t.mu.Unlock()
	defer func() {
		if v := recover(); v != nil {
			t.runs.engine.incident(v, debug.Stack())
		}
	}()
	t.runs.endings.end(*w)
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
	t.leaves()
	if ctx.Done() == t.done && t.isGone() {
		<-over // it says more than the end of the same context, and is on its way
		return true
	}
	return reached(over, ctx.Done())
}

// takeBack withdraws the ticket, and reports whether it did.
func (t *task) takeBack() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.ticket.Withdraw() {
		return false
	}
	t.gone = true
	return true
}

// isGone reports whether the ticket was withdrawn, by whomever.
func (t *task) isGone() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.gone
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
	if !t.takeBack() {
		rs.told(1)
		return false
	}
	watched := t.finish(&WithdrawnError{Accepted: true, Cause: cause})
	rs.told(1)
	if watched {
		t.endWatch()
	}
	return true
}
