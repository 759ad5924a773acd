package peers

import (
	"time"

	"github.com/google/uuid"
)

// scan is the algorithm that contend started from, in Go: one goroutine takes
// operations from a channel and looks at all open groups every 10 ms.
//
// It costs a buffered channel for each operation, a look at each open group ten
// times a window, and up to 10 ms of lateness.
type scan struct {
	config Config
	clock  clock
	in     chan submission
	closed chan struct{}
	open   map[uuid.UUID]*group
	last   uint64
}

// submission is an operation on its way through a channel.
type submission struct {
	target uuid.UUID
	op     *Op
}

const (
	scanEvery    = 10 * time.Millisecond
	channelRooms = 8192 // as many as contend's ring has
)

func newScan(c Config) Contestant {
	s := &scan{
		config: c, clock: newClock(), open: make(map[uuid.UUID]*group),
		in: make(chan submission, channelRooms), closed: make(chan struct{}),
	}
	go s.run()
	return s
}

func (s *scan) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	s.in <- submission{target, op}
}

func (s *scan) run() {
	defer close(s.closed)
	ticks := time.NewTicker(scanEvery)
	defer ticks.Stop()
	in := s.in
	for in != nil || len(s.open) > 0 {
		select {
		case m, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			s.add(&m)
		case <-ticks.C:
			s.look(in)
		}
	}
}

func (s *scan) add(m *submission) {
	g := s.open[m.target]
	if g == nil {
		g = newGroup(m.target)
		g.due = s.clock.now() + int64(s.config.Window)
		s.open[m.target] = g
	}
	s.last++
	g.add(m.op, s.last)
}

// look decides what is due. What was submitted before now is in the channel.
func (s *scan) look(in chan submission) {
	now := s.clock.now()
	for range len(in) {
		if m, ok := <-in; ok {
			s.add(&m)
		}
	}
	for target, g := range s.open {
		if g.due <= now {
			delete(s.open, target)
			g.tell(s.config.Decided)
			groups.Put(g)
		}
	}
}

func (s *scan) Close() {
	close(s.in)
	<-s.closed
}
