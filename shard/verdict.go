package shard

import (
	"encoding/binary"
	"fmt"
	"iter"

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
	// Stopped means that the shard was stopped before the window closed.
	Stopped
)

// String returns the outcome in lower case.
func (o Outcome) String() string {
	switch o {
	case Won:
		return "won"
	case Lost:
		return "lost"
	case Stopped:
		return "stopped"
	}
	return fmt.Sprintf("outcome %d", uint8(o))
}

// Standing is one operation's place in a group.
type Standing struct {
	// Ticket is nil for an operation that was staged with a tag.
	Ticket *Ticket
	// ID is the operation's sequence, or its tag if it has no ticket.
	ID       uint64
	Priority int32
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
	// Contenders is how many operations stood when the window closed.
	Contenders int
	// Winner is the best of them; its zero value if the group was abandoned.
	Winner     Standing
	WinnerName string
	// Abandoned means that the shard was stopped before the window closed: all
	// contenders are told Stopped.
	Abandoned bool

	members members
}

// Conflict reports whether there was something to decide.
func (d *Decision) Conflict() bool { return d.Contenders > 1 && !d.Abandoned }

// First returns the first submitted of the contenders.
func (d *Decision) First() Standing { return d.members.standing() }

// All iterates over the contenders, the winner included, in the order of
// submission.
func (d *Decision) All() iter.Seq[Standing] {
	// Small enough to be inlined, so that a loop over it allocates nothing.
	return func(yield func(Standing) bool) { d.each(yield) }
}

func (d *Decision) each(yield func(Standing) bool) {
	for m := d.members; m.left > 0; m.advance() {
		if !yield(m.standing()) {
			return
		}
	}
}

// Verdict is what one operation is told.
type Verdict struct {
	Outcome Outcome
	// Target, Opened, Due, Closed and Contenders are the decision's.
	Target              uuid.UUID
	Opened, Due, Closed int64
	Contenders          int
	// Op and Priority are the operation's own.
	Op       OpID
	Priority int32
	// Winner, WinnerPriority and WinnerName tell who won, also to the winner.
	// Winner's sequence is the tag of an operation that was staged with one.
	Winner         OpID
	WinnerPriority int32
	WinnerName     string

	number uint64
	key    Key
}

// EntryID returns the identity that the winner of this decision has in the
// registry. It is made when it is asked for, from the run's key, the shard and
// the number of the decision; asking twice gives the same one, and no other
// decision has it. Nothing is looked up, stored or allocated. It is the zero
// UUID if nobody won.
func (v *Verdict) EntryID() uuid.UUID {
	if v.Outcome == Stopped {
		return uuid.Nil
	}
	return v.key.entryID(v.Winner.Shard, v.number)
}

// Key makes entry IDs unique over engine runs: random, one per run. It does not
// make them secrets.
type Key [2]uint64

// entryID derives a version 8 UUID (RFC 9562: custom).
func (k Key) entryID(shard uint32, number uint64) (id uuid.UUID) {
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
