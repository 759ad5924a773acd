package peers

import (
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// afterFunc is what most would write first: a map from targets to groups under a
// mutex, and a time.AfterFunc for each group. With 64 locks it is the same sixty-four
// times, by the hash of the target.
//
// It costs a timer and a goroutine for each group, and the runtime's heap of timers,
// which is where a million of them hurt. Timers are reused with their groups.
type afterFunc struct {
	config Config
	shards []lockedMap
	open   sync.WaitGroup // groups that were not told
}

type lockedMap struct {
	mu     sync.Mutex
	groups map[uuid.UUID]*timedGroup
	last   uint64 // operation
	number uint32
	free   sync.Pool
	_      [64]byte
}

// timedGroup is a group with its timer.
type timedGroup struct {
	group
	timer *time.Timer
}

func newAfterFunc(c Config, locks int) Contestant {
	a := &afterFunc{config: c, shards: make([]lockedMap, locks)}
	for i := range a.shards {
		a.shards[i].groups, a.shards[i].number = make(map[uuid.UUID]*timedGroup), uint32(i)
	}
	return a
}

func (a *afterFunc) Submit(target uuid.UUID, priority int32, op *Op) {
	s := &a.shards[0]
	if len(a.shards) > 1 {
		s = &a.shards[xxhash.Sum64(target[:])%uint64(len(a.shards))]
	}
	op.priority = priority
	s.mu.Lock()
	g := s.groups[target]
	if g == nil {
		g = a.begin(s, target)
	}
	s.last++
	g.add(op, identity(s.number, s.last))
	s.mu.Unlock()
}

// begin opens a group, with the lock held.
func (a *afterFunc) begin(s *lockedMap, target uuid.UUID) *timedGroup {
	a.open.Add(1)
	g, _ := s.free.Get().(*timedGroup)
	if g == nil {
		g = new(timedGroup)
		g.target = target
		g.timer = time.AfterFunc(a.config.Window, func() { a.end(s, g) })
	} else {
		g.group = group{target: target}
		g.timer.Reset(a.config.Window)
	}
	s.groups[target] = g
	return g
}

// end decides a group, on its timer's goroutine.
func (a *afterFunc) end(s *lockedMap, g *timedGroup) {
	s.mu.Lock()
	delete(s.groups, g.target)
	s.mu.Unlock()
	g.tell(a.config.Decided)
	g.group = group{}
	s.free.Put(g)
	a.open.Done()
}

func (a *afterFunc) Close() { a.open.Wait() }
