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

	mu     mutex // guards what follows
	events []Event
	next   int // of events: those before were taken
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
		case s.closed || len(s.events)-s.next >= s.bound:
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

// append adds an event; under the lock. The memory of those that were taken is used
// again before there is more of it.
func (s *sink) append(ev *Event) {
	if len(s.events) == cap(s.events) && s.next > len(s.events)/2 {
		left := copy(s.events, s.events[s.next:])
		clear(s.events[left:])
		s.events, s.next = s.events[:left], 0
	}
	s.events = append(s.events, *ev)
}

// An empty sink keeps memory for fewEvents, and for up to manyEvents as long as it comes
// to hold a quarter of that each time: a shard's events come in bursts, one a look, and
// memory made anew for each costs as much as all the rest.
const (
	fewEvents  = 256
	manyEvents = 8192
)

// empty is called when the last event was taken. Under the lock.
func (s *sink) empty() {
	held, room := s.next, cap(s.events)
	s.events, s.next = s.events[:0], 0
	if room > manyEvents || room > fewEvents && held < room/4 {
		s.events = nil
	}
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
	if s.next == len(s.events) {
		return ev, false, s.closed
	}
	ev, s.events[s.next] = s.events[s.next], ev
	if s.next++; s.next == len(s.events) {
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
	dropped = len(s.events) - s.next
	s.events, s.next, s.abandoned = nil, 0, true
	s.dropped.Add(uint64(dropped))
	return dropped
}
