package engine

import "context"

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

// recentContext is one that was seen lately, by its Done.
type recentContext struct {
	done   <-chan struct{}
	ending *ending // nil if nobody is in it
}

// ending is the end of one context that several operations have. They are a list, in the
// order of submission.
type ending struct {
	of          *endings
	first, last *membership // guarded by of.mu; it is left for ever when there is none
	stop        func() bool // ends the watch; nil until there is one. Guarded by of.mu
}

// membership is a task's place among those that an ending withdraws; guarded by
// endings.mu.
type membership struct {
	task       *task
	ending     *ending // nil when it has left
	prev, next *membership
}

// watch is how the end of a task's context is waited for.
type watch struct {
	alone  func() bool // ends it; nil if it is not for this task alone, or there is none
	member *membership // nil if it is, or there is none
}

// watch has the end of a context withdraw a task from here on. The task is not staged yet,
// so if the context ends right now, that is too early: see task.stage.
func (es *endings) watch(ctx context.Context, t *task) watch {
	done := ctx.Done()
	if done == nil {
		return watch{}
	}
	if m := es.join(ctx, done, t); m != nil {
		return watch{member: m}
	}
	return watch{alone: context.AfterFunc(ctx, func() { t.withdraw(true) })}
}

// end lets go of the context.
func (es *endings) end(w watch) {
	switch {
	case w.alone != nil:
		w.alone()
	case w.member != nil:
		es.leave(w.member)
	}
}

// join makes a task one of those that the end of a context withdraws. It returns nil if
// the context was not seen lately.
func (es *endings) join(ctx context.Context, done <-chan struct{}, t *task) *membership {
	es.mu.Lock()
	known := es.find(done)
	if known == nil {
		es.recent[es.next%recentContexts] = recentContext{done: done}
		es.next++
		es.mu.Unlock()
		return nil
	}
	e := known.ending
	begun := e == nil
	if begun {
		e = &ending{of: es}
		known.ending = e
	}
	m := &membership{task: t, ending: e}
	e.link(m)
	es.mu.Unlock()
	if begun {
		e.watch(ctx)
	}
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

// watch waits for the context's end. It calls into the context, which may be the user's
// code, and so without the lock.
func (e *ending) watch(ctx context.Context) {
	var stop func() bool
	defer func() { e.watched(stop) }() // also if that panics
	stop = context.AfterFunc(ctx, e.withdraw)
}

// watched takes the end of the watch, nil if there is no watch. All members may have left
// meanwhile.
func (e *ending) watched(stop func() bool) {
	e.of.mu.Lock()
	left := e.first == nil
	switch {
	case stop == nil:
		e.close()
	case !left:
		e.stop = stop
	}
	e.of.mu.Unlock()
	if left && stop != nil {
		stop()
	}
}

// withdraw withdraws all members, also those who come meanwhile.
func (e *ending) withdraw() {
	for t := e.leader(); t != nil; t = e.leader() {
		t.withdraw(true)
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
func (e *ending) link(m *membership) {
	m.prev = e.last
	if e.last == nil {
		e.first = m
	} else {
		e.last.next = m
	}
	e.last = m
}

// unlink takes a member out; under the lock.
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
	if e.first == nil {
		e.close()
	}
}

// close lets nobody join any more; under the lock.
func (e *ending) close() {
	for i := range e.of.recent {
		if r := &e.of.recent[i]; r.ending == e {
			r.ending = nil
		}
	}
}
