package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// Event is what a Player shows: one thing that a core was told or said.
// It is valid for the call.
type Event struct {
	At   int64 // nanoseconds of the shard's clock
	Kind EventKind

	Op        *Op        // EventStaged
	Sequence  uint64     // EventStaged: the operation's
	Dismissal *Dismissal // EventDismissed
	Decision  *Decision  // EventDecided
	Preempted Preemption // EventPreempted
	Ended     Hold       // EventEnded
	Lock      Lock       // EventLocked, EventUnlocked (its ID)
	Target    uuid.UUID  // EventCleared
}

// EventKind says what an Event is about.
type EventKind uint8

const (
	EventStaged    EventKind = iota + 1 // an operation was staged
	EventDismissed                      // one was told its outcome apart from a decision
	EventDecided                        // a group was decided
	EventPreempted                      // a winner was to make way
	EventEnded                          // the winner of an exclusive target ended
	EventLocked                         // a lock came into force, or was prolonged
	EventUnlocked                       // a lock ended
	EventClosed                         // the shard was closed: nobody tries again from here on
	EventAbandoned                      // Stop did not wait for windows any longer
	EventCleared                        // a target was cleared
)

// ErrDiverged is returned by a Player whose core decided otherwise than the
// journal says.
var ErrDiverged = errors.New("the replay decided otherwise than the journal says")

// Player plays a shard's journal through a core of its own. It is not safe for
// concurrent use.
type Player struct {
	shard uint32
	see   func(*Event)
	core  *Core
	sum   *xxhash.Digest

	in    []byte // what is left of the block
	time  int64
	now   int64
	names []string
	folds map[uint64]*Fold
	err   error // what went wrong where no error can be returned

	// Rounds counts the rounds of decisions that agreed with the journal.
	Rounds uint64
	// Decisions counts decisions, Operations what was staged.
	Decisions, Operations uint64
}

// NewPlayer makes a player of the journal of the shard with that index. It
// shows what happens to see, which may be nil.
func NewPlayer(shard uint32, see func(*Event)) *Player {
	if see == nil {
		see = func(*Event) {}
	}
	return &Player{shard: shard, see: see, sum: xxhash.New(), folds: map[uint64]*Fold{}}
}

// Play plays the next block. It fails with ErrDiverged, or because the block is
// none; nothing can be played afterwards.
func (p *Player) Play(block []byte) (err error) {
	if p.err != nil {
		return p.err
	}
	p.in = block
	defer func() {
		if v := recover(); v != nil {
			bad, ok := v.(badJournal)
			if !ok {
				panic(v)
			}
			err = bad
		}
		if err == nil {
			err = p.err
		}
		p.err = err
	}()
	for len(p.in) > 0 && p.err == nil {
		p.record()
	}
	return p.err
}

// badJournal is panicked with by the readers of a record's parts.
type badJournal struct{ what string }

func (b badJournal) Error() string { return "shard: not a journal: " + b.what }

func (p *Player) byte() byte {
	if len(p.in) == 0 {
		panic(badJournal{"it ends within a record"})
	}
	b := p.in[0]
	p.in = p.in[1:]
	return b
}

func (p *Player) uint() uint64 {
	v, n := binary.Uvarint(p.in)
	if n <= 0 {
		panic(badJournal{"a number does not end"})
	}
	p.in = p.in[n:]
	return v
}

func (p *Player) int() int64 {
	v, n := binary.Varint(p.in)
	if n <= 0 {
		panic(badJournal{"a number does not end"})
	}
	p.in = p.in[n:]
	return v
}

// size returns a number that is not negative.
func (p *Player) size() int {
	v := p.uint()
	if v > math.MaxInt {
		panic(badJournal{fmt.Sprintf("%d of something", v)})
	}
	return int(v)
}

func (p *Player) bytes(n uint64) []byte {
	if uint64(len(p.in)) < n {
		panic(badJournal{"it ends within a record"})
	}
	b := p.in[:n]
	p.in = p.in[n:]
	return b
}

func (p *Player) uuid() (id uuid.UUID) {
	copy(id[:], p.bytes(16))
	return id
}

func (p *Player) moment() int64 {
	p.time += p.int()
	return p.time
}

func (p *Player) name() string {
	number := p.uint()
	if number > 0 {
		if number > uint64(len(p.names)) {
			panic(badJournal{fmt.Sprintf("name %d of %d", number, len(p.names))})
		}
		return p.names[number-1]
	}
	name := string(p.bytes(p.uint()))
	if len(p.names) < maxNames {
		p.names = append(p.names, name)
	}
	return name
}

// record plays one record.
func (p *Player) record() {
	code := journalCode(p.byte())
	if code == codeStart {
		p.start()
		return
	}
	if p.core == nil {
		panic(badJournal{"it does not begin with the start of a core"})
	}
	switch code {
	case codeTime:
		p.now = p.moment()
	case codeStage:
		p.stage()
	case codeAdvance:
		p.core.Advance(p.moment())
	case codeDecide:
		p.decide()
	case codeEnded:
		h := Hold{Target: p.uuid(), Token: p.uint()}
		p.see(&Event{At: p.core.now, Kind: EventEnded, Ended: h})
		p.core.Ended(h.Target, h.Token)
	case codeHold:
		p.core.Hold(Hold{Target: p.uuid(), Token: p.uint()})
	case codeLock:
		p.lock()
	case codeUnlock:
		id := p.uint()
		p.see(&Event{At: p.core.now, Kind: EventUnlocked, Lock: Lock{ID: id}})
		p.core.Unlock(id)
	case codeClose:
		p.see(&Event{At: p.core.now, Kind: EventClosed})
		p.core.Close()
	case codeAbandon:
		p.see(&Event{At: p.core.now, Kind: EventAbandoned})
		p.core.Abandon()
	case codeClear:
		target := p.uuid()
		p.see(&Event{At: p.core.now, Kind: EventCleared, Target: target})
		p.core.Clear(&target, hashOf(target))
	case codeCloseFired:
		if !p.core.CloseFired() {
			panic(badJournal{"windows are closed in advance that may not be"})
		}
	default:
		panic(badJournal{fmt.Sprintf("record of unknown code %d", code)})
	}
}

// start makes the core.
func (p *Player) start() {
	config := CoreConfig{Shard: p.shard, Limit: p.size(), Fence: p.uint(), Tape: p}
	n := p.uint()
	if n > MaxRules {
		panic(badJournal{fmt.Sprintf("%d rules", n)})
	}
	for range n {
		r := p.rules()
		if err := r.Validate(); err != nil {
			panic(badJournal{err.Error()})
		}
		config.Rules = append(config.Rules, r)
	}
	p.core = NewCore(config)
	p.time, p.now, p.names, p.folds = 0, 0, nil, map[uint64]*Fold{}
}

func (p *Player) rules() Rules {
	r := Rules{Policy: Policy(p.byte())}
	flags := p.byte()
	if flags&rulesOrder != 0 {
		r.Order = func(a, b Standing) bool { return false } // the tape answers
	}
	if flags&rulesChoose != 0 {
		r.Choose = func([]Standing) int { return 0 }
	}
	r.Early, r.Exclusive, r.Preempt = flags&rulesEarly != 0, flags&rulesExclusive != 0, flags&rulesPreempt != 0
	r.RunnersUp, r.Idle = int(p.int()), time.Duration(p.int())
	r.Size, r.Decisive = int(p.int()), Priority(p.int())
	return r
}

// stage plays an operation.
func (p *Player) stage() {
	if p.core.abandoned {
		panic(badJournal{"an operation after the end"})
	}
	has := p.byte()
	op := Op{Target: p.uuid(), At: unstamped}
	id := p.uint()
	op.Tag = id
	op.Priority = int32(p.int())
	op.Terms = Terms(p.uint())
	if int(op.Terms.Rules()) > len(p.core.config.Rules) {
		panic(badJournal{"an operation with unknown rules"})
	}
	if op.Terms.Window() == 0 {
		panic(badJournal{"an operation without a window"})
	}
	op.Hash = hashOf(op.Target)
	if has&hasStamp != 0 {
		op.At = p.now - p.int()
	}
	if has&hasTicket != 0 {
		op.Ticket = p.ticket(has)
	}
	op.Begin()
	p.Operations++
	p.see(&Event{At: p.core.arrival(op.submitted(p.now)), Kind: EventStaged, Op: &op, Sequence: id})
	p.core.Stage(&op, id, p.now)
}

// hashOf is as good as the engine's, whose seed is not known.
func hashOf(target uuid.UUID) uint32 { return uint32(xxhash.Sum64(target[:])) }

func (p *Player) ticket(has byte) *Ticket {
	t := &Ticket{Withdrawable: has&hasWithdraw != 0}
	if has&hasName != 0 {
		t.Name = p.name()
	}
	if has&(hasRetry|hasFold|hasDeadline) == 0 {
		return t
	}
	t.Extra = &Extra{}
	if has&hasRetry != 0 {
		t.Extra.Retry = Retry{
			Limit: p.size(), Backoff: time.Duration(p.int()), MaxBackoff: time.Duration(p.int()), Step: Priority(p.int()),
		}
	}
	if has&hasFold != 0 {
		t.Extra.Fold = p.fold(p.uint())
	}
	if has&hasDeadline != 0 {
		t.Extra.Deadline = p.int()
	}
	return t
}

func (p *Player) fold(number uint64) *Fold {
	f := p.folds[number]
	if f == nil {
		f = new(Fold)
		p.folds[number] = f
	}
	return f
}

func (p *Player) lock() {
	l := Lock{ID: p.uint(), Name: p.name(), Target: p.uuid(), Below: int32(p.int()), Expires: p.int()}
	flags := p.byte()
	l.All, l.Stay = flags&1 != 0, flags&2 != 0
	p.see(&Event{At: p.core.now, Kind: EventLocked, Lock: l})
	p.core.Lock(l)
}

// decide plays a round of decisions, of which the journal has what the core asks
// for, and then the checksum.
func (p *Player) decide() {
	batch := p.core.Decide()
	empty := len(batch)+len(p.core.dismissed)+len(p.core.preempted) == 0
	switch code := journalCode(p.byte()); {
	case code != codeSum && code != codeEmpty:
		panic(badJournal{fmt.Sprintf("code %d at the end of a round", code)})
	case empty != (code == codeEmpty):
		p.err = fmt.Errorf("shard %d at %v: %w", p.shard, time.Duration(p.core.now), ErrDiverged)
		return
	case empty:
		p.core.Release()
		return
	}
	want := binary.LittleEndian.Uint64(p.bytes(8))
	if got := checksum(p.sum, p.core, batch); got != want {
		p.err = fmt.Errorf("shard %d at %v: %w (checksum %x, want %x)", p.shard, time.Duration(p.core.now), ErrDiverged, got, want)
		return
	}
	p.Rounds++
	p.Decisions += uint64(len(batch))
	p.show(batch)
	p.core.Release()
}

func (p *Player) show(batch []Decision) {
	for i := range p.core.dismissed {
		d := &p.core.dismissed[i]
		p.see(&Event{At: d.At, Kind: EventDismissed, Dismissal: d})
	}
	for _, e := range p.core.preempted {
		p.see(&Event{At: p.core.now, Kind: EventPreempted, Preempted: e})
	}
	for i := range batch {
		p.see(&Event{At: batch[i].Closed, Kind: EventDecided, Decision: &batch[i]})
	}
}

// check is a Tape's: what the state word said then.
func (p *Player) check(func() bool) bool {
	switch code := journalCode(p.byte()); code {
	case codeYes:
		return true
	case codeNo:
		return false
	default:
		panic(badJournal{fmt.Sprintf("code %d where a state word was read", code)})
	}
}

// ask is a Tape's: what the policy said then.
func (p *Player) ask(x *more, _ func() int) int {
	switch code := journalCode(p.byte()); code {
	case codeAnswer:
		return int(p.int())
	case codeFault:
		x.fault = &Fault{Value: string(p.bytes(p.uint()))}
		return 0
	default:
		panic(badJournal{fmt.Sprintf("code %d where the policy was asked", code)})
	}
}
