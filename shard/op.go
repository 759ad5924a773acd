package shard

import "github.com/google/uuid"

// Op is one submission: what a producer puts into the ring, by value. With the
// ring's sequence word it fills one cache line.
type Op struct {
	// Target is what is contended for. Every value is a target, the zero UUID
	// included.
	Target uuid.UUID

	// Ticket is the submitter's memory for this operation, told the verdict.
	// Without one, the operation is known by its Tag and only the Decided hook
	// learns what became of it.
	Ticket *Ticket
	Tag    uint64

	// At is when it was submitted, in nanoseconds of the shard's clock, or
	// unstamped: then the owner stamps it when it finds it. Set by Stage.
	At int64

	// Window is how long the target collects contenders if this operation is
	// the one that opens it, in nanoseconds; at least 1.
	Window int64

	Priority int32

	// Hash is the target's, from the function that routes it here. Its lowest
	// bit is not used for placing: it carries the ticket's Withdrawable flag,
	// so that the owner need not touch the ticket to know.
	Hash uint32
}

// unstamped is the At of an operation whose producer did not read the clock.
const unstamped = -1

// withdrawableBit is the bit of Op.Hash that is a flag.
const withdrawableBit = 1

// Contender is told what became of its operation.
type Contender interface {
	// Decided is called once, on the goroutine that owns the shard: it must
	// not block. The verdict is the contender's for the call. The ticket is
	// free again when Decided is called.
	Decided(*Verdict)
}

// Ticket is an operation's memory, owned by its submitter: embed it in
// whatever represents the operation, so that staging allocates nothing. Its
// fields are set before staging and not changed until the verdict was told.
type Ticket struct {
	// state decides between withdrawal and verdict. The submitter's swap from
	// staged to withdrawn publishes that it gave up; the owner's from staged to
	// settled that it is too late to. Unused unless Withdrawable.
	state atomicUint32

	// Withdrawable allows Withdraw, at the price of one swap on this memory
	// when the group is decided.
	Withdrawable bool

	// Name is what losers are told about the winner.
	Name string

	// To is told the verdict.
	To Contender
}

// The states of a withdrawable ticket.
const (
	ticketFree      uint32 = iota // the submitter's; may be staged
	ticketStaged                  // accepted, undecided
	ticketWithdrawn               // the submitter gave up; the shard still holds it
	ticketSettled                 // counted among the contenders; the verdict follows
)

// begin marks a withdrawable ticket as staged. It reports false if it is still
// in use.
func (t *Ticket) begin() bool { return t.state.CompareAndSwap(ticketFree, ticketStaged) }

// Withdraw takes the operation back. It reports whether it did: true means
// that the operation does not count and nothing will be told; false that it is
// decided already, was not staged or is not Withdrawable. A withdrawn ticket
// cannot be staged again before its window closed (see InUse).
// It is safe for concurrent use and costs one compare-and-swap.
func (t *Ticket) Withdraw() bool {
	return t.state.CompareAndSwap(ticketStaged, ticketWithdrawn)
}

// InUse reports whether the shard still holds a withdrawable ticket.
func (t *Ticket) InUse() bool { return t.state.Load() != ticketFree }

// settle confirms that the operation contends. It reports false if it was
// withdrawn. Owner goroutine only.
func (t *Ticket) settle() bool {
	return t.state.CompareAndSwap(ticketStaged, ticketSettled)
}

// cancel gives the ticket of a refused operation back. It reports false if it
// was withdrawn.
func (t *Ticket) cancel() bool {
	if t.state.CompareAndSwap(ticketStaged, ticketFree) {
		return true
	}
	t.release()
	return false
}

// release gives the ticket back to its submitter: by the owner when it lets go of
// it, or by the submitter itself when it was withdrawn while being refused.
func (t *Ticket) release() { t.state.Store(ticketFree) }
