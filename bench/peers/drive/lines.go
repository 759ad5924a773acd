package drive

import (
	"time"

	"example.com/contend/bench/peers"
)

// lines is the caller's memory of one producer: ops that are used in turn, and
// again when they were told. It grows when the next one was not. It belongs to
// one goroutine.
type lines struct {
	slab  *slab // of the next op; slabs are a ring
	at    int
	slabs int
	most  int // slabs; more than that wait for operations to be told

	won, lost, wrong int64 // of those whose outcome was looked at
}

type slab struct {
	ops  []peers.Op
	next *slab
}

// mostOps is how many operations of all producers may be in flight: 384 MB.
const mostOps = 6 << 20

func newLines(producers int) *lines {
	s := newSlab()
	s.next = s
	return &lines{slab: s, slabs: 1, most: max(1, mostOps/len(s.ops)/producers)}
}

func newSlab() *slab { return &slab{ops: peers.NewOps()} }

// bytes returns how much memory there is, which is the caller's and not the
// contestant's.
func (l *lines) bytes() int64 { return int64(l.slabs) * int64(len(l.slab.ops)) * 64 }

// grow makes memory for n operations in advance.
func (l *lines) grow(n int) {
	for ; l.slabs*len(l.slab.ops) < n; l.slabs++ {
		l.slab.next = &slab{ops: peers.NewOps(), next: l.slab.next}
	}
	l.most = max(l.most, l.slabs)
}

// take returns the memory of an operation.
func (l *lines) take() *peers.Op {
	for {
		if l.at == len(l.slab.ops) {
			l.turn()
		}
		op := &l.slab.ops[l.at]
		l.at++
		if l.count(op) {
			return op
		}
	}
}

// count takes an op's outcome, and reports whether it may be used: the few that are
// told out of turn are left for the next one.
func (l *lines) count(op *peers.Op) bool {
	switch op.Outcome() {
	case peers.Pending:
		return false
	case peers.Won:
		l.won++
	case peers.Lost:
		l.lost++
	case peers.Wrong:
		l.wrong++
	}
	return true
}

// turn goes on to a slab that was told, by its last op; a new one if there is none.
func (l *lines) turn() {
	next := l.slab.next
	for next.ops[len(next.ops)-1].Outcome() == peers.Pending {
		if l.slabs < l.most {
			l.slabs++
			next = newSlab()
			next.next, l.slab.next = l.slab.next, next
			break
		}
		time.Sleep(time.Millisecond)
	}
	l.slab, l.at = next, 0
}

// settle counts what was not counted yet, once the contestant was closed, and
// returns how many were never told.
func (l *lines) settle() (untold int64) {
	for s, n := l.slab, l.slabs; n > 0; s, n = s.next, n-1 {
		for i := range s.ops {
			if !l.count(&s.ops[i]) {
				untold++
			}
		}
	}
	return untold
}
