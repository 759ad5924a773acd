package bench

import (
	"sync/atomic"

	"example.com/contend/engine"
)

// callbackOp is the caller memory of one operation: a cache line, written when it
// is submitted and when it is told.
type callbackOp struct {
	engine.Ticket
	slab *opSlab
	at   uint16 // its index in there
	won  bool
}

// Decided is told the verdict on the shard's goroutine.
func (op *callbackOp) Decided(v *engine.Verdict) {
	op.won = v.Outcome == engine.Won
	op.slab.runner.taps[v.Op.Shard].toldSlabs.count(op.slab)
}

func (op *callbackOp) intended() int64 { return op.slab.begun[op.at] }

// slabOps is how many operations have their memory in one piece.
const slabOps = 4096

// opSlab is the memory of operations that were submitted one after another.
type opSlab struct {
	ops    [slabOps]callbackOp
	begun  [slabOps]int64 // producer, until each is submitted: when it was to be
	runner *runner        // immutable
	told   []int32        // by shard, whose it is: operations told and not published
	next   *opSlab        // producer: of a circle

	// untold publishes to the producer that the memory is free again: 0 operations
	// are left.
	untold atomic.Int32
}

// opMemory keeps the memory of a producer's operations and uses it again, as a
// caller with many would: in the order of submission, in which it comes back,
// since all windows are equally long. It belongs to the producer.
type opMemory struct {
	slab *opSlab
	used int // operations of slab
}

// take returns memory that is not in use, making more if the oldest still is.
func (m *opMemory) take(r *runner, begun int64) *callbackOp {
	if m.slab == nil {
		m.slab = newOpSlab(r)
		m.slab.next = m.slab
	} else if m.used == slabOps {
		m.turn(r)
	}
	op := &m.slab.ops[m.used]
	op.won = false
	m.slab.begun[m.used] = begun
	m.used++
	return op
}

// turn goes on to the next slab, or to a new one if that is in use.
func (m *opMemory) turn(r *runner) {
	if next := m.slab.next; next.untold.Load() > 0 {
		m.slab.next = newOpSlab(r)
		m.slab.next.next = next
	}
	m.slab, m.used = m.slab.next, 0
	m.slab.untold.Store(slabOps)
}

func newOpSlab(r *runner) *opSlab {
	s := &opSlab{runner: r, told: make([]int32, len(r.taps))}
	s.untold.Store(slabOps)
	for i := range s.ops {
		op := &s.ops[i]
		op.To, op.slab, op.at = op, s, uint16(i)
	}
	return s
}

// refused takes back the memory of an operation that was not accepted.
func (m *opMemory) refused(op *callbackOp) { op.slab.untold.Add(-1) }

// toldSlabs are the slabs in which operations were told since they were published.
// An atomic operation for each would keep the processor from working ahead.
type toldSlabs struct {
	shard int
	slabs []*opSlab
}

// count counts an operation that was told, on the shard's goroutine.
func (t *toldSlabs) count(slab *opSlab) {
	told := &slab.told[t.shard]
	if *told == 0 {
		t.slabs = append(t.slabs, slab)
	}
	*told++
}

// publish shows the counts to the producers.
func (t *toldSlabs) publish() {
	for _, slab := range t.slabs {
		slab.untold.Add(-slab.told[t.shard])
		slab.told[t.shard] = 0
	}
	clear(t.slabs)
	t.slabs = t.slabs[:0]
}
