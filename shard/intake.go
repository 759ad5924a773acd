package shard

import (
	"unsafe"

	"example.com/contend/ring"
	"github.com/google/uuid"
)

// intake is the ring between submitters and the owner. What every operation has is in
// its slots, packed; what few have is in an annex. So a slot takes 40 bytes, where an Op
// and the ring's word would take 64. That is for the memory: nothing is cheaper by it,
// although fewer cache lines go from core to core.
type intake struct {
	*ring.Ring[queued]
	terms   Terms // immutable; of operations without an annex
	annexes annexes
}

// queued is an operation in the ring. Its time is in the mark that is published with
// it, with what else there is to know.
type queued struct {
	target   uuid.UUID
	ticket   *Ticket
	priority int32
	hash     uint32
}

// The bits of a mark: below atBits, the lower ones of At; of an operation that has neither
// that nor a ticket, the tag.
const (
	atBits        = 56
	atMask        = 1<<atBits - 1
	unstampedMark = 1 << atBits
	annexMark     = 1 << (atBits + 1) // which makes ring.MarkBits bits: there is room for no other
)

// annex is what few operations have besides: those that would open a window of other
// terms, and those whose tag does not fit into the mark. It passes from a producer to the
// owner and back with the slot that it belongs to.
type annex struct {
	tag   uint64
	terms Terms
}

// annexes are one for each slot. They are made by the first producer that needs one.
type annexes struct {
	once once
	made atomicBool // publishes all, to producers and to who asks for its size
	all  []annex
}

func newIntake(capacity int, terms Terms) *intake {
	return &intake{Ring: ring.New[queued](capacity), terms: terms}
}

// Push stages an operation; see Ring.Push.
func (in *intake) Push(op *Op) (position uint64, err error) {
	special := in.special(op)
	if special {
		in.prepare()
	}
	position, err = in.ClaimOne()
	if err != nil {
		return 0, err
	}
	in.put(position, op, special)
	return position, nil
}

// PushAll stages a prefix of operations, of which there is one at least; see Ring.PushAll.
func (in *intake) PushAll(ops []Op) (first uint64, n int, err error) {
	some := false
	for i := 0; i < len(ops) && !some; i++ {
		some = in.special(&ops[i])
	}
	if some {
		in.prepare()
	}
	first, n, err = in.Claim(len(ops))
	for i := range ops[:n] {
		in.put(first+uint64(i), &ops[i], some && in.special(&ops[i]))
	}
	return first, n, err
}

// special reports whether an operation needs an annex.
func (in *intake) special(op *Op) bool {
	return op.Terms != in.terms || op.Ticket == nil && (op.At != unstamped || op.Tag > atMask)
}

// prepare makes the annexes for the first operation that needs one: not between claim and
// publish, as that takes its time.
func (in *intake) prepare() {
	a := &in.annexes
	if a.made.Load() {
		return
	}
	a.once.Do(func() {
		a.all = make([]annex, in.Cap())
		a.made.Store(true)
	})
}

// put fills a claimed slot, and its annex if the operation is special, and passes it to the
// owner.
func (in *intake) put(position uint64, op *Op, special bool) {
	s := in.Slot(position)
	s.target, s.ticket, s.priority, s.hash = op.Target, op.Ticket, op.Priority, op.Hash
	mark := uint64(op.At) & atMask
	if op.At == unstamped {
		mark = unstampedMark
		if op.Ticket == nil {
			mark |= op.Tag & atMask
		}
	}
	if special {
		a := in.annex(position)
		writes(a)
		*a = annex{op.Tag, op.Terms}
		mark |= annexMark
	}
	in.Publish(position, mark)
}

func (in *intake) annex(position uint64) *annex {
	return &in.annexes.all[position&uint64(len(in.annexes.all)-1)]
}

// besides returns what else the owner has to know of an operation in the ring, if its
// clock shows now: what it goes by, the terms of the window that it may open, and when it
// was submitted.
func (in *intake) besides(position uint64, op *queued, mark uint64, now int64) (id uint64, terms Terms, at int64) {
	if mark&unstampedMark == 0 {
		now = submitted(mark, now)
	}
	id, terms = position, in.terms
	if op.ticket == nil {
		id = mark & atMask
	}
	if mark&annexMark != 0 {
		a := in.annex(position)
		reads(a)
		if terms = a.terms; op.ticket == nil {
			id = a.tag
		}
	}
	return id, terms, now
}

// unpack makes op what was pushed, field by field: a whole Op would be moved by the runtime.
// A tag that it does not go by is gone.
func (in *intake) unpack(op *Op, position uint64, q *queued, mark uint64, now int64) {
	op.Target, op.Ticket, op.Priority, op.Hash = q.target, q.ticket, q.priority, q.hash
	op.Tag, op.Terms, op.At = in.besides(position, q, mark, now)
	if op.Ticket != nil {
		op.Tag = 0
	}
	if mark&unstampedMark != 0 {
		op.At = unstamped
	}
}

// submitted returns the time of which a mark has the lower bits: it is less than a year
// from now.
func submitted(mark uint64, now int64) int64 {
	const above = 64 - atBits
	return now - int64((uint64(now)-mark)<<above)>>above
}

// Bytes returns the memory that it takes.
func (in *intake) Bytes() int {
	n := in.Ring.Bytes()
	if in.annexes.made.Load() {
		n += len(in.annexes.all) * int(unsafe.Sizeof(annex{}))
	}
	return n
}
