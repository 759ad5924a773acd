package engine

import (
	"context"
	"reflect"
)

// endings are the contexts whose end withdraws operations of one shard that were
// submitted with Submit. A context keeps a list of its own of who wants to know of its
// end, in which to come and go cost more than all the rest of an operation. So one that
// comes again is watched once for all that have it. The zero value is ready for use.
type endings struct {
	mu     mutex
	recent [recentContexts]recentContext // guarded by mu, as is next
	next   int                           // place in recent of the next one
}

// recentContexts is how many are known again when they come again: more than submit in
// turns, as a rule. All are looked at each time.
const recentContexts = 16

// recentContext is one that was seen lately, by its Done. Others may have the same: those
// that were made of it to carry a value.
type recentContext struct {
	done   <-chan struct{}
	ending *ending // that another operation with the same context may join; nil for none
}

// ending is the end of one context that several operations have. They are a list, in the
// order of submission.
type ending struct {
	of          *endings
	ctx         context.Context // every member's
	first, last *membership     // guarded by of.mu; it is left for ever when there is none
	stop        func() bool     // ends the watch; nil until there is one. Guarded by of.mu
}

// membership is a task's place among those that an ending withdraws; guarded by
// endings.mu.
type membership struct {
	task       *task
	ending     *ending // nil when it has left
	prev, next *membership
}

// watching is how a task waits for the end of its context.
type watching struct {
	alone  func() bool // ends it; nil if it is not for this task alone, or there is none
	member *membership // nil if it is, or there is none
}

// watch has the end of a context withdraw a task from here on. The task is not staged yet,
// so if the context ends right now, that is too early: see task.stage.
func (es *endings) watch(ctx context.Context, t *task) watching {
	done := ctx.Done()
	if done == nil {
		return watching{}
	}
	if m := es.join(ctx, done, t); m != nil {
		return watching{member: m}
	}
	return watching{alone: context.AfterFunc(ctx, func() { t.withdraw(context.Cause(ctx)) })}
}

// end lets go of the context.
func (es *endings) end(w watching) {
	switch {
	case w.alone != nil:
		w.alone()
	case w.member != nil:
		es.leave(w.member)
	}
}

// join makes a task one of those that the end of a context withdraws. It returns nil if
// the context was not seen lately, or if those who are watched together have another
// one with the same Done: it would be held on to for them.
func (es *endings) join(ctx context.Context, done <-chan struct{}, t *task) *membership {
	es.mu.Lock()
	known := es.find(done)
	if known == nil {
		es.recent[es.next] = recentContext{done: done}
		es.next = (es.next + 1) % recentContexts
		es.mu.Unlock()
		return nil
	}
	if e := known.ending; e != nil {
		defer es.mu.Unlock()
		if !same(e.ctx, ctx) {
			return nil
		}
		return e.link(t)
	}
	e := &ending{of: es, ctx: ctx}
	m := e.link(t)
	es.mu.Unlock()
	e.begin(done)
	return m
}

// find returns a context that was seen lately, nil if it was not; under the lock.
func (es *endings) find(done <-chan struct{}) *recentContext {
	for i := range es.recent {
		if r := &es.recent[i]; r.done == done {
			return r
		}
	}
	return nil
}

// same reports whether two contexts are one. All but pointers count as different: some
// cannot be compared.
func same(a, b context.Context) bool {
	return reflect.TypeOf(a).Kind() == reflect.Pointer && a == b
}

// begin watches the context, and lets others join from here on, unless it has ended
// meanwhile or others were faster. It calls into the context, which may be the user's
// code, and so without the lock.
func (e *ending) begin(done <-chan struct{}) {
	stop := context.AfterFunc(e.ctx, e.withdraw)
	es := e.of
	es.mu.Lock()
	defer es.mu.Unlock()
	e.stop = stop
	if known := es.find(done); known != nil && known.ending == nil && e.first != nil {
		known.ending = e
	}
}

// withdraw withdraws all members, also those who come meanwhile.
func (e *ending) withdraw() {
	cause := context.Cause(e.ctx)
	for t := e.leader(); t != nil; t = e.leader() {
		t.withdraw(cause)
	}
}

// leader takes the first member out, nil if there is none.
func (e *ending) leader() *task {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	m := e.first
	if m == nil {
		return nil
	}
	t := m.task
	e.unlink(m)
	return t
}

// leave takes a task out of its ending, unless it is out already. The last one lets go of
// the context.
func (es *endings) leave(m *membership) {
	var stop func() bool
	es.mu.Lock()
	if e := m.ending; e != nil {
		if e.unlink(m); e.first == nil {
			stop, e.stop = e.stop, nil
		}
	}
	es.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// link makes a task the last member; under the lock.
func (e *ending) link(t *task) *membership {
	m := &membership{task: t, ending: e, prev: e.last}
	if e.last == nil {
		e.first = m
	} else {
		e.last.next = m
	}
	e.last = m
	return m
}

// unlink takes a member out; under the lock. Nobody can join any more when there is none.
func (e *ending) unlink(m *membership) {
	if m.prev == nil {
		e.first = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		e.last = m.prev
	} else {
		m.next.prev = m.prev
	}
	*m = membership{}
	if e.first != nil {
		return
	}
	for i := range e.of.recent {
		if r := &e.of.recent[i]; r.ending == e {
			r.ending = nil
		}
	}
}
