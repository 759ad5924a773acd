package shard

// Core decides. It is a pure state machine over logical time: it reads no
// clock, starts no goroutine and does no I/O, so the same calls with the same
// arguments give the same decisions, always. The one input that does not come
// through its methods is a withdrawable ticket's state word, which is read
// once, when its group is decided.
//
//	Stage(op)… ─▶ open groups ─▶ Advance(now) ─▶ Decide()… ─▶ Release()
//
// Times are nanoseconds since any fixed moment, not negative. Core belongs to
// the owner goroutine; its zero value is not usable, see NewCore.
type Core struct {
	shard  uint32
	groups slab[group]
	chunks slab[chunk]
	table  table
	wheel  wheel

	now       int64 // the time of the last Advance
	number    uint64
	staged    int
	withdrawn uint64
	abandoned bool // every fired group is abandoned

	batch   []Decision
	decided []uint32 // the groups of batch
}

// batchSize is how many groups are decided, handed to the hook and told at a
// time.
const batchSize = 256

// NewCore makes the core of the shard with the given index.
func NewCore(shard uint32) *Core {
	c := &Core{
		shard:   shard,
		batch:   make([]Decision, 0, batchSize),
		decided: make([]uint32, 0, batchSize),
	}
	c.wheel.groups = &c.groups
	return c
}

// Stage adds an operation to the open window of its target, opening one if
// there is none. Operations must be staged in the order of submission. The
// sequence identifies an operation that has a ticket.
//
// A window opens at op.At, or at now if the operation is unstamped, but not
// before the last Advance: the operation was not there then.
func (c *Core) Stage(op *Op, sequence uint64, now int64) {
	hash := op.Hash &^ withdrawableBit
	index, ok := c.table.find(&op.Target, hash, &c.groups)
	if !ok {
		index = c.open(op, hash, now)
	}
	g := c.groups.at(index)
	id := op.Tag
	if op.Ticket != nil {
		id = sequence
	}
	at := c.append(g, op.Ticket, id, op.Priority)
	if g.count == 1 || beats(op.Priority, g.bestPriority) {
		g.best, g.bestPriority = at, op.Priority
	}
	if op.Hash&withdrawableBit != 0 {
		g.withdrawable = true
	}
	c.staged++
}

// open makes the group of a target that has none.
func (c *Core) open(op *Op, hash uint32, now int64) uint32 {
	index, g := c.groups.alloc()
	g.target, g.hash = op.Target, hash
	g.opened = op.At
	if op.At == unstamped {
		g.opened = now
	}
	g.opened = max(g.opened, c.now)
	g.due = saturatingAdd(g.opened, op.Window)
	c.table.insert(hash, index)
	c.wheel.add(index)
	return index
}

// Advance moves the logical time forward and makes the groups due by then
// ready to be decided. Everything submitted before now must have been staged.
func (c *Core) Advance(now int64) {
	c.now = max(c.now, now)
	c.wheel.advance(c.now / int64(Tick))
}

// Abandon makes every open group ready to be decided as abandoned. Nothing may
// be staged afterwards.
func (c *Core) Abandon() {
	c.abandoned = true
	c.wheel.fireAll()
}

// Decide decides the next groups that are ready, a batch at a time, and returns
// an empty one when there are none left. A group all of whose operations were
// withdrawn is dropped without a decision. The batch is valid until Release,
// which must be called before the next Decide.
func (c *Core) Decide() []Decision {
	for len(c.batch) < batchSize {
		index, ok := c.wheel.popFired()
		if !ok {
			break
		}
		g := c.groups.at(index)
		c.table.remove(g.hash, index)
		c.staged -= int(g.count)
		if g.withdrawable {
			c.withdrawn += uint64(c.settle(g))
			if g.count == 0 {
				c.release(index, g)
				continue
			}
		}
		c.batch = append(c.batch, c.decide(g))
		c.decided = append(c.decided, index)
	}
	return c.batch
}

// decide names the winner of a group.
func (c *Core) decide(g *group) Decision {
	c.number++
	d := Decision{
		Target: g.target, Shard: c.shard, Number: c.number,
		Opened: g.opened, Due: g.due, Closed: c.now,
		Contenders: int(g.count),
		Abandoned:  c.abandoned,
		members:    c.membersOf(g),
	}
	if !c.abandoned {
		d.Winner = c.at(g, g.best)
		if d.Winner.Ticket != nil {
			d.WinnerName = d.Winner.Ticket.Name
		}
	}
	return d
}

// Release lets go of the batch and its groups: after it the core holds no
// reference to their operations.
func (c *Core) Release() {
	for _, index := range c.decided {
		c.release(index, c.groups.at(index))
	}
	clear(c.batch)
	c.batch, c.decided = c.batch[:0], c.decided[:0]
}

// Next returns the earliest time at which Advance has something to do, and
// false if nothing is staged.
func (c *Core) Next() (at int64, ok bool) {
	tick, ok := c.wheel.next()
	return tick * int64(Tick), ok
}

// Staged returns how many operations wait for their group to be decided,
// withdrawn ones included.
func (c *Core) Staged() int { return c.staged }

// Open returns how many windows are open.
func (c *Core) Open() int { return c.table.live }

// Bytes returns the memory held for open windows and their operations.
func (c *Core) Bytes() int {
	return c.groups.bytes() + c.chunks.bytes() + 8*len(c.table.cells)
}

// Withdrawn returns how many withdrawn operations were found when their groups
// were decided.
func (c *Core) Withdrawn() uint64 { return c.withdrawn }
