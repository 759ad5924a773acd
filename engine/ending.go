package engine

import (
	"container/list"
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

// ending is the end of one context that several operations have.
type ending struct {
	of      *endings
	ctx     context.Context // every member's
	members list.List       // of *task, in the order of submission. Guarded by of.mu; it is left for ever when there is none
	stop    func() bool     // ends the watch; nil until there is one. Guarded by of.mu
}

// watching is how a task waits for the end of its context.
type watching struct {
	alone  func() bool   // ends it; nil if it is not for this task alone, or there is none
	ending *ending       // nil if it is, or there is none
	place  *list.Element // of the ending's members
}

// watch has the end of a context withdraw a task from here on.
func (es *endings) watch(ctx context.Context, t *task) watching {
	done := ctx.Done()
	if done == nil {
		return watching{}
	}
	if w := es.join(ctx, done, t); w.ending != nil {
		return w
	}
	return watching{alone: context.AfterFunc(ctx, func() { t.leaves() })}
}

// end lets go of the context.
func (es *endings) end(w watching) {
	switch {
	case w.alone != nil:
		w.alone()
	case w.ending != nil:
		w.ending.leave(w.place)
	}
}

// join makes a task one of those that the end of a context withdraws, unless the context
// was not seen lately, or those who are watched together have another one with the same
// Done: it would be held on to for them.
func (es *endings) join(ctx context.Context, done <-chan struct{}, t *task) watching {
	es.mu.Lock()
	known := es.find(done)
	if known == nil {
		es.recent[es.next] = recentContext{done: done}
		es.next = (es.next + 1) % recentContexts
		es.mu.Unlock()
		return watching{}
	}
	if e := known.ending; e != nil {
		defer es.mu.Unlock()
		if !same(e.ctx, ctx) {
			return watching{}
		}
		return watching{ending: e, place: e.members.PushBack(t)}
	}
	es.mu.Unlock()
	e := &ending{of: es, ctx: ctx}
	place := e.members.PushBack(t) // nobody else knows the ending yet
	e.begin(done)
	return watching{ending: e, place: place}
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
	if known := es.find(done); known != nil && known.ending == nil && e.members.Len() > 0 {
		known.ending = e
	}
}

// withdraw withdraws all members, also those who come meanwhile.
func (e *ending) withdraw() {
	for t := e.leader(); t != nil; t = e.leader() {
		t.leaves()
	}
}

// leader takes the first member out, nil if there is none.
func (e *ending) leader() *task {
	e.of.mu.Lock()
	defer e.of.mu.Unlock()
	first := e.members.Front()
	if first == nil {
		return nil
	}
	e.remove(first)
	return first.Value.(*task)
}

// leave takes a member out, unless it is out already. The last one lets go of the context.
func (e *ending) leave(place *list.Element) {
	var stop func() bool
	e.of.mu.Lock()
	if e.remove(place); e.members.Len() == 0 {
		stop, e.stop = e.stop, nil
	}
	e.of.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// remove takes a member out, unless it is out already; under the lock. Nobody can join any
// more when there is none.
func (e *ending) remove(place *list.Element) {
	if e.members.Remove(place); e.members.Len() > 0 {
		return
	}
	for i := range e.of.recent {
		if r := &e.of.recent[i]; r.ending == e {
			r.ending = nil
		}
	}
}
