//go:build explore

package loom

import (
	"fmt"
	"unsafe"

	"example.com/contend/ring/interleave"
)

// clock is a vector clock: how much of each thread has happened before.
type clock [maxThreads]uint32

func (c *clock) join(other *clock) {
	for i, n := range other {
		c[i] = max(c[i], n)
	}
}

// before returns a thread whose time in c is not in other, or nobody.
func (c *clock) before(other *clock) int {
	for i, n := range c {
		if n > other[i] {
			return i
		}
	}
	return nobody
}

// words are the memory that an execution has touched.
//
// What happens before what is taken from Go's memory model: its atomics are
// sequentially consistent, and an access that sees the effect of another happens
// after it. So a load acquires what the last store released; a swap does both. A
// compare-and-swap that fails only reads, but counts as a swap, since nobody
// says that it failed: races that it hides are not found. A chime or a mutex is
// a word, too. Plain accesses of which one writes have to be ordered by that, also
// where the interleaving that was tried does no harm.
type words struct {
	list   []word
	slots  [tableSize]slot // open addressing, by address
	run    uint32          // number of the execution
	layout layout
	shared []bool // by identity: touched by several threads in some execution
	grown  bool   // a word was found to be shared
}

const tableSize = 256

type slot struct {
	at    uintptr
	run   uint32 // in which it was filled
	index int32
}

type word struct {
	at       uintptr
	identity int32 // across executions, -1 if it has none
	by       mask  // who touched it
	written  bool

	clock clock // released by atomic writes
	reads clock // of plain memory: when each thread read and wrote it
	wrote clock
}

// begin forgets an execution.
func (w *words) begin() {
	w.list = w.list[:0]
	w.run++
	w.layout.begin()
}

// find returns the index of a word.
func (w *words) find(at unsafe.Pointer) int32 {
	address := uintptr(at)
	for i := uint32(address>>3*0x9E3779B1) >> 24; ; i = (i + 1) % tableSize {
		s := &w.slots[i]
		if s.run != w.run {
			if len(w.list) == tableSize/2 {
				panic("loom: a scenario touches more words than expected")
			}
			*s = slot{address, w.run, int32(len(w.list))}
			w.list = append(w.list, word{at: address, identity: w.layout.identify(address)})
			for len(w.shared) < int(w.layout.identities) {
				w.shared = append(w.shared, false)
			}
			return s.index
		}
		if s.at == address {
			return s.index
		}
	}
}

// isShared reports whether it matters to others when a word is touched.
func (w *words) isShared(index int32) bool {
	identity := w.list[index].identity
	return identity < 0 || w.shared[identity]
}

// access returns a thread that a plain access races with, or nobody.
func (w *words) access(me int, kind interleave.Kind, index int32, mine *clock) (racing int) {
	x := &w.list[index]
	x.by |= bit(me)
	x.written = x.written || writes(kind)
	if x.written && x.by.several() && !w.isShared(index) {
		w.shared[x.identity], w.grown = true, true
	}
	switch kind {
	case interleave.Load:
		mine.join(&x.clock)
	case interleave.Store:
		x.clock = *mine
		mine[me]++
	case interleave.Swap:
		mine.join(&x.clock)
		x.clock = *mine
		mine[me]++
	case interleave.Read:
		x.reads[me] = mine[me]
		return x.wrote.before(mine)
	case interleave.Write:
		if other := x.reads.before(mine); other != nobody {
			return other
		}
		x.wrote[me] = mine[me]
		return x.wrote.before(mine)
	}
	return nobody
}

func writes(kind interleave.Kind) bool {
	return kind != interleave.Load && kind != interleave.Read
}

// name says which word it is.
func (w *words) name(index int32) string {
	if name, ok := w.layout.name(w.list[index].at); ok {
		return name
	}
	return fmt.Sprint("word ", index)
}
