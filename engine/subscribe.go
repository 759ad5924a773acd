package engine

import (
	"iter"
	"slices"

	"github.com/google/uuid"
)

// Filter says which events a subscription gets; the zero value is all of them.
type Filter struct {
	// Kinds are the kinds of events; none means all. What no subscription and no
	// hook wants is not made in the first place.
	Kinds []EventKind
	// LeastPriority is the lowest priority of the operations whose events come; 0
	// means all, the negative ones included.
	LeastPriority Priority
	// Target is the only target whose events come; the zero UUID means all.
	Target uuid.UUID
	// Sample means that the subscriber wants no more than its buffer happens to
	// hold, for instance to show some events of many. What it misses is counted in
	// Subscription.Dropped, and not in Stats.EventsDropped.
	Sample bool
}

func (f *Filter) wants() wants {
	kinds := allKinds
	if len(f.Kinds) > 0 {
		kinds = 0
		for _, k := range f.Kinds {
			if int(k) < eventKinds {
				kinds = kinds.with(k)
			}
		}
	}
	return wants{kinds: kinds, least: f.LeastPriority, target: f.Target, sample: f.Sample}
}

// defaultBuffer is how many events wait for a subscriber unless said otherwise.
const defaultBuffer = 1024

// Subscription is a bounded queue of events. A subscriber that does not keep up
// loses the newest, which is counted; nobody waits for it. Its methods are safe for
// concurrent use.
type Subscription struct {
	engine *Engine
	sink   *sink
	before uint64 // events that were lost to all, before it
}

// Subscribe begins to collect the events that the filter lets through, up to so many
// until they are taken; 0 or less means 1024. It sees what happens from each shard's next
// look on, of operations that are staged already, too. It goes on over a Stop and a
// Start, until Close.
//
// The events of one operation come in the order that EventKind describes.
func (e *Engine) Subscribe(filter Filter, buffer int) *Subscription {
	if buffer < 1 {
		buffer = defaultBuffer
	}
	s := &Subscription{engine: e, sink: newSink(filter.wants(), buffer), before: e.counts.eventsLost.Load()}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sinks = append(slices.Clone(e.sinks), s.sink)
	e.watched.Store(true)
	if g := e.current.Load(); g != nil {
		e.attach(g)
	}
	return s
}

// All iterates over the events, waiting for each, until the subscription is closed
// and what had been collected until then was taken. It may be left and begun again,
// and goes on where it was left. Several iterations share the events.
func (s *Subscription) All() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			ev, ok := s.sink.take()
			if !ok || !yield(ev) {
				return
			}
		}
	}
}

// Close ends the subscription. Closing twice is harmless.
func (s *Subscription) Close() {
	s.sink.close()
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.Index(e.sinks, s.sink)
	if i < 0 {
		return
	}
	e.sinks = slices.Delete(slices.Clone(e.sinks), i, i+1)
	e.watched.Store(e.isWatched())
	g := e.current.Load()
	if g == nil {
		return
	}
	st := g.stream.Load()
	switch {
	case st == nil:
	case e.isWatched():
		st.read(e.sinks)
	default:
		st.read(nil)
		g.stream.Store(nil)
		st.close()
	}
}

// Dropped returns how many events the subscriber has missed because its buffer was
// full, or at most so many because Config.EventBuffer was: of these it is not known
// whether they were for it. It only grows.
func (s *Subscription) Dropped() uint64 {
	return s.sink.dropped.Load() + s.engine.counts.eventsLost.Load() - s.before
}

// isWatched reports whether there is anybody to tell events. Under e.mu.
func (e *Engine) isWatched() bool { return len(e.sinks) > 0 || e.config.Hooks.kinds() != 0 }

// attach lets all that watch the engine read a generation's stream, which begins if
// there is none. Under e.mu.
func (e *Engine) attach(g *generation) {
	st := g.stream.Load()
	switch {
	case st != nil:
		st.read(e.sinks)
	case !g.unread && e.isWatched():
		st = e.newStream(g.key)
		st.read(e.sinks)
		g.stream.Store(st)
	}
}
