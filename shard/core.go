package shard

import (
	"slices"

	"github.com/google/uuid"
)

// Core decides. It is a pure state machine over logical time: it reads no
// clock, starts no goroutine and does no I/O, so the same calls with the same
// arguments give the same decisions, always. Two inputs do not come through its
// methods: a withdrawable ticket's state word, which is read when it matters
// whether the operation stands, and the answers of the user's own policy. A
// Tape writes them down.
//
//	Stage(op)… ─▶ open groups ─▶ Advance(now) ─▶ Decide()… ─▶ Release()
//
// An operation whose rules are the zero ones, in a core without locks and
// limit, takes the short way in Stage and Decide. The rest of the files it takes
// are enter.go, early.go, closing.go, hold.go, lock.go, retry.go, displace.go
// and conclude.go.
//
// Times are nanoseconds since any fixed moment, not negative. Core belongs to
// the owner goroutine; its zero value is not usable, see NewCore.
type Core struct {
	config CoreConfig
	rules  []Rules // by Terms.Rules; the first are the zero ones

	groups    slab[group]
	chunks    chunks
	table     table
	wheel     wheel
	mores     mores
	holds     map[uuid.UUID]hold
	mostHolds int // since the map was made
	locks     locks
	ranks     ranks
	again     queue // retried operations without backoff, about to enter

	// special: operations with the zero Rules must not take the short way.
	special bool
	calm    bool // all rules are; see Rules.calm

	now       int64 // the time of the last Advance
	number    uint64
	staged    int
	parked    int // records of operations that wait to try again
	withdrawn uint64
	closing   bool   // nobody tries again
	abandoned bool   // every fired group is abandoned
	deciding  uint32 // index+1 of the group whose policy is being asked
	asked     bool   // Decide has begun, and has not returned
	current   uint32 // index+1 of the group that is being decided by rules; see condemnGroup
	walk      walk
	settled   int     // operations that were looked through, to be settled, for this batch
	extras    int64   // when the last window is due that was entered by one whose Extra counts
	entering  entrant // while it enters, to be found by condemnEntrant
	enters    bool

	batch     []Decision
	decided   []uint32 // the groups of batch
	dismissed []Dismissal
	preempted []Preemption
	faults    []*Fault // of policies, to be reported; see keepFault

	watched bool     // somebody watches, as of this look
	notices []notice // what to show besides decisions, if so

	refills struct{ dismissed, preempted, notices refilled }

	tape   Tape
	warmth warmth
	sink   uint64 // what was loaded only to be near; see warmth
}

// CoreConfig configures a Core.
type CoreConfig struct {
	// Shard is the index of the core's shard.
	Shard uint32
	// Rules are what Terms.Rules refers to, from 1 on; at most MaxRules, all
	// valid.
	Rules []Rules
	// Limit is how many operations may be staged: beyond, the lowest-ranked is
	// dismissed. 0 means no limit.
	Limit int
	// Fence is added to a decision's number to make its token.
	Fence uint64
	// Tape writes down, or plays back, what the core is told besides its
	// methods' arguments. Nil for neither.
	Tape Tape
}

// batchSize is how many groups are decided, handed to the hook and told at a
// time.
const batchSize = 256

// enough reports whether a batch is large enough to be told: if it has batchSize groups,
// or settleAtOnce operations had to be settled for it, so that they are told while their
// memory is near. Where batches end can be seen in a journal, whose format is another if
// this changes.
func (c *Core) enough() bool {
	return len(c.batch) == batchSize || len(c.batch) > 0 && c.settled >= settleAtOnce
}

// decideAhead is how many of them are looked at together before.
const decideAhead = 32

// NewCore makes the core of a shard.
func NewCore(config CoreConfig) *Core {
	c := &Core{
		config:  config,
		rules:   append([]Rules{{}}, config.Rules...),
		holds:   make(map[uuid.UUID]hold),
		special: config.Limit > 0,
		calm:    !slices.ContainsFunc(config.Rules, func(r Rules) bool { return !r.calm() }),
		batch:   make([]Decision, 0, batchSize),
		decided: make([]uint32, 0, batchSize),
		tape:    config.Tape,
	}
	c.wheel.groups = &c.groups
	return c
}

// Stage adds an operation to the open window of its target, opening one if
// there is none. Operations must be staged in the order of submission. The
// sequence identifies an operation that has a ticket.
//
// An operation arrives at op.At, or at now if it is unstamped, but not before
// the last Advance: it was not there then.
func (c *Core) Stage(op *Op, sequence uint64, now int64) {
	q := queued{target: op.Target, ticket: op.Ticket, priority: op.Priority, hash: op.Hash}
	c.stage(&q, op.id(sequence), op.Terms, op.submitted(now))
}

// stage is Stage for what lies in the ring, submitted at some time.
func (c *Core) stage(op *queued, id uint64, terms Terms, at int64) {
	hash := op.hash &^ hashFlags
	if c.special || terms.Rules() != 0 {
		c.enterFirst(op, id, terms, c.arrival(at))
		return
	}
	index, ok := c.table.find(&op.target, hash, &c.groups)
	if !ok {
		index = c.open(&op.target, hash, terms, c.arrival(at))
	}
	g := c.groups.at(index)
	if g.rules != 0 {
		c.enterFirst(op, id, terms, c.arrival(at))
		return
	}
	place := c.append(g, op.ticket, id, op.priority)
	if g.count == 1 || beats(op.priority, g.bestPriority) {
		g.best, g.bestPriority = place, op.priority
	}
	if op.hash&heedBit != 0 {
		g.flags |= heeded
		if op.hash&extraBit != 0 {
			c.extras = max(c.extras, g.due)
		}
	}
	c.staged++
}

// id returns what an operation goes by: its sequence, or its tag if it has no ticket.
func (op *Op) id(sequence uint64) uint64 {
	if op.Ticket == nil {
		return op.Tag
	}
	return sequence
}

// submitted returns when an operation was submitted that is found now.
func (op *Op) submitted(now int64) int64 {
	if op.At != unstamped {
		return op.At
	}
	return now
}

// arrival returns when an operation arrives that was submitted at some time.
func (c *Core) arrival(at int64) int64 { return max(at, c.now) }

// open makes the group of a target that has none.
func (c *Core) open(target *uuid.UUID, hash uint32, terms Terms, at int64) uint32 {
	index, g := c.groups.alloc()
	g.target, g.hash, g.rules = *target, hash, terms.Rules()
	g.opened = at
	g.due = saturatingAdd(at, terms.Window())
	if g.rules != 0 || c.config.Limit > 0 {
		c.openMore(index, g)
	}
	c.table.insert(hash, index)
	c.wheel.add(index)
	return index
}

// Advance moves the logical time forward and makes the groups due by then
// ready to be decided. Everything submitted before now must have been staged.
func (c *Core) Advance(now int64) {
	c.now = max(c.now, now)
	if c.locks.soonest <= c.now && c.locks.any() {
		c.expireLocks()
	}
	c.wheel.advance(c.now / int64(Tick))
}

// Close lets nobody try again from now on. What was accepted before may be staged
// yet.
func (c *Core) Close() { c.closing = true }

// Abandon closes the core and makes everything that is staged ready to be
// decided as abandoned.
func (c *Core) Abandon() {
	c.closing, c.abandoned, c.special = true, true, true
	c.wheel.fireAll()
	for target, h := range c.holds {
		if h.waiting = 0; h.held {
			c.setHold(target, h)
		} else {
			delete(c.holds, target)
		}
	}
}

// Decide decides the next groups that are ready, a batch at a time, and returns
// an empty one when there are none left. A group of which no operation is left
// is dropped without a decision. The batch is valid until Release, which must be
// called before the next Decide. Until then only operations whose rules are calm may be
// staged, in a core without locks and limit (see plain) whose fired windows are closed
// (see CloseFired): what others have dismissed at once would be released with the batch.
func (c *Core) Decide() []Decision {
	c.asked = true
	c.resume()
	for popped := 0; !c.enough(); popped++ {
		c.enterAgain()
		if popped%decideAhead == 0 {
			c.warmDue()
		}
		index, ok := c.wheel.popFired()
		if !ok {
			break
		}
		g := c.groups.at(index)
		if g.rules != 0 || g.flags&^(ticketed|closed) != 0 || c.special {
			c.decideByRules(index, g)
			c.current = 0
			continue
		}
		if g.flags&closed == 0 {
			c.table.remove(g.hash, index)
		}
		c.staged -= int(g.count)
		c.announce(index, g, c.at(g, g.best))
	}
	c.name()
	c.asked, c.settled = false, 0 // but not if user's code has ended the goroutine: it goes on
	return c.batch
}

// name reads the names of a batch's winners, all at once: mostly the processor has
// to wait for a ticket's memory, and so it waits for many together.
func (c *Core) name() {
	for i := range c.batch {
		if d := &c.batch[i]; d.Winner.Ticket != nil {
			d.WinnerName = d.Winner.Ticket.Name
		}
	}
}

// announce adds the decision of a group to the batch. The winner has no ID and
// no ticket if there is none.
func (c *Core) announce(index uint32, g *group, winner Standing) *Decision {
	c.number++
	c.batch = append(c.batch, Decision{
		Target: g.target, Shard: c.config.Shard, Number: c.number,
		Opened: g.opened, Due: g.due, Closed: max(c.now, g.opened),
		Contenders: int(g.count),
		Winner:     winner,
		Abandoned:  c.abandoned,
		rules:      g.rules,
		listened:   g.rules != 0 || g.flags&ticketed != 0,
		members:    c.membersOf(g),
	})
	c.decided = append(c.decided, index)
	d := &c.batch[len(c.batch)-1]
	if g.flags&heeded != 0 { // else no ticket of the group need be read here
		d.heeded, d.fold = true, winner.fold()
	}
	return d
}

// Dismissed returns the operations that were told apart from a decision since
// the last Release, in order. They are to be told before those of the batch.
func (c *Core) Dismissed() []Dismissal { return c.dismissed }

// Preempted returns the winners since the last Release that are to make way.
func (c *Core) Preempted() []Preemption { return c.preempted }

// keepFault notes why the policy of a group failed that is decided or comes to nothing.
func (c *Core) keepFault(x *more) {
	if x.failed() {
		c.faults = append(c.faults, x.fault)
	}
}

// takeFault returns the next of what was noted since the last Release, nil if there is
// none.
func (c *Core) takeFault() (f *Fault) {
	if len(c.faults) > 0 {
		f, c.faults = c.faults[0], c.faults[1:]
	}
	return f
}

// Release lets go of the batch and its groups: after it the core holds no
// reference to their operations.
func (c *Core) Release() {
	for _, index := range c.decided {
		c.release(index, c.groups.at(index))
	}
	clear(c.batch)
	c.batch, c.decided = c.batch[:0], c.decided[:0]
	c.sweepRanks()
	c.faults = nil
	c.dismissed = emptied(c.dismissed, &c.refills.dismissed)
	c.preempted = emptied(c.preempted, &c.refills.preempted)
	c.notices = emptied(c.notices, &c.refills.notices)
}

// Age says that some time has passed. Memory that was not needed in that time, nor
// in the time before, is given back: a load that comes in waves keeps what it needs.
// It decides nothing.
func (c *Core) Age() {
	c.groups.age()
	c.chunks.age()
	c.table.age()
	c.dismissed = trimmed(c.dismissed, &c.refills.dismissed)
	c.preempted = trimmed(c.preempted, &c.refills.preempted)
	c.notices = trimmed(c.notices, &c.refills.notices)
}

// Surplus reports whether the core holds more memory than what is staged needs, so
// that Age would give some back, the first time or the second.
func (c *Core) Surplus() bool {
	return c.groups.surplus() || c.chunks.surplus() || c.table.surplus() ||
		surplus(c.dismissed) || surplus(c.preempted) || surplus(c.notices)
}

// Next returns the earliest time at which Advance has something to do, and
// false if nothing waits for a time.
func (c *Core) Next() (at int64, ok bool) {
	tick, ok := c.wheel.next()
	return tick * int64(Tick), ok
}

// LastWithin returns the last time up to a limit at which Advance has something to do,
// from that of Next on.
func (c *Core) LastWithin(next, limit int64) int64 {
	return c.wheel.lastWithin(next/int64(Tick), limit/int64(Tick)) * int64(Tick)
}

// Late returns by how much the last Advance came after the time of what it found
// due first.
func (c *Core) Late() int64 {
	if c.wheel.first == none {
		return 0
	}
	return c.now - c.wheel.first*int64(Tick)
}

// Staged returns how many operations have no outcome yet, withdrawn ones that
// were not found included.
func (c *Core) Staged() int { return c.staged }

// Open returns how many windows are open.
func (c *Core) Open() int { return c.table.live }

// Bytes returns the memory held for open windows and their operations.
func (c *Core) Bytes() int {
	return c.groups.bytes() + c.chunks.bytes() + c.mores.bytes() + c.ranks.bytes() + 8*len(c.table.cells)
}

// Withdrawn returns how many operations were found withdrawn.
func (c *Core) Withdrawn() uint64 { return c.withdrawn }
