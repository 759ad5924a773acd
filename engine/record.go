package engine

import (
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// record is an event on its way: what costs time to work out, its reader does.
type record struct {
	kind    EventKind
	outcome shard.Outcome
	early   bool
	engines bool  // not a Bid
	at      int64 // by the engine's clock

	sequence   uint64
	id         uuid.UUID
	entry      uuid.UUID // or made from number
	number     uint64    // of the decision that the operation won
	name       string
	class      string // Op.Type
	target     uuid.UUID
	priority   int32
	contenders int32
	retries    int32
	execution  time.Duration

	// winner is who it lost to; its name is the lock's if it is masked.
	winner         bool
	winnerSequence uint64
	winnerNumber   uint64 // 0 if it has none yet
	winnerPriority int32
	winnerName     string
	err            error
}

// event makes an event of a record of one shard's.
func (st *stream) event(index int, r *record) Event {
	ev := Event{
		Kind: r.kind, Time: st.engine.epoch.Add(time.Duration(r.at)), Process: st.engine.config.Name,
		Op: OpID{Shard: uint32(index), Sequence: r.sequence}, ID: r.id, EntryID: r.entry,
		Name: r.name, Type: r.class, Target: r.target, Priority: Priority(r.priority),
		Contenders: int(r.contenders), Retries: int(r.retries), Execution: r.execution,
		Outcome: r.outcome, Early: r.early, Err: r.err, Bid: !r.engines,
	}
	if r.number > 0 {
		ev.EntryID = st.key.EntryID(uint32(index), r.number)
	}
	switch {
	case r.outcome == Masked:
		ev.Lock = r.winnerName
	case r.winner:
		ev.Winner = Winner{
			ID: OpID{Shard: uint32(index), Sequence: r.winnerSequence}, Name: r.winnerName,
			Priority: Priority(r.winnerPriority),
		}
		if r.winnerNumber > 0 {
			ev.Winner.EntryID = st.key.EntryID(uint32(index), r.winnerNumber)
		}
	}
	return ev
}

// described is an operation of the engine's own, which knows more than its ticket
// does. The lean path's contenders are not.
type described interface {
	about() (class string, id uuid.UUID)
}

// describe fills in what whoever is told knows of an operation.
func (r *record) describe(to Contender) {
	if d, ok := to.(described); ok {
		r.engines = true
		r.class, r.id = d.about()
	}
}
