package shard

import (
	"slices"

	"example.com/contend/ring"
)

// warmth is memory for touching what a run of operations is about to need: first
// all their cells in the table, then all the groups that those lead to, then the
// chunks that these are at. Each step's loads do not depend on one another, so the
// processor waits for many of them at once; operation by operation it would wait
// for three in a row, every time. Databases call it group prefetching (Chen,
// Ailamaki, Gibbons and Mowry 2004), there with the instruction that Go lacks. (From
// assembly it gained nothing here; see FINDINGS.md in bench/peers.)
type warmth struct {
	cells [ring.MaxRun]uint64
	lasts [ring.MaxRun]uint32
	sink  uint64 // what was loaded goes here, so that the loads are not left out
}

// warm touches what staging a run will need. It decides nothing.
func (c *Core) warm(run ring.Run[queued]) {
	if n := run.Len(); n > 1 && c.table.live > 0 {
		for i := range n {
			c.warmth.cells[i] = c.table.cell(run.At(i).hash &^ hashFlags)
		}
		c.warmCells(n)
	}
}

// StageAll is Stage for operations with consecutive sequences. It first touches what they
// will need, as a shard does for what it finds in its ring.
func (c *Core) StageAll(ops []Op, first uint64, now int64) {
	for run := range slices.Chunk(ops, ring.MaxRun) {
		if c.table.live > 0 {
			for i := range run {
				c.warmth.cells[i] = c.table.cell(run[i].Hash &^ hashFlags)
			}
			c.warmCells(len(run))
		}
		for i := range run {
			c.Stage(&run[i], first, now)
			first++
		}
	}
}

// warmCells touches what the first cells in warmth lead to.
func (c *Core) warmCells(n int) {
	w := &c.warmth
	cells, lasts := w.cells[:n], w.lasts[:n]
	for i, cell := range cells {
		lasts[i] = 0
		if cell != 0 {
			g := c.groups.at(uint32(cell) - 1)
			lasts[i] = g.last
			if g.count%chunkItems == 0 && beside(g.last) { // the last one is full
				lasts[i]++
			}
		}
	}
	sum := uint64(0)
	for i, last := range lasts {
		if last != 0 {
			sum += c.chunks.at(last - 1).ids[0]
		} else if cells[i] != 0 {
			sum += c.groups.at(uint32(cells[i]) - 1).first.ids[0]
		}
	}
	if len(c.mores.pages) > 0 {
		for _, cell := range cells {
			if cell != 0 {
				sum += c.mores.warm(uint32(cell) - 1)
			}
		}
	}
	w.sink = sum
}

// warmFired touches what the removal of some fired groups from the table will need,
// from one on, given by its index+1. It returns the one behind them, how many they are,
// and the flags that any of them has.
func (c *Core) warmFired(from uint32) (next uint32, n int, seen flags) {
	sum := uint64(0)
	for next = from; n < decideAhead && next != 0; n++ {
		g := c.groups.at(next - 1)
		next = g.next
		seen |= g.flags
		if c.table.live > 0 {
			sum += c.table.cells[c.table.home(g.hash)]
		}
	}
	c.sink = sum
	return next, n, seen
}

// warmDue touches what deciding the next fired groups will need.
func (c *Core) warmDue() {
	next := c.wheel.fired.head
	_, n, seen := c.warmFired(next)
	ruled := len(c.mores.pages) > 0
	if seen&heeded == 0 && !ruled {
		return
	}
	for ; n > 0; n-- {
		g := c.groups.at(next - 1)
		if ruled {
			c.sink += c.mores.warm(next - 1)
		}
		next = g.next
		if g.flags&heeded != 0 {
			m := c.membersOf(g)
			m.left = min(m.left, chunkItems)
			c.lookAhead(&m)
		}
	}
}
