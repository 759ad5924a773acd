package live

import "example.com/contend/engine"

// watchBuffer is how many losers a page can be told of between two updates.
const watchBuffer = 1024

// watch is a page's subscription to those that lose. It is taken out for a time,
// and then read: nobody waits for an event.
//
// For as long as the page is open a second one, to no events at all, keeps the
// engine's stream of events in being, whose memory would be made anew each time
// otherwise.
type watch struct {
	engine  *engine.Engine
	held    *engine.Subscription
	current *engine.Subscription // nil if nothing is watched
}

func (w *watch) hold() {
	w.held = w.engine.Subscribe(engine.Filter{Kinds: []engine.EventKind{noEvent}}, 1)
}

// noEvent is the kind of no event.
const noEvent = engine.EventKind(0)

// begin watches, if it does not already.
func (w *watch) begin() {
	if w.current == nil {
		w.current = w.engine.Subscribe(engine.Filter{
			Kinds:  []engine.EventKind{engine.EventRejected, engine.EventRetried},
			Sample: true, // the page says that there were more
		}, watchBuffer)
	}
}

// end stops watching and returns what was seen, and how many events there was no
// room for.
func (w *watch) end() (events []engine.Event, dropped uint64) {
	if w.current == nil {
		return nil, 0
	}
	w.current.Close()
	for ev := range w.current.All() { // ends, since it is closed
		events = append(events, ev)
	}
	dropped = w.current.Dropped()
	w.current = nil
	return events, dropped
}

func (w *watch) release() {
	w.end()
	w.held.Close()
}
