package bench

import "github.com/google/uuid"

// What producers and shards observe and the verifier puts together.

// key identifies an operation to the verifier: shard and sequence, or the tag
// of one that has no ticket.
type key struct {
	shard uint32
	id    uint64
}

// tagged is the shard of a key that is a tag.
const tagged = ^uint32(0)

// staged is what a producer knows about an operation that was accepted.
type staged struct {
	key      key
	order    uint64 // within its target
	target   uuid.UUID
	priority int32
	begun    int64 // when it was to be submitted
	returned int64 // when the submission had returned
}

// member is a contender of a decided group.
type member struct {
	key      key
	priority int32
}

// decided is a copy of a decision.
type decided struct {
	target              uuid.UUID
	opened, due, closed int64
	settled             int64 // when nobody could withdraw any more
	winner              key
	members             []member
}

// outcome is what an operation was told.
type outcome uint8

const (
	toldNothing outcome = iota
	toldWon
	toldLost
	toldStopped // or failed, or anything else that no run has
	toldWithdrawn
)

func (o outcome) String() string {
	return [...]string{"nothing", "won", "lost", "stopped", "withdrawn"}[o]
}

// told is an outcome that was delivered.
type told struct {
	key     key
	outcome outcome
}
