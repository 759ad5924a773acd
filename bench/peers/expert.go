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
//
// With rows, a group keeps pointers to its operations instead of chaining them: that is
// 8 bytes and a growing slice more, but the operation before is not touched, and who tells
// need not wait for one to know where the next is. Where targets are few and random that
// halves the cost; where they come in threes it is more.
type expert struct {
	config Config
	rows   bool
	clock  clock
	shards [expertShards]expertShard

	idle   atomic.Bool   // the sweeper sleeps until somebody wakes it
	wake   chan struct{} // of size 1
	ending atomic.Bool
	ended  chan struct{}
	batch  []expertGroup // the sweeper's
	told   []*expertRow  // likewise: of the batch, nil where there is none
}

const (
	expertShards = 64
	expertBatch  = 64 // groups taken out under one lock
	keptRows     = 16 // an empty shard with more lets go of them
)

// expertShard is all that is under one lock.
type expertShard struct {
	mu     sync.Mutex
	table  expertTable
	first  uint32 // of the queue; 0 if empty
	end    uint32
	last   uint64 // operation
	number uint32
	spare  []*expertRow
	_      [64]byte
}

// expertRow is the operations of a group but the first.
type expertRow struct{ ops []*Op }

func newExpert(c Config, rows bool) Contestant {
	e := &expert{config: c, rows: rows, clock: newClock(), wake: make(chan struct{}, 1), ended: make(chan struct{})}
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
	if g, index := s.table.find(&target, uint32(hash)); g != nil {
		if e.rows {
			s.append(index, op)
		} else {
			g.last.next, g.last = op, op
		}
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

// append adds an operation to the row of a group, with the lock held.
func (s *expertShard) append(index uint32, op *Op) {
	if missing := len(s.table.slab) - len(s.table.rows); missing > 0 {
		s.table.rows = append(s.table.rows, make([]*expertRow, missing)...)
	}
	row := s.table.rows[index]
	if row == nil {
		if n := len(s.spare); n > 0 {
			row, s.spare = s.spare[n-1], s.spare[:n-1]
		} else {
			row = new(expertRow)
		}
		s.table.rows[index] = row
	}
	row.ops = append(row.ops, op)
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
		s.reuse(e.told) // those of another shard are as good
		next, more = e.take(s, now)
		s.mu.Unlock()
		for i := range e.batch {
			e.batch[i].tell(s.number, e.told[i], e.config.Decided)
		}
		clear(e.batch)
	}
	return next
}

// reuse keeps rows whose operations were told for other groups, with the lock held.
func (s *expertShard) reuse(rows []*expertRow) {
	for _, row := range rows {
		if row != nil {
			clear(row.ops)
			row.ops = row.ops[:0]
			s.spare = append(s.spare, row)
		}
	}
}

// take moves groups that are due out of a shard into the batch, and says when the next one
// is and whether there are more.
func (e *expert) take(s *expertShard, now uint32) (next uint32, more bool) {
	e.batch, e.told = e.batch[:0], e.told[:0]
	for s.first != 0 {
		g := s.table.at(s.first)
		if g.due > now {
			return g.due, false
		}
		if len(e.batch) == expertBatch {
			return g.due, true
		}
		index := s.first
		e.batch, e.told = append(e.batch, *g), append(e.told, s.table.takeRow(index))
		s.first = g.next
		s.table.remove(index, uint32(xxhash.Sum64(g.target[:])))
	}
	if s.table.live == 0 && len(s.spare) > keptRows {
		s.spare = nil
	}
	s.table.trim()
	return 0, false
}

func (e *expert) Close() {
	e.ending.Store(true)
	if e.idle.CompareAndSwap(true, false) {
		e.wake <- struct{}{}
	}
	<-e.ended
}

// tell tells all operations of a group: its chain, and its row if it has one.
func (g *expertGroup) tell(shard uint32, row *expertRow, decided func(first *Op, contenders int)) {
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
	if row == nil {
		return
	}
	for _, op := range row.ops {
		v.Won = op == g.best
		op.tell(v)
	}
}
