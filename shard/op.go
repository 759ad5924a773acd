package shard

import (
	"time"

	"github.com/google/uuid"
)

// Op is one submission, as its producer hands it to the shard, which packs it into the
// ring: see intake.
type Op struct {
	// Target is what is contended for. Every value is a target, the zero UUID
	// included.
	Target uuid.UUID

	// Ticket is the submitter's memory for this operation, told the verdict.
	// Without one, the operation is known by its Tag and only the Decided hook
	// learns what became of it.
	Ticket *Ticket
	Tag    uint64 // used if there is no ticket; equal tags cannot be told apart

	// At is when it was submitted, in nanoseconds of the shard's clock, or
	// unstamped: then the owner stamps it when it finds it. Set by Stage.
	At int64

	// Terms are those of the window that this operation opens, if it does.
	Terms Terms

	Priority int32

	// Hash is the target's, from the function that routes it here. Its two lowest
	// bits are not used for placing: they say whether the ticket has to be read
	// when its group is decided, and whether its Extra has a say then, so that the
	// owner need not touch the ticket to know. Set by Begin.
	Hash uint32
}

// Terms are the length of a window and the index of the rules it is decided by,
// in one word.
type Terms uint64

const rulesBits = 8

// MaxWindow is the longest window, 2.28 years.
const MaxWindow = time.Duration(1<<(64-rulesBits) - 1)

// NewTerms returns the terms of a window of 1 ns to MaxWindow, decided by the
// rules with the index of CoreConfig.Rules plus one, 0 for the zero Rules.
func NewTerms(window time.Duration, rules uint8) Terms {
	return Terms(min(max(window, 1), MaxWindow))<<rulesBits | Terms(rules)
}

// Window returns the length in nanoseconds.
func (t Terms) Window() int64 { return int64(t >> rulesBits) }

// Rules returns the index of the rules.
func (t Terms) Rules() uint8 { return uint8(t) }

// unstamped is the At of an operation whose producer did not read the clock.
const unstamped = -1

// The bits of Op.Hash that are flags.
const (
	heedBit   = 1 << iota // the ticket is heeded
	extraBit              // its Extra counts
	hashFlags = heedBit | extraBit
)

// Contender is told what became of its operation.
type Contender interface {
	// Decided is called once, on the goroutine that owns the shard: it must
	// not block. The verdict is the contender's for the call. The ticket is
	// free again when Decided is called.
	Decided(*Verdict)
}

// Poller is a Contender that need not be woken to give up: it is asked before that
// matters. So it can know of the end of a context without waiting for it.
type Poller interface {
	Contender
	// Poll is called on the goroutine that owns the shard, once or several times
	// until the group is decided: it must not block, nor panic, since it is asked in
	// the midst of a decision. It may call Ticket.Withdraw.
	Poll()
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

	// Polled has To, which must be a Poller, asked before it is looked whether the
	// operation is withdrawn. Of use only if Withdrawable.
	Polled bool

	// Ranked asks for Verdict.Rank where that costs a sort of the group: with
	// Order and EarliestDeadline.
	Ranked bool

	// touched means nothing: the owner writes it to have the memory near before it
	// settles or tells; see scout and lookAhead.
	touched bool

	// Name is what losers are told about the winner.
	Name string

	// To is told the verdict.
	To Contender

	// Extra is what only some operations need, nil for none: apart, so that the
	// memory that others touch stays small.
	Extra *Extra
}

// Extra is what only some operations need of their ticket. It belongs to one
// ticket, as that belongs to one operation: it must not be shared.
type Extra struct {
	// Deadline is what EarliestDeadline goes by, in nanoseconds of the shard's
	// clock; 0 is later than any other.
	Deadline int64

	// Retry lets the operation contend again after a loss.
	Retry Retry

	// Fold lets a winner with the same Fold take this operation in instead of
	// beating it. Nil for never.
	Fold *Fold

	// Value is for the user's own policy to see. It is cleared when the operation
	// is found withdrawn.
	Value any

	// retries, own and terms are set by Begin. While the operation is staged
	// they belong to the owner, who counts the retries.
	retries int32
	own     int32 // the priority before ageing
	terms   Terms
}

// begin prepares for being staged.
func (x *Extra) begin(op *Op) { x.own, x.retries, x.terms = op.Priority, 0, op.Terms }

// heeded reports whether the owner has to read the ticket at the decision.
func (t *Ticket) heeded() bool { return t.Withdrawable || t.Extra.counts() }

// counts reports whether its operation may become something else than won or lost.
func (x *Extra) counts() bool { return x != nil && (x.Retry.Limit > 0 || x.Fold != nil) }

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
	t.poll()
	return t.state.CompareAndSwap(ticketStaged, ticketSettled)
}

// isWithdrawn reports whether the submitter gave up. Owner goroutine only.
func (t *Ticket) isWithdrawn() bool {
	t.poll()
	return t.state.Load() == ticketWithdrawn
}

// poll lets the submitter give up now. Owner goroutine only.
func (t *Ticket) poll() {
	if t.Polled {
		t.To.(Poller).Poll()
	}
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
