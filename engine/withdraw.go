package engine

import (
	"context"
	"slices"
	"time"

	"example.com/contend/shard"
)

// The end of a context withdraws its operation (R13). To be woken by it is what costs: a
// context keeps those who want to know in a map under a lock, and to come and go there
// takes more than all the rest of an operation. So, as a rule, nobody is woken. Who waits
// for the outcome looks at the context as well; who decides asks first (see Poll), so that
// none that has ended before takes part. Only what could stay long without either of them
// is watched.

// soon is the longest window of an operation that is not watched: for so long, or for that
// of another that it joins, it keeps what it refers to after its context has ended, if
// nobody waits.
const soon = time.Second

// isPlain reports whether the operation's window closes soon, and nobody but who waits for
// it can tell when its outcome is delivered. The task is not staged yet.
func (t *task) isPlain(terms shard.Terms) bool {
	return terms.Rules() == 0 && terms.Window() <= int64(soon) && t.ticket.Extra == nil && t.family == nil
}

// watchContext has the end of the context withdraw the operation, which is staged, at once.
func (t *task) watchContext() {
	if t.done == nil {
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
	begun := t.runs.endings.watch(ctx, t) // without the lock: this may be the user's code
	t.mu.Lock()
	needed := t.watch == w
	if needed {
		*w = begun
	}
	t.mu.Unlock()
	if !needed {
		t.runs.endings.end(begun)
	}
}

// watchStaged is watchContext for an operation that was just staged: with a context that
// panics when it is to be watched it was not submitted.
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

// letGoOfContext drops the context, and the watch of it.
func (t *task) letGoOfContext() {
	if t.done == nil {
		t.ctx = nil
		return
	}
	t.mu.Lock()
	w := t.watch
	t.ctx, t.watch = nil, nil
	t.mu.Unlock()
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
		return true
	case <-t.done:
	case <-ctx.Done():
		if !reachedYet(t.done) {
			return reachedYet(over)
		}
	}
	t.quit()
	return reached(over, ctx.Done())
}

// quit withdraws the operation since its context has ended.
func (t *task) quit() {
	if ctx := t.context(); ctx != nil {
		t.withdraw(context.Cause(ctx))
	}
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

// Poll withdraws the operation if its context has ended, on the shard's goroutine. The
// cause may be the user's code, and so is asked for on another. It is not part of the
// Handle's face.
func (t *task) Poll() {
	if !reachedYet(t.done) {
		return
	}
	rs := t.runs
	rs.owe(1)
	if !t.ticket.Withdraw() {
		rs.told(1) // somebody was here before
		return
	}
	rs.leave(t)
}

// leave has a task told that it is withdrawn: on another goroutine, which asks for the
// cause, or at once and without it if Stop does not wait any longer.
func (rs *runs) leave(t *task) {
	rs.mu.Lock()
	aborted, begin := rs.aborted, rs.left == nil
	if !aborted {
		rs.left = append(rs.left, t)
	}
	rs.mu.Unlock()
	switch {
	case aborted:
		t.hasLeft(ErrStopped)
	case begin:
		go rs.tellLeft()
	}
}

// tellLeft tells all that have left. One whose cause ends the goroutine does not keep
// others from being told.
func (rs *runs) tellLeft() {
	done := false
	defer func() {
		if !done {
			go rs.tellLeft()
		}
	}()
	for t := rs.nextLeft(); t != nil; t = rs.nextLeft() {
		t.tellLeft()
	}
	done = true
}

// nextLeft returns the next one to be told, nil if there is none.
func (rs *runs) nextLeft() (t *task) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.left) == 0 {
		rs.left = nil
	} else {
		t, rs.left[0], rs.left = rs.left[0], nil, rs.left[1:]
	}
	rs.asked = t
	return t
}

// tellLeft asks for the cause and gives the task its outcome.
func (t *task) tellLeft() {
	cause := ErrGoexit
	defer func() { t.hasLeft(cause) }()
	if ctx := t.context(); ctx != nil { // else Stop does not wait any longer
		cause = context.Cause(ctx)
	}
}

// hasLeft gives the task its outcome, unless it has it.
func (t *task) hasLeft(cause error) {
	if t.run.state.CompareAndSwap(runQueued, runEnded) {
		t.finish(&WithdrawnError{Accepted: true, Cause: cause})
		t.runs.told(1)
	}
}

// abortLeft gives all that have left their outcome: what they are asked for is the user's
// code, for which Stop does not wait.
func (rs *runs) abortLeft() {
	rs.mu.Lock()
	all := slices.Clone(rs.left)
	if rs.asked != nil {
		all = append(all, rs.asked)
	}
	rs.mu.Unlock()
	for _, t := range all {
		t.hasLeft(ErrStopped)
	}
}
