package peers

import (
	"sync/atomic"

	"example.com/contend/engine"
)

// Op is the caller's memory of one operation: 64 bytes, so one cache line where
// it comes from [NewOps]. Most of it is the ticket that contend asks for, which
// the others leave alone; they use the chain and the priority.
type Op struct {
	engine.Ticket
	next     *Op // the contestant's, between Submit and the verdict
	priority int32

	// state publishes the verdict to the producer: told, won and wrong are set by
	// whoever tells, with an atomic store, the rest by the producer before it
	// submits. Nobody else writes while it is the other's, so those are plain.
	state uint32
}

// The bits of an Op's state. Above them is the burst in which it was due.
const (
	pending uint32 = 1 << iota // always set, so that only an unused op has none
	told
	won
	wrong    // the verdict cannot be right
	listened // the verdict goes to a Listener instead of here
	sampled

	burstShift = iota
)

// opsPerSlab makes a slab larger than 64 KiB: then it is never on a stack, and the
// allocator gives it pages of its own, which begin at the beginning of a cache line.
const opsPerSlab = 2048

// NewOps returns the memory of some operations, each in a cache line of its own.
func NewOps() []Op { return make([]Op, opsPerSlab) }

// Prepare makes an op ready to be submitted. Burst is the number of the burst in
// which it is due; sample says whether its lateness is to be recorded if it opens
// a window.
func (op *Op) Prepare(burst uint32, sample bool) {
	op.state = burst<<burstShift | pending
	if sample {
		op.state |= sampled
	}
	op.To = op
}

// Outcome is what became of an op, as its memory says.
type Outcome uint8

// The outcomes.
const (
	Unused  Outcome = iota
	Pending         // submitted, not told
	Won
	Lost
	Wrong // told what cannot be right
)

// Outcome returns what became of the op. Unless it is Pending, it is the
// producer's to use again.
func (op *Op) Outcome() Outcome {
	s := atomic.LoadUint32(&op.state)
	switch {
	case s == 0:
		return Unused
	case s&told == 0:
		return Pending
	case s&wrong != 0:
		return Wrong
	case s&won != 0:
		return Won
	}
	return Lost
}

// Burst returns the burst in which the op was due, and whether it is sampled. For
// the contestant's hook.
func (op *Op) Burst() (burst uint32, sample bool) {
	s := op.state
	return s >> burstShift, s&sampled != 0
}

// Verdict is what an operation is told.
type Verdict struct {
	Won            bool
	WinnerPriority int32
	Winner         uint64 // an identity: shard and sequence
	Contenders     int
}

// tell tells the op its verdict. The op is not the contestant's any more then.
func (op *Op) tell(v Verdict) {
	s := op.state
	if s&listened != 0 {
		op.To.(*ear).Hear(op, v)
		return
	}
	s |= told
	if v.Won {
		s |= won
	}
	if v.WinnerPriority < op.priority || v.Contenders < 1 {
		s |= wrong
	}
	atomic.StoreUint32(&op.state, s)
}

// Decided takes contend's verdict. Part of [engine.Contender].
func (op *Op) Decided(v *engine.Verdict) { op.tell(verdictOf(v)) }

func verdictOf(v *engine.Verdict) Verdict {
	return Verdict{
		Won: v.Outcome == engine.Won, WinnerPriority: v.WinnerPriority, Contenders: v.Contenders,
		Winner: identity(v.Winner.Shard, v.Winner.Sequence),
	}
}

// identity makes the name of an operation of a shard.
func identity(shard uint32, sequence uint64) uint64 { return uint64(shard)<<48 | sequence }

// Listener is told verdicts in the place of an op: a channel, say, or a test.
type Listener interface {
	// Hear takes the verdict. The op is the listener's from then on.
	Hear(op *Op, v Verdict)
}

// ear stands between an op and its listener.
type ear struct {
	Listener
	op *Op
}

func (e *ear) Decided(v *engine.Verdict) { e.Hear(e.op, verdictOf(v)) }

// Listen makes an op ready to be submitted any number of times, one after the
// other, with its verdict going to a listener.
func (op *Op) Listen(l Listener) {
	op.To = &ear{l, op}
	op.state = listened
}

// Rank sets the priority of an op that is listened to.
func (op *Op) Rank(priority int32) { op.priority = priority }
