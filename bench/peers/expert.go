package peers

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// expert is what an expert in writing Go that is fast would do with locks: 64 of
// them, each over an open-addressing table, a slab of groups without garbage and a
// queue of deadlines, which one length of window keeps in order. One goroutine sweeps:
// it sleeps until the next deadline, to the millisecond, and not at all while there
// is none.
//
// It costs a lock for each operation, which the sweeper also takes, and the line of
// the group and of the operation before, in whichever core's cache they are.
type expert struct {
	config Config
	clock  clock
	shards [expertShards]expertShard

	idle   atomic.Bool   // the sweeper sleeps until somebody wakes it
	wake   chan struct{} // of size 1
	ending atomic.Bool
	ended  chan struct{}
	batch  []expertGroup // the sweeper's
}

const (
	expertShards = 64
	expertBatch  = 64 // groups taken out under one lock
)

// expertShard is all that is under one lock.
type expertShard struct {
	mu     sync.Mutex
	table  expertTable
	first  uint32 // of the queue; 0 if empty
	end    uint32
	last   uint64 // operation
	number uint32
	_      [64]byte
}

func newExpert(c Config) Contestant {
	e := &expert{config: c, clock: newClock(), wake: make(chan struct{}, 1), ended: make(chan struct{})}
	for i := range e.shards {
		e.shards[i].number = uint32(i)
	}
	go e.sweep()
	return e
}

func (e *expert) Submit(target uuid.UUID, priority int32, op *Op) {
	hash := xxhash.Sum64(target[:])
	s := &e.shards[hash>>58]
	op.priority, op.next = priority, nil
	s.mu.Lock()
	s.last++
	g := s.table.find(&target, uint32(hash))
	if g != nil {
		g.last.next, g.last = op, op
		if g.count++; priority > g.priority {
			g.best, g.bestID, g.priority = op, s.last, priority
		}
		s.mu.Unlock()
		return
	}
	e.begin(s, &target, uint32(hash), priority, op)
	s.mu.Unlock()
	if e.idle.Load() && e.idle.CompareAndSwap(true, false) {
		e.wake <- struct{}{}
	}
}

// begin opens a group, with the lock held, under which the clock is read: so
// deadlines are in order.
func (e *expert) begin(s *expertShard, target *uuid.UUID, hash uint32, priority int32, op *Op) {
	due := (e.clock.now() + int64(e.config.Window) + int64(coarse) - 1) / int64(coarse)
	index, g := s.table.insert(hash)
	*g = expertGroup{
		target: *target, first: op, last: op, best: op,
		bestID: s.last, priority: priority, count: 1, due: uint32(due),
	}
	if s.first == 0 {
		s.first = index
	} else {
		s.table.at(s.end).next = index
	}
	s.end = index
}

// sweep decides what is due, again and again.
func (e *expert) sweep() {
	defer close(e.ended)
	for {
		ending := e.ending.Load() // before the look at all shards: there is nothing new then
		now := e.clock.now()
		next := uint32(0) // 0: nothing waits
		for i := range e.shards {
			due := e.decide(&e.shards[i], uint32(now/int64(coarse)))
			if due != 0 && (next == 0 || due < next) {
				next = due
			}
		}
		switch {
		case next != 0:
			time.Sleep(time.Duration(int64(next)*int64(coarse) - e.clock.now()))
		case ending:
			return
		default:
			e.park()
		}
	}
}

// park sleeps until a group is opened or the contestant closes.
func (e *expert) park() {
	e.idle.Store(true)
	for i := range e.shards { // one may have been opened before idle was set
		s := &e.shards[i]
		s.mu.Lock()
		empty := s.first == 0
		s.mu.Unlock()
		if !empty && e.idle.CompareAndSwap(true, false) {
			return
		}
	}
	if e.ending.Load() && e.idle.CompareAndSwap(true, false) {
		return
	}
	<-e.wake
}

// decide decides what is due in a shard and returns the next deadline, or 0.
func (e *expert) decide(s *expertShard, now uint32) (next uint32) {
	for more := true; more; {
		s.mu.Lock()
		e.batch, next, more = s.take(e.batch[:0], now)
		s.mu.Unlock()
		for i := range e.batch {
			e.batch[i].tell(s.number, e.config.Decided)
		}
		clear(e.batch)
	}
	return next
}

// take moves groups that are due out of the shard, and says when the next one is
// and whether there are more.
func (s *expertShard) take(batch []expertGroup, now uint32) (_ []expertGroup, next uint32, more bool) {
	for s.first != 0 {
		g := s.table.at(s.first)
		if g.due > now {
			return batch, g.due, false
		}
		if len(batch) == expertBatch {
			return batch, g.due, true
		}
		batch = append(batch, *g)
		index := s.first
		s.first = g.next
		s.table.remove(index, uint32(xxhash.Sum64(g.target[:])))
	}
	s.table.trim()
	return batch, 0, false
}

func (e *expert) Close() {
	e.ending.Store(true)
	if e.idle.CompareAndSwap(true, false) {
		e.wake <- struct{}{}
	}
	<-e.ended
}

// tell tells all operations of a group.
func (g *expertGroup) tell(shard uint32, decided func(first *Op, contenders int)) {
	if decided != nil {
		decided(g.first, int(g.count))
	}
	v := Verdict{WinnerPriority: g.priority, Winner: identity(shard, g.bestID), Contenders: int(g.count)}
	for op := g.first; op != nil; {
		next := op.next // the op is its submitter's as soon as it is told
		v.Won = op == g.best
		op.tell(v)
		op = next
	}
}
