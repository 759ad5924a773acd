package shard

import (
	"math/bits"
	"time"
)

// Tick is the resolution of deadlines: a window closes at the first tick at or
// after its due time, never before. It is a fraction of the time between two
// looks of a busy owner, so that rounding up costs little beside that.
const Tick = 125 * time.Microsecond

const (
	wheelBits   = 10
	wheelSlots  = 1 << wheelBits
	wheelLevels = 4 // 2⁴⁰ ticks of 125 µs are 4.3 years
	wheelFar    = 1<<(wheelBits*wheelLevels) - 1<<(wheelBits*(wheelLevels-1))
)

// none is the tick of nothing.
const none = -1

// wheel is a hierarchical timing wheel (Varghese and Lauck 1987) of groups,
// linked through group.next in the order in which they were added. Level 0 has
// a slot per tick, level n a slot per 1024ⁿ ticks; when the time of an upper
// slot begins, its groups are dealt out to the levels below. Windows
// up to 127 ms live in level 0 and are never moved.
//
// Groups of the same tick fire in the order in which they were added: one that
// comes from an upper level was added when the tick was farther away, so it is
// put in front of those that are in the lower slot already. (Only groups that
// were added more than 4 years ahead can change places among themselves.)
//
// Chains are linked both ways, so that a window can close before its time: the
// slot of a group is written in it.
//
// It belongs to the owner goroutine. Its oracle, a heap, is in wheel_test.go.
type wheel struct {
	groups *slab[group]
	tick   int64 // all groups due at or before this tick are in fired
	live   int   // groups in slots and fired
	upper  int   // of these, groups in levels above 0
	first  int64 // the first tick at which the last advance found groups due, or none
	slots  [wheelLevels * wheelSlots]list
	marked [wheelLevels][wheelSlots / 64]uint64 // bit per slot that is not empty

	// fired are the groups whose time has come, in order.
	fired list
	// overdue are groups whose time has come, but which wait for something
	// else. They do not count as live.
	overdue list
}

// list is a chain of groups; indices are stored plus one, so that zero is
// empty. The prev of its head means nothing.
type list struct{ head, tail uint32 }

func (w *wheel) append(l *list, index uint32) {
	g := w.groups.at(index)
	g.next, g.prev = 0, l.tail
	if l.head == 0 {
		l.head = index + 1
	} else {
		w.groups.at(l.tail - 1).next = index + 1
	}
	l.tail = index + 1
}

// prepend puts a group in front of a chain.
func (w *wheel) prepend(l *list, index uint32) {
	if l.head == 0 {
		l.tail = index + 1
	} else {
		w.groups.at(l.head - 1).prev = index + 1
	}
	w.groups.at(index).next = l.head
	l.head = index + 1
}

// cut removes a group from anywhere in a chain.
func (w *wheel) cut(l *list, index uint32) {
	g := w.groups.at(index)
	if l.head == index+1 {
		l.head = g.next
	} else {
		w.groups.at(g.prev - 1).next = g.next
	}
	if l.tail == index+1 {
		l.tail = g.prev
	} else {
		w.groups.at(g.next - 1).prev = g.prev
	}
}

// reversed turns a chain round.
func (w *wheel) reversed(chain list) (turned list) {
	for index, ok := w.pop(&chain); ok; index, ok = w.pop(&chain) {
		w.prepend(&turned, index)
	}
	return turned
}

// splice moves a whole chain to the end of another.
func (w *wheel) splice(l *list, chain list) {
	if chain.head == 0 {
		return
	}
	if l.head == 0 {
		*l = chain
		return
	}
	w.groups.at(l.tail - 1).next = chain.head
	l.tail = chain.tail
}

// pop removes the first group of a chain.
func (w *wheel) pop(l *list) (index uint32, ok bool) {
	if l.head == 0 {
		return 0, false
	}
	index = l.head - 1
	l.head = w.groups.at(index).next
	return index, true
}

// dueTick is the tick at which a group closes: the first not before its due
// time.
func dueTick(due int64) int64 {
	tick := due / int64(Tick)
	if due%int64(Tick) > 0 {
		tick++
	}
	return tick
}

// add puts a group into the slot of its due time. One whose tick has passed
// goes to the next.
func (w *wheel) add(index uint32) {
	w.live++
	g := w.groups.at(index)
	w.append(w.slot(g, max(dueTick(g.due), w.tick+1)), index)
}

// remove takes a group that was added out of its slot. It reports false if it
// is in none: its time has come.
func (w *wheel) remove(index uint32) bool {
	g := w.groups.at(index)
	if dueTick(g.due) <= w.tick {
		return false
	}
	level, slot := int(g.slot)/wheelSlots, g.slot%wheelSlots
	chain := &w.slots[g.slot]
	w.cut(chain, index)
	if chain.head == 0 {
		*chain = list{}
		w.marked[level][slot/64] &^= 1 << (slot % 64)
	}
	if level > 0 {
		w.upper--
	}
	w.live--
	return true
}

// ready puts a group that is in no slot behind those whose time has come.
func (w *wheel) ready(index uint32) {
	w.live++
	w.append(&w.fired, index)
}

// slot returns the slot for a group of that tick, which must not have passed:
// in the lowest level that reaches it. It marks and counts the group as there.
func (w *wheel) slot(g *group, tick int64) *list {
	tick = min(tick, w.tick+wheelFar) // beyond: dealt out again on the way
	level := 0
	for tick>>(level*wheelBits)-w.tick>>(level*wheelBits) >= wheelSlots {
		level++
	}
	slot := tick >> (level * wheelBits) % wheelSlots
	w.marked[level][slot/64] |= 1 << (slot % 64)
	if level > 0 {
		w.upper++
	}
	g.slot = uint16(level*wheelSlots) + uint16(slot)
	return &w.slots[g.slot]
}

// next returns the first tick at which something happens: a group fires or an
// upper slot is dealt out.
func (w *wheel) next() (tick int64, ok bool) {
	if w.live == 0 {
		return 0, false
	}
	levels := wheelLevels
	if w.upper == 0 {
		levels = 1
	}
	for level := range levels {
		shift := level * wheelBits
		now := w.tick >> shift
		if ahead := w.nextMarked(level, int(now%wheelSlots)); ahead > 0 {
			if at := (now + int64(ahead)) << shift; !ok || at < tick {
				tick, ok = at, true
			}
		}
	}
	return tick, ok
}

// lastWithin returns the last tick with groups up to limit, from the first on, which
// next returned.
func (w *wheel) lastWithin(first, limit int64) int64 {
	tick := min(limit, first+wheelSlots-1) // once round
	for tick > first && w.slots[tick%wheelSlots].head == 0 {
		tick--
	}
	return max(tick, first)
}

// nextMarked returns how many slots behind the given one the next slot that is
// not empty lies, 0 if there is none.
func (w *wheel) nextMarked(level, slot int) int {
	const words = wheelSlots / 64
	marked := &w.marked[level]
	first := slot + 1
	for i := range words + 1 {
		word := (first/64 + i) % words
		m := marked[word]
		if i == 0 {
			m &= ^uint64(0) << (first % 64)
		}
		if m != 0 {
			return (word*64+bits.TrailingZeros64(m)-slot-1+wheelSlots)%wheelSlots + 1
		}
	}
	return 0
}

// advance moves every group due at or before the tick to fired.
func (w *wheel) advance(to int64) {
	w.first = none
	for {
		at, ok := w.next()
		if !ok || at > to {
			w.tick = max(w.tick, to)
			return
		}
		w.tick = at
		for level := 1; level < wheelLevels && w.upper > 0; level++ {
			if shift := level * wheelBits; at>>shift<<shift == at {
				w.deal(level, at>>shift%wheelSlots)
			}
		}
		due := w.take(0, at%wheelSlots)
		if due.head != 0 && w.first == none {
			w.first = at
		}
		w.splice(&w.fired, due)
	}
}

// deal takes the groups out of an upper slot whose time begins and puts them
// where they belong now, in front of those that were added later. Therefore
// lower levels are dealt first.
func (w *wheel) deal(level int, slot int64) {
	chain := w.reversed(w.take(level, slot))
	for index, ok := w.pop(&chain); ok; index, ok = w.pop(&chain) {
		w.upper--
		g := w.groups.at(index)
		w.prepend(w.slot(g, dueTick(g.due)), index)
	}
}

// fireAll moves every group to fired, whatever its due time and what it waits
// for.
func (w *wheel) fireAll() {
	for level := range wheelLevels {
		for slot := range int64(wheelSlots) {
			w.splice(&w.fired, w.take(level, slot))
		}
	}
	w.upper = 0
	for index, ok := w.pop(&w.overdue); ok; index, ok = w.pop(&w.overdue) {
		w.ready(index)
	}
}

// popFired removes the first fired group.
func (w *wheel) popFired() (index uint32, ok bool) {
	index, ok = w.pop(&w.fired)
	if ok {
		w.live--
	}
	return index, ok
}

func (w *wheel) take(level int, slot int64) list {
	at := level*wheelSlots + int(slot)
	chain := w.slots[at]
	w.slots[at] = list{}
	w.marked[level][slot/64] &^= 1 << (slot % 64)
	return chain
}
