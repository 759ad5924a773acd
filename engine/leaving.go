package engine

import (
	"cmp"
	"context"
	"maps"
	"runtime/debug"
	"slices"
)

// leaving are operations of one shard, of contexts with the same Done, that were found
// withdrawn and do not have their outcome yet. Why a context has ended may be for the
// user's code to say, which nobody must wait for who has another: so each Done has a
// goroutine that asks, for as long as there are such operations.
type leaving struct {
	next  []*task // guarded by runs.mu
	asked *task   // the one whose context is asked; guarded likewise

	number uint64 // in the order in which they were begun
}

// Poll withdraws the operation if its context has ended, on the shard's goroutine. It is
// not part of the Handle's face.
func (t *task) Poll() { t.leaves() }

// leaves withdraws the operation if its context has ended, and reports whether it did. Its
// outcome follows.
func (t *task) leaves() bool {
	if !reachedYet(t.done) {
		return false
	}
	rs := t.runs
	rs.owe(1)
	if !t.takeBack() {
		rs.told(1) // it is decided, or somebody was here before
		return false
	}
	rs.leave(t)
	return true
}

// leave has a task told that it is withdrawn: without the cause if Stop does not wait any
// longer.
func (rs *runs) leave(t *task) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.aborted {
		go t.hasLeft(ErrStopped)
		return
	}
	l := rs.left[t.done]
	if l == nil {
		rs.leavings++
		l = &leaving{number: rs.leavings}
		if rs.left == nil {
			rs.left = make(map[<-chan struct{}]*leaving)
		}
		rs.left[t.done] = l
		go rs.tell(l, t.done)
	}
	l.next = append(l.next, t)
}

// tell gives all of them their outcome. One whose cause ends the goroutine does not keep
// others from theirs.
func (rs *runs) tell(l *leaving, done <-chan struct{}) {
	finished := false
	defer func() {
		if !finished {
			go rs.tell(l, done)
		}
	}()
	for t := rs.nextOf(l, done); t != nil; t = rs.nextOf(l, done) {
		t.askForCause()
	}
	finished = true
}

// nextOf returns the next one to be told. If there is none, it returns nil and the
// goroutine has to end.
func (rs *runs) nextOf(l *leaving, done <-chan struct{}) (t *task) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(l.next) > 0 {
		t, l.next[0], l.next = l.next[0], nil, l.next[1:]
	} else if rs.left[done] == l {
		delete(rs.left, done)
	}
	l.asked = t
	return t
}

// askForCause asks for the cause and gives the task its outcome.
func (t *task) askForCause() {
	var cause error
	returned := false
	defer func() { t.hasLeft(cause) }() // also if Logger ends the goroutine
	defer func() {
		if !returned {
			if cause = caught(recover()); cause != ErrGoexit {
				t.runs.engine.incident(cause, debug.Stack())
			}
		}
	}()
	if ctx := t.context(); ctx != nil { // else Stop does not wait any longer
		cause = context.Cause(ctx)
	}
	returned = true
}

// hasLeft gives the task its outcome, unless it has it.
func (t *task) hasLeft(cause error) {
	if !t.run.state.CompareAndSwap(runQueued, runEnded) {
		return
	}
	watched := t.finish(&WithdrawnError{Accepted: true, Cause: cause})
	t.runs.told(1)
	if watched {
		go t.endWatch() // neither the others nor Stop wait for that
	}
}

// abortLeaving gives all of them their outcome: Stop does not wait for causes any longer.
func (rs *runs) abortLeaving() {
	var all []*task
	rs.mu.Lock()
	inOrder := slices.SortedFunc(maps.Values(rs.left), func(a, b *leaving) int { return cmp.Compare(a.number, b.number) })
	for _, l := range inOrder {
		if all = append(all, l.next...); l.asked != nil {
			all = append(all, l.asked)
		}
		l.next = nil
	}
	rs.left = nil
	rs.mu.Unlock()
	for _, t := range all {
		t.hasLeft(ErrStopped)
	}
}
