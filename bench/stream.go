package bench

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/google/uuid"
)

// Stream hands out the operations of one producer, in order. It belongs to one
// goroutine.
//
// Operation i of the workload is made from the seed and i alone, by mixing
// them. The producers take turns: of n producers, producer p has operations p,
// p+n, p+2n and so on, so that all of them together have the same operations
// whatever their number, and each exactly once. The sources of math/rand/v2
// cannot be set to a position, which that needs.
//
// Targets are made in the same way when they are drawn, rather than looked up:
// a table of a million would take 16 MB through the cache of the engine that
// is being measured.
type Stream struct {
	index  int64 // of the next operation, in the whole workload
	end    int64 // of the whole workload
	stride int64

	counter, counterStep uint64 // index·gamma and stride·gamma

	// place is index modulo lap: where in the trace, or in the round of Threes,
	// the next operation is.
	place, placeStep, lap uint64

	skew    Skew
	targets uint64 // Uniform: how many
	ranks   alias  // Zipf; shared, immutable
	trace   *Trace // takes the place of skew; shared, immutable

	priorities    alias
	withdrawBelow uint64 // in 1/2^53
	lanes         lanes
}

// lanes are where the sequences of random words start, one for each purpose,
// so that none of them depends on another.
type lanes struct{ target, priority, withdraw, id uint64 }

// gamma is the odd step of SplitMix64: 2^64 divided by the golden ratio.
const gamma = 0x9e3779b97f4a7c15

// mix64 is the finalizer of SplitMix64: a bijection whose outputs for counters
// in steps of gamma pass as random.
func mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func newLanes(seed uint64) lanes {
	lane := func(n uint64) uint64 { return mix64(mix64(seed+gamma) + n*gamma) }
	return lanes{target: lane(1), priority: lane(2), withdraw: lane(3), id: lane(4)}
}

// Streams returns the streams of all producers. They share what is immutable.
// The workload must be valid.
func (w Workload) Streams() []*Stream {
	w = w.WithDefaults()
	first := w.newStream()
	streams := make([]*Stream, w.Producers)
	for p := range streams {
		streams[p] = first.forProducer(p, w.Producers)
	}
	return streams
}

// Stream returns the stream of one producer, from 0 to Producers-1: the same
// as that element of Streams, but sharing nothing with it. The workload must
// be valid.
func (w Workload) Stream(producer int) *Stream {
	w = w.WithDefaults()
	if producer < 0 || producer >= w.Producers {
		panic(fmt.Sprintf("bench: producer %d of %d", producer, w.Producers))
	}
	return w.newStream().forProducer(producer, w.Producers)
}

// newStream makes what the streams of all producers have in common.
func (w Workload) newStream() *Stream {
	if err := w.Validate(); err != nil {
		panic(err)
	}
	s := &Stream{
		end:           w.Total(),
		lap:           1,
		skew:          w.Skew,
		targets:       uint64(w.Targets),
		trace:         w.Trace,
		priorities:    newAlias(w.Priorities.weights()),
		withdrawBelow: uint64(w.Withdraw * (1 << 53)),
		lanes:         newLanes(w.Seed),
	}
	switch {
	case w.Trace != nil:
		s.lap = uint64(w.Trace.Len())
	case w.Skew == Threes:
		s.lap = 3 * uint64(w.Distinct())
	case w.Skew == Zipf:
		s.ranks = newZipf(w.Targets, w.Exponent)
	}
	return s
}

// forProducer returns a copy of s that takes every producers-th operation.
func (s *Stream) forProducer(producer, producers int) *Stream {
	c := *s
	c.index, c.stride = int64(producer), int64(producers)
	c.counter, c.counterStep = uint64(producer)*gamma, uint64(producers)*gamma
	c.place, c.placeStep = uint64(producer)%s.lap, uint64(producers)%s.lap
	return &c
}

// Index returns the number, in the whole workload and from 0, of the operation
// that Next hands out next. In an open loop it is due Index/Rate seconds after
// the start.
func (s *Stream) Index() int64 { return s.index }

// Left returns how many operations the stream still has: 0 at its end. A
// workload that only time ends has more than will ever be drawn.
func (s *Stream) Left() int64 {
	if s.index >= s.end {
		return 0
	}
	return (s.end-s.index-1)/s.stride + 1
}

// Next hands out an operation: its target, its priority, and whether it shall
// be withdrawn before its verdict. It allocates nothing. It panics at the end.
func (s *Stream) Next() (target uuid.UUID, priority int32, withdraw bool) {
	if s.index >= s.end {
		panic("bench: Next at the end of a stream: see Left")
	}
	s.target(&target)
	priority = levelPriorities[s.priorities.pick(mix64(s.lanes.priority+s.counter))]
	withdraw = s.withdrawBelow > 0 && mix64(s.lanes.withdraw+s.counter)>>11 < s.withdrawBelow
	s.advance()
	return target, priority, withdraw
}

// target sets the next operation's target. It writes where the UUID is wanted:
// copying 16 bytes that were just written in halves stalls the processor for
// some nanoseconds.
func (s *Stream) target(id *uuid.UUID) {
	var k uint64
	switch {
	case s.trace != nil:
		*id = s.trace.At(int(s.place))
		return
	case s.skew == Threes:
		k = s.place / 3
	case s.skew == Uniform:
		k, _ = bits.Mul64(mix64(s.lanes.target+s.counter), s.targets)
	case s.skew == Zipf:
		k = s.ranks.pick(mix64(s.lanes.target + s.counter))
	}
	setTarget(id, s.lanes.id, k) // of Hot, target 0
}

// advance goes on to the producer's next operation.
func (s *Stream) advance() {
	s.index += s.stride
	s.counter += s.counterStep
	if s.place += s.placeStep; s.place >= s.lap {
		s.place -= s.lap
	}
}

// setTarget makes the k-th target: a version-4 UUID, different for each k.
func setTarget(id *uuid.UUID, lane, k uint64) {
	hi := mix64(lane + k*gamma)
	lo := mix64(^lane + k*gamma)
	binary.BigEndian.PutUint64(id[:8], hi&^0xf000|4<<12)
	binary.BigEndian.PutUint64(id[8:], lo&^(3<<62)|2<<62)
}
