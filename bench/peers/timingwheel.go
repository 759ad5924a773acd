package peers

import (
	"sync"
	"time"

	"github.com/RussellLuo/timingwheel"
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// timingWheel spreads targets over goroutines with a channel each, and has their
// groups timed by a ready-made hierarchical timing wheel, the one from Kafka
// (github.com/RussellLuo/timingwheel).
//
// It costs a buffered channel for each operation, and for each group a timer in a
// locked list, a goroutine when it fires, and a second way through a channel. The
// wheel counts whole milliseconds, rounded down twice: timers are set two later, so
// that no window closes early.
type timingWheel struct {
	config Config
	wheel  *timingwheel.TimingWheel
	shards []*wheelShard
	ends   sync.WaitGroup
}

type wheelShard struct {
	of     *timingWheel
	number uint32
	in     chan submission
	due    chan *group
	open   map[uuid.UUID]*group
	last   uint64
}

const (
	wheelTick  = time.Millisecond
	wheelSlots = 128 // a window of 100 ms needs no second wheel
	wheelSlack = 2 * wheelTick
)

func newTimingWheel(c Config) Contestant {
	w := &timingWheel{config: c, wheel: timingwheel.NewTimingWheel(wheelTick, wheelSlots)}
	w.wheel.Start()
	for i := range max(1, c.Shards) {
		s := &wheelShard{
			of: w, number: uint32(i), open: make(map[uuid.UUID]*group),
			in: make(chan submission, channelRooms), due: make(chan *group, channelRooms),
		}
		w.shards = append(w.shards, s)
		w.ends.Go(s.run)
	}
	return w
}

func (w *timingWheel) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	s := w.shards[0]
	if len(w.shards) > 1 {
		s = w.shards[xxhash.Sum64(target[:])%uint64(len(w.shards))]
	}
	s.in <- submission{target, op}
}

func (s *wheelShard) run() {
	in := s.in
	for in != nil || len(s.open) > 0 {
		select {
		case m, ok := <-in:
			if !ok {
				in = nil
				continue
			}
			s.add(&m)
		case g := <-s.due:
			s.end(in, g)
		}
	}
}

func (s *wheelShard) add(m *submission) {
	g := s.open[m.target]
	if g == nil {
		g = newGroup(m.target)
		s.open[m.target] = g
		s.of.wheel.AfterFunc(s.of.config.Window+wheelSlack, func() { s.due <- g })
	}
	s.last++
	g.add(m.op, identity(s.number, s.last))
}

// end decides a group and those that are due with it, once everything that was
// submitted before is in.
func (s *wheelShard) end(in chan submission, g *group) {
	more := len(s.due)
	for range len(in) {
		if m, ok := <-in; ok {
			s.add(&m)
		}
	}
	for {
		delete(s.open, g.target)
		g.tell(s.of.config.Decided)
		groups.Put(g)
		if more--; more < 0 {
			return
		}
		g = <-s.due
	}
}

func (w *timingWheel) Close() {
	for _, s := range w.shards {
		close(s.in)
	}
	w.ends.Wait()
	w.wheel.Stop()
}
