package shard

import (
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// OpID identifies an accepted operation within its engine's run: the shard it
// was routed to and its position in that shard's ring, which is the order of
// submission among all operations of one target.
type OpID struct {
	Shard    uint32
	Sequence uint64
}

// String returns the ID as shard/sequence.
func (id OpID) String() string { return fmt.Sprintf("%d/%d", id.Shard, id.Sequence) }

// Outcome is what became of an operation in its window.
type Outcome uint8

const (
	// Won means that the operation may execute.
	Won Outcome = iota + 1
	// Lost means that another operation of its group won.
	Lost
	// Stopped means that the shard was stopped, or given up, before the window closed.
	Stopped
	// Folded means that the winner, whose Fold is the same, carries it out, too.
	Folded
	// Masked means that a lock kept it out.
	Masked
	// Displaced means that it had to make room for a higher-ranked operation,
	// or found only such when it came.
	Displaced
	// Faulted means that its group's policy failed; see Fault.
	Faulted
	// Cleared means that its target was cleared before its window closed.
	Cleared
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	if o >= Won && o <= Cleared {
		return [...]string{Won: "won", Lost: "lost", Stopped: "stopped", Folded: "folded",
			Masked: "masked", Displaced: "displaced", Faulted: "faulted", Cleared: "cleared"}[o]
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Decision is the outcome of one group as a value, apart from its execution.
// It is valid until the hook that was given it returns.
type Decision struct {
	Target uuid.UUID
	Shard  uint32
	// Number counts the shard's decisions from 1. With the shard it identifies
	// the winner: see Verdict.EntryID.
	Number uint64
	// Opened, Due and Closed are nanoseconds of the shard's clock: when the
	// window opened, when it was to close, and when it did.
	Opened, Due, Closed int64
	// Contenders is how many operations contended: those told with the
	// decision, and those that lost Early or are Retried.
	Contenders             int
	Folded, Retried, Early int
	// Winner is the best of them; its zero value if the group was abandoned.
	Winner     Standing
	WinnerName string
	// Abandoned means that the shard was stopped before the window closed: all
	// contenders are told Stopped.
	Abandoned bool
	// Preempted means that a decisive newcomer waits for the winner already.
	Preempted bool

	rules uint8

	listened bool // somebody is told: there may be tickets
	heeded   bool // some tickets of the group have more to be read than To
	fault    *Fault
	fold     *Fold // the winner's
	members  members
}

// Fault returns why the group could not be decided, nil if it was.
func (d *Decision) Fault() error {
	if d.fault == nil {
		return nil
	}
	return d.fault
}

// Token returns the winner's fencing token. Later winners of a target have
// greater ones, so whatever a winner writes to can refuse one that comes late.
func (d *Decision) Token() uint64 { return d.members.core.config.Fence + d.Number }

// Exclusive reports whether the target is held until the winner has ended.
func (d *Decision) Exclusive() bool {
	return d.members.core.rules[d.rules].Exclusive && d.fault == nil && !d.Abandoned
}

// OutcomeOf returns what one of All is told.
func (d *Decision) OutcomeOf(member Standing) Outcome {
	switch {
	case d.Abandoned:
		return Stopped
	case d.fault != nil:
		return Faulted
	case member.Ticket == d.Winner.Ticket && member.ID == d.Winner.ID:
		return Won
	case d.fold != nil && member.fold() == d.fold:
		return Folded
	}
	return Lost
}

// Conflict reports whether there was something to decide.
func (d *Decision) Conflict() bool { return d.Contenders > 1 && !d.Abandoned && d.fault == nil }

// First returns the first submitted of the contenders.
func (d *Decision) First() Standing { return d.members.standing() }

// All iterates over the contenders that are told with the decision, the winner
// included, in the order of submission: those that try again are not among
// them, and those that were deferred by Early rules stand behind the others.
func (d *Decision) All() iter.Seq[Standing] {
	// Small enough to be inlined, so that a loop over it allocates nothing.
	return func(yield func(Standing) bool) { d.each(yield) }
}

func (d *Decision) each(yield func(Standing) bool) {
	ahead, lead := d.members, 0
	for m := d.members; m.left > 0; m.advance() {
		if lead == 0 {
			lead, _ = ahead.glance()
		}
		lead--
		if !yield(m.standing()) {
			return
		}
	}
}

// Verdict is what one operation is told.
type Verdict struct {
	Outcome Outcome
	// Target, Opened, Due, Closed and Contenders are the decision's. For an
	// operation that is told before its window closed, Due and Closed are when
	// that was, and Contenders how many had come by then.
	Target              uuid.UUID
	Opened, Due, Closed int64
	Contenders          int
	// Op and Priority are the operation's own; the priority is aged by as many
	// Retries as it has had.
	Op       OpID
	Priority int32
	Retries  int
	// Winner, WinnerPriority and WinnerName tell who won, also to the winner.
	// Winner's sequence is the tag of an operation that was staged with one.
	// Told Early, it is who was ahead then.
	Winner         OpID
	WinnerPriority int32
	WinnerName     string
	// Token is the winner's fencing token; see Decision.Token.
	Token uint64
	// Exclusive means that the target is held for the winner until Shard.Ended
	// is called with its Token; see engine.Release.
	Exclusive bool
	// Preempted means that the winner is to make way already; see
	// Rules.Preempt.
	Preempted bool
	// Early means that it Lost before its window closed.
	Early bool
	// Lock is the name of the lock that Masked it.
	Lock string
	// Fault is why it is Faulted.
	Fault error

	number uint64
	key    Key
	ranks  *ranking // the owner's, for the call; nil if told early
}

// Margin returns how far the winner's priority is above the operation's own;
// it is negative where a policy prefers a lower one.
func (v *Verdict) Margin() int64 { return int64(v.WinnerPriority) - int64(v.Priority) }

// Age returns for how long the window was open when the verdict fell.
func (v *Verdict) Age() time.Duration { return time.Duration(v.Closed - v.Opened) }

// EntryID returns the identity that the winner of this decision has in the
// registry. It is made when it is asked for, from the run's key, the shard and
// the number of the decision; asking twice gives the same one, and no other
// decision has it. Nothing is looked up, stored or allocated. It is the zero
// UUID if nobody has won.
func (v *Verdict) EntryID() uuid.UUID {
	if v.Outcome == Stopped || v.Outcome == Faulted || v.number == 0 {
		return uuid.Nil
	}
	return v.key.EntryID(v.Winner.Shard, v.number)
}

// Key makes entry IDs unique over engine runs: random, one per run. It does not
// make them secrets.
type Key [2]uint64

// EntryID returns the identity in the registry that the winner of a shard's
// decision with that number has; see Verdict.EntryID. It is a version 8 UUID (RFC
// 9562: custom).
func (k Key) EntryID(shard uint32, number uint64) (id uuid.UUID) {
	var in [20]byte
	binary.LittleEndian.PutUint32(in[8:], shard)
	binary.LittleEndian.PutUint64(in[12:], number)
	for half, secret := range k {
		binary.LittleEndian.PutUint64(in[:], secret)
		binary.BigEndian.PutUint64(id[8*half:], xxhash.Sum64(in[:]))
	}
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id
}
