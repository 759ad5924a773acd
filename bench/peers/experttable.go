package peers

import "github.com/google/uuid"

// expertGroup is a group in 64 bytes.
type expertGroup struct {
	target            uuid.UUID
	first, last, best *Op
	bestID            uint64
	priority, count   int32
	due               uint32 // in units of coarse; rounded up
	next              uint32 // in the queue, or among the free; 0: none
}

// expertTable finds the groups of a shard by their targets: open addressing with
// linear probing, at most half full, over a slab of groups. Index 0 is not used.
type expertTable struct {
	cells []expertCell // a power of two
	slab  []expertGroup
	rows  []*expertRow // beside the slab, as far as groups have rows
	free  uint32
	live  int
}

// expertCell is a place in the table; index 0 means that it is free.
type expertCell struct{ hash, index uint32 }

const (
	leastCells = 16
	keptCells  = 1024 // an empty table with more lets go of its memory
)

func (t *expertTable) at(index uint32) *expertGroup { return &t.slab[index] }

// find returns the group of a target, or nil, and its index.
func (t *expertTable) find(target *uuid.UUID, hash uint32) (g *expertGroup, index uint32) {
	if len(t.cells) == 0 {
		return nil, 0
	}
	mask := uint32(len(t.cells) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		c := t.cells[i]
		if c.index == 0 {
			return nil, 0
		}
		if c.hash == hash && t.slab[c.index].target == *target {
			return &t.slab[c.index], c.index
		}
	}
}

// insert makes room for a group that is not there.
func (t *expertTable) insert(hash uint32) (index uint32, g *expertGroup) {
	if 2*t.live >= len(t.cells) {
		t.grow()
	}
	if index = t.free; index != 0 {
		t.free = t.slab[index].next
	} else {
		if len(t.slab) == 0 {
			t.slab = append(t.slab, expertGroup{})
		}
		index = uint32(len(t.slab))
		t.slab = append(t.slab, expertGroup{})
	}
	t.put(expertCell{hash, index})
	t.live++
	return index, &t.slab[index]
}

func (t *expertTable) put(c expertCell) {
	mask := uint32(len(t.cells) - 1)
	i := c.hash & mask
	for t.cells[i].index != 0 {
		i = (i + 1) & mask
	}
	t.cells[i] = c
}

func (t *expertTable) grow() {
	old := t.cells
	t.cells = make([]expertCell, max(leastCells, 2*len(old)))
	for _, c := range old {
		if c.index != 0 {
			t.put(c)
		}
	}
}

// remove frees a group, and closes the gap in the table by moving back what was
// put further than it wanted to be.
func (t *expertTable) remove(index, hash uint32) {
	t.slab[index] = expertGroup{next: t.free}
	t.free = index
	t.live--
	mask := uint32(len(t.cells) - 1)
	gap := hash & mask
	for t.cells[gap].index != index {
		gap = (gap + 1) & mask
	}
	for i := (gap + 1) & mask; t.cells[i].index != 0; i = (i + 1) & mask {
		if wanted := t.cells[i].hash & mask; (i-wanted)&mask >= (i-gap)&mask {
			t.cells[gap] = t.cells[i]
			gap = i
		}
	}
	t.cells[gap] = expertCell{}
}

// takeRow returns the row of a group, nil if it has none, and forgets it.
func (t *expertTable) takeRow(index uint32) (row *expertRow) {
	if int(index) < len(t.rows) {
		row, t.rows[index] = t.rows[index], nil
	}
	return row
}

// trim gives the memory back after a burst.
func (t *expertTable) trim() {
	if t.live == 0 && len(t.cells) > keptCells {
		*t = expertTable{}
	}
}
