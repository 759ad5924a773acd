// Package ring is a bounded queue from many producers to one consumer, made
// of values in one array, and the two places where its users sleep.
//
//	producers ──Push──▶ [ . . p p p _ p p . . ] ──Drain──▶ the owner
//	                        ▲       ▲     ▲
//	                       head    hole  tail
//
// One goroutine, the owner, takes values out. Any number of goroutines put
// values in, without a lock: a producer claims a position with one
// compare-and-swap on tail, copies its value into the slot and publishes it
// by writing the lap into the slot's word: how often the ring has turned. The
// owner reads slots in order for as long as their laps fit, clears each one, and
// gives them back in batches by moving head.
//
// # What a user may rely on
//
//   - The order of positions is the order of claims. If one Push returned
//     before another began, its position is lower.
//   - A full ring refuses ([ErrFull]); it never spins and never overwrites.
//   - Close is exact: a Push either claimed its position before the close, and
//     then its value will be published, or it returns [ErrClosed].
//   - A slot that was drained holds no reference to its value any more.
//
// # Holes
//
// A producer that is descheduled between claim and publish leaves a hole. The
// owner stops in front of it, since the order is what it is asked for; other
// producers go on behind it until the ring is full. In Push and
// PushAll nothing of the user's runs between claim and publish, no allocation and
// no call, so a hole lasts as long as a descheduled thread, not longer; who calls
// Claim sees to that himself. An owner that sleeps in front of a hole must arm its
// [Bell] for [Anything].
//
// # What was rejected
//
//   - A fetch-and-add claim: it cannot be taken back, so a full or closed ring
//     would have to be filled with void entries or waited for.
//   - Finding "full" in the slot's word, as Vyukov's queue does: the
//     producer then reads a line that the owner wrote last before its
//     compare-and-swap, which lengthens the time in which the swap can fail.
//     Here head is one word, written once per batch.
//   - Pointers to pooled records: in a prototype, 380 to 430 CPU-ns for an
//     operation's whole way through the engine against 57 to 68 by value,
//     nearly all of it waiting for memory.
//   - Yielding until there is room: in a prototype, 300,000 producers on 8,192
//     slots queued in front of the owner that they waited for. They park in a
//     [Room] instead.
//
// The slot protocol follows Dmitry Vyukov's bounded queue (1024cores.net) and
// the ManyToOneConcurrentArrayQueue of Agrona. Theirs write down the whole position,
// of which only the lap is news to whoever looks at a slot; so the rest of the word is
// the user's, see [MarkBits].
package ring

import (
	"errors"
	"fmt"
	"math/bits"
	"unsafe"
)

var (
	// ErrFull is returned by a push that found no free slot.
	ErrFull = errors.New("ring: full")
	// ErrClosed is returned by a push after Close.
	ErrClosed = errors.New("ring: closed")
)

// closed is the bit of the tail word that makes every later claim fail. The
// other 63 bits are the next position; at a billion pushes per second they
// last 292 years.
const closed = 1 << 63

// MarkBits is how many bits a producer may publish together with a value, in the same
// word: enough for a time, or for what few values have besides.
const MarkBits = 58

const markMask = 1<<MarkBits - 1

// releaseEvery is how many slots Drain gives back at a time: often enough for
// producers that wait for room, seldom enough that head's cache line stays
// with them.
const releaseEvery = 256

// Ring is a bounded many-producers-one-consumer queue of values.
//
// Push, PushAll, Claim, ClaimOne, Slot, Publish, Close, Closed, Tail, Len, Cap, Bytes and PassesHalf
// are safe for concurrent use. Drain, DrainRuns, Drained and Ready belong to the owner
// goroutine.
type Ring[T any] struct {
	slots []slot[T] // immutable; the slots' contents: see slot
	mask  uint64    // immutable; len(slots)-1
	turn  uint8     // immutable; len(slots) is 1<<turn, below 64

	_ [64]byte // tail is written by every producer

	// tail publishes nothing: it hands out positions. Producers swap it.
	tail atomicUint64

	_ [64]byte // head is read by every producer, next is the owner's

	// head publishes to producers that the owner has cleared every slot
	// below it.
	head atomicUint64
	next uint64 // owner: position of the next value to take
}

// slot passes from a producer to the owner and back. Between claim and publish
// it belongs to the producer that claimed its position; between publish and
// the head that passes it, to the owner.
type slot[T any] struct {
	// word publishes value to the owner. Its highest bits are the lap, from publication
	// until the slot's next one; below is the mark.
	word  atomicUint64
	value T
}

// New makes a ring of the given capacity, rounded up to a power of two.
// A capacity below 1 or above 2³⁰ is a programming error and panics.
func New[T any](capacity int) *Ring[T] { return newAt[T](capacity, 0) }

// newAt makes a ring whose first position is start, for tests of what happens
// where positions overflow smaller integers.
func newAt[T any](capacity int, start uint64) *Ring[T] {
	if capacity < 1 || capacity > 1<<30 {
		panic(fmt.Sprintf("ring: capacity %d is not between 1 and 2^30", capacity))
	}
	turn := bits.Len(uint(capacity - 1))
	n := uint64(1) << turn
	r := &Ring[T]{slots: make([]slot[T], n), mask: n - 1, turn: uint8(turn), next: start}
	if start > 0 { // as if it had turned until here
		for p := start; p != start+n; p++ {
			r.slots[p&r.mask].word.Store(r.lap(p - n))
		}
	}
	r.tail.Store(start)
	r.head.Store(start)
	return r
}

// lap returns how often the ring had turned when it came to a position, from 1 on, in
// the bits above the mark: it comes round, but not before all that was in the slot is
// gone. A new ring's words are those of lap 0.
func (r *Ring[T]) lap(position uint64) uint64 { return (position>>(r.turn&63) + 1) << MarkBits }

// Push puts a copy of *v into the ring and returns its position.
// It fails with ErrFull or ErrClosed and then has done nothing.
func (r *Ring[T]) Push(v *T) (position uint64, err error) {
	position, err = r.ClaimOne()
	if err != nil {
		return 0, err
	}
	*r.Slot(position) = *v
	r.Publish(position, 0)
	return position, nil
}

// PushAll puts copies of a prefix of vs into the ring, in consecutive
// positions from first on, with a single claim. It takes as many as there is
// room for and returns how many; it fails with ErrFull or ErrClosed only when
// that is none.
func (r *Ring[T]) PushAll(vs []T) (first uint64, n int, err error) {
	if len(vs) == 0 {
		return 0, 0, nil
	}
	first, n, err = r.Claim(len(vs))
	for i := range vs[:n] {
		*r.Slot(first + uint64(i)) = vs[i]
		r.Publish(first+uint64(i), 0)
	}
	return first, n, err
}

// Claim takes consecutive positions, one at least and most at most, for a producer that
// makes its values where they are going to be: into each position's Slot, which it then
// has to Publish. What comes behind waits for that, so nothing that may take long, panic
// or end the goroutine must be in between. Claim fails with ErrFull or ErrClosed and then
// has done nothing. It is lock-free: a swap fails only because another producer's succeeded.
// To claim less than one is a programming error and panics.
func (r *Ring[T]) Claim(most int) (first uint64, n int, err error) {
	if most < 1 {
		panic("ring: claim of less than one position")
	}
	for {
		tail := r.tail.Load()
		if tail&closed != 0 {
			return 0, 0, ErrClosed
		}
		// head is loaded after tail and may have passed it; the swap below
		// fails then, so a signed difference that is too large does no harm.
		free := int64(r.mask+1) - int64(tail-r.head.Load())
		if free < 1 {
			return 0, 0, ErrFull
		}
		n = int(min(free, int64(most)))
		if r.tail.CompareAndSwap(tail, tail+uint64(n)) {
			return tail, n, nil
		}
	}
}

// ClaimOne is Claim of one position, in fewer instructions: it is inlined.
func (r *Ring[T]) ClaimOne() (position uint64, err error) {
	for {
		tail := r.tail.Load()
		switch {
		case tail&closed != 0:
			return 0, ErrClosed
		case int64(tail-r.head.Load()) > int64(r.mask): // head may have passed tail, as in Claim
			return 0, ErrFull
		case r.tail.CompareAndSwap(tail, tail+1):
			return tail, nil
		}
	}
}

// Slot returns where the value of a claimed position is to be, cleared. It is the
// producer's until it publishes the position.
func (r *Ring[T]) Slot(position uint64) *T {
	s := &r.slots[position&r.mask]
	writes(&s.value)
	return &s.value
}

// Publish passes a claimed position's value to the owner, and with it the lowest MarkBits
// bits of a mark.
func (r *Ring[T]) Publish(position, mark uint64) {
	r.slots[position&r.mask].word.Store(r.lap(position) | mark&markMask)
}

// Drain hands every published value below limit to f, in order, clearing the
// slots. It returns false if it stopped in front of a hole: a position below
// limit that is claimed but not published yet. The value is f's for the call. If f
// panics or ends its goroutine, the next drain hands out the same run again, from its
// first value on. Owner goroutine only.
func (r *Ring[T]) Drain(limit uint64, f func(position uint64, v *T)) (whole bool) {
	return r.DrainRuns(limit, func(first uint64, run Run[T]) {
		for i := range run.Len() {
			f(first+uint64(i), run.At(i))
		}
	})
}

// MaxRun is how many values DrainRuns hands out at most at a time.
const MaxRun = 32

// Run is a number of consecutive values in a ring.
type Run[T any] struct{ slots []slot[T] }

// Len returns how many values there are, at least one.
func (r Run[T]) Len() int { return len(r.slots) }

// At returns the value at an index from 0 on.
func (r Run[T]) At(i int) *T { return &r.slots[i].value }

// Mark returns what was published together with it.
func (r Run[T]) Mark(i int) uint64 { return r.slots[i].word.Load() & markMask }

// DrainRuns is Drain for an f that gains from seeing several values at once: it
// hands them out in runs of up to MaxRun, whose words it has read one
// right after the other. A slot's cache line comes from its producer's core, and
// the processor fetches several while it waits for the first.
func (r *Ring[T]) DrainRuns(limit uint64, f func(first uint64, run Run[T])) (whole bool) {
	for start := r.next; int64(limit-r.next) > 0; {
		run := r.published(limit)
		if run.Len() == 0 {
			r.head.Store(r.next)
			return false
		}
		f(r.next, run)
		run.clear()
		r.next += uint64(run.Len())
		if r.next-start >= releaseEvery {
			r.head.Store(r.next)
			start = r.next
		}
	}
	r.head.Store(r.next)
	return true
}

// published returns the next values as far as they are published, below limit and
// before the end of the array; none in front of a hole.
func (r *Ring[T]) published(limit uint64) Run[T] {
	at := r.next & r.mask
	slots := r.slots[at:min(at+min(limit-r.next, MaxRun), uint64(len(r.slots)))]
	lap := r.lap(r.next) // of all, as they do not go over the end
	for i := range slots {
		s := &slots[i]
		if s.word.Load()&^markMask != lap {
			return Run[T]{slots[:i]}
		}
		reads(&s.value)
	}
	return Run[T]{slots}
}

// clear lets go of a run's values.
func (r Run[T]) clear() {
	var zero T
	for i := range r.slots {
		s := &r.slots[i]
		writes(&s.value)
		s.value = zero
	}
}

// Close makes every push that has not claimed its position fail with
// ErrClosed. It returns the final tail: draining up to there takes every value
// that was accepted. Closing twice is harmless.
func (r *Ring[T]) Close() (tail uint64) {
	for {
		tail := r.tail.Load()
		if tail&closed != 0 || r.tail.CompareAndSwap(tail, tail|closed) {
			return tail &^ closed
		}
	}
}

// Closed reports whether Close was called.
func (r *Ring[T]) Closed() bool { return r.tail.Load()&closed != 0 }

// Tail returns the next position to be claimed: every push that has returned
// has a position below it.
func (r *Ring[T]) Tail() uint64 { return r.tail.Load() &^ closed }

// Drained returns the position up to which values were taken.
// Owner goroutine only.
func (r *Ring[T]) Drained() uint64 { return r.next }

// Len returns how many positions are claimed and not given back yet: at most Cap, and
// perhaps too many while others work.
func (r *Ring[T]) Len() int {
	head := r.head.Load() // first, so that the difference is not negative
	claimed := r.Tail() - head
	return int(min(claimed, r.mask+1)) // the ring may have turned in between
}

// Ready reports whether the next value can be taken: false if the ring is empty
// or the owner stands in front of a hole. Owner goroutine only.
func (r *Ring[T]) Ready() bool {
	return r.slots[r.next&r.mask].word.Load()&^markMask == r.lap(r.next)
}

// PassesHalf reports whether the push of n values from position first on took
// the ring past half its capacity. While the owner does not drain, exactly one
// push does, so its producer can be the one to wake the owner.
func (r *Ring[T]) PassesHalf(first uint64, n int) bool {
	half := int64(max(1, len(r.slots)/2))
	before := int64(first - r.head.Load())
	return before < half && before+int64(n) >= half
}

// Bytes returns the memory that the slots take.
func (r *Ring[T]) Bytes() int { return len(r.slots) * int(unsafe.Sizeof(slot[T]{})) }

// Cap returns the number of slots.
func (r *Ring[T]) Cap() int { return len(r.slots) }
