package peers

import (
	"github.com/google/uuid"
	"github.com/reugn/go-streams"
	"github.com/reugn/go-streams/extension"
	"github.com/reugn/go-streams/flow"
)

// tumbling is stream processing (github.com/reugn/go-streams): a channel flows
// through a tumbling window into a sink, which groups what it gets by target.
//
// Windows are of the stream, not of a target: they follow each other like the hours
// of a day, so one that a target's first operation falls into may end at once, and
// close on operations that a window of the target's would have waited for. Its lateness
// says nothing, therefore; what is held to the model is that every operation is told
// once, and that the best of a group wins. The library's other windows are no nearer: a
// session window would have to be a pipeline of three goroutines and a ticker for each
// target.
//
// It costs two channels of any for each operation, a message from a pool, and a slice
// that grows to a whole window of operations, which are grouped in one go: the
// following window collects meanwhile.
type tumbling struct {
	config Config
	in     chan any
	sink   *groupingSink
}

func newStreams(c Config) Contestant {
	t := &tumbling{config: c, in: make(chan any, channelRooms)}
	t.sink = newGroupingSink(c)
	window := extension.NewChanSource(t.in).Via(flow.NewTumblingWindow[*message](c.Window))
	go window.To(t.sink)
	return t
}

func (t *tumbling) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	m := messages.Get().(*message)
	m.target, m.op = target, op
	t.in <- m
}

func (t *tumbling) Close() {
	close(t.in)
	<-t.sink.done
}

// groupingSink decides windows, one after the other.
type groupingSink struct {
	config Config
	in     chan any
	done   chan struct{}
	last   uint64
	open   map[uuid.UUID]*group
	queue  queue // in order of their first operations
}

var _ streams.Sink = (*groupingSink)(nil)

func newGroupingSink(c Config) *groupingSink {
	s := &groupingSink{config: c, in: make(chan any), done: make(chan struct{}), open: make(map[uuid.UUID]*group)}
	go s.run()
	return s
}

func (s *groupingSink) In() chan<- any   { return s.in }
func (s *groupingSink) AwaitCompletion() { <-s.done }

func (s *groupingSink) run() {
	defer close(s.done)
	for window := range s.in {
		s.decide(window.([]*message))
	}
}

func (s *groupingSink) decide(window []*message) {
	for _, m := range window {
		g := s.open[m.target]
		if g == nil {
			g = newGroup(m.target)
			s.open[m.target] = g
			s.queue.push(g)
		}
		s.last++
		g.add(m.op, s.last)
		m.op = nil
		messages.Put(m)
	}
	clear(s.open)
	for g := s.queue.pop(0); g != nil; g = s.queue.pop(0) {
		g.tell(s.config.Decided)
		groups.Put(g)
	}
}
