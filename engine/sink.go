package engine

import (
	"sync/atomic"

	"github.com/google/uuid"
)

// sink is a bounded queue of events to one reader of them. Dispatchers put events
// in and never wait: what does not fit is counted.
type sink struct {
	wants wants // immutable
	bound int   // immutable

	mu     mutex   // guards what follows
	events []Event // in a circle
	next   int     // of events: to be taken
	count  int     // of events from there on
	most   int     // the greatest count since it last ran empty
	idle   int     // how often in a row it ran empty with little of it used
	closed bool

	// abandoned means that it was closed on a reader that wants to read on: what
	// comes yet is dropped, not unwanted.
	abandoned bool

	dropped atomic.Uint64
	ready   chan struct{} // of size 1: there are events
	ended   chan struct{} // closed with closed
}

// wants is which events a sink takes.
type wants struct {
	kinds  kindSet
	least  Priority // 0 for all
	target uuid.UUID
	sample bool // what does not fit was not wanted
}

func (w *wants) event(ev *Event) bool {
	return w.kinds.has(ev.Kind) && (w.least == 0 || ev.Priority >= w.least) &&
		(w.target == uuid.Nil || ev.Target == w.target)
}

// kindSet is a set of kinds of events.
type kindSet uint32

const allKinds = kindSet(1<<eventKinds - 1)

func (s kindSet) has(k EventKind) bool { return s>>k&1 != 0 }

func (s kindSet) with(k EventKind) kindSet { return s | 1<<k }

func newSink(w wants, bound int) *sink {
	return &sink{wants: w, bound: bound, ready: make(chan struct{}, 1), ended: make(chan struct{})}
}

// offer puts those events in that the sink takes, and returns how many of them were
// dropped because there is no room, or nobody who reads any more.
func (s *sink) offer(events []Event) (dropped int) {
	s.mu.Lock()
	offered := 0
	for i := range events {
		ev := &events[i]
		switch {
		case s.closed && !s.abandoned || !s.wants.event(ev):
			continue
		case s.closed || s.count >= s.bound:
			dropped++
		default:
			s.append(ev)
		}
		offered++
	}
	s.mu.Unlock()
	if dropped > 0 {
		s.dropped.Add(uint64(dropped))
	}
	if offered > 0 {
		s.signal()
	}
	return dropped
}

// append adds an event; under the lock.
func (s *sink) append(ev *Event) {
	if s.count == len(s.events) {
		s.grow()
	}
	s.events[s.wrapped(s.next+s.count)] = *ev
	s.count++
	s.most = max(s.most, s.count)
}

// wrapped is a place in the circle, or behind its end and thus from the beginning.
func (s *sink) wrapped(i int) int {
	if i >= len(s.events) {
		return i - len(s.events)
	}
	return i
}

// grow makes room for twice as many, if that many may wait.
func (s *sink) grow() {
	larger := make([]Event, min(s.bound, max(fewEvents/4, 2*s.count)))
	n := copy(larger, s.events[s.next:])
	copy(larger[n:], s.events[:s.next])
	s.events, s.next = larger, 0
}

// An empty sink keeps memory for fewEvents, and for up to manyEvents as long as it comes
// to hold a quarter of that now and then: a shard's events come in bursts, one a look, a
// reader may take them in parts, and memory made anew costs more than all the rest.
const (
	fewEvents  = 256
	manyEvents = 8192
	nowAndThen = 64 // times that it runs empty
)

// empty is called when the last event was taken. Under the lock.
func (s *sink) empty() {
	room := len(s.events)
	if s.idle++; s.most >= room/4 {
		s.idle = 0
	}
	if room > manyEvents || room > fewEvents && s.idle >= nowAndThen {
		s.events, s.idle = nil, 0
	}
	s.next, s.most = 0, 0
}

// take waits for the next event. It reports false when the sink is closed and
// empty.
func (s *sink) take() (ev Event, ok bool) {
	for {
		ev, ok, closed := s.pop()
		if ok || closed {
			return ev, ok
		}
		select {
		case <-s.ready:
		case <-s.ended:
		}
	}
}

func (s *sink) pop() (ev Event, ok, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == 0 {
		return ev, false, s.closed
	}
	ev, s.events[s.next] = s.events[s.next], ev
	s.next = s.wrapped(s.next + 1)
	if s.count--; s.count == 0 {
		s.empty()
	} else {
		s.signal() // there may be several readers
	}
	return ev, true, s.closed
}

func (s *sink) signal() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// close lets nothing in any more. What is there can be taken yet.
func (s *sink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.ended)
	}
}

// abandon closes the sink, drops what was not taken and returns how many events
// that was.
func (s *sink) abandon() (dropped int) {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	dropped = s.count
	s.events, s.next, s.count, s.abandoned = nil, 0, 0, true
	s.dropped.Add(uint64(dropped))
	return dropped
}
