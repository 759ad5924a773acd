package drive

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
	"example.com/contend/ring"
	"example.com/contend/shard"
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// Parts are what contend's whole job is made of, in the order in which an operation
// passes through them. They are measured through what is exported; the table and the
// wheel, which package shard keeps to itself, are in one with the core. Their own
// benchmarks are in that package (go test -bench 'Wheel|Core' ./shard).
//
// Two are parts of some ways only: sixteen at a time go into the ring with one claim, and
// a submission that finds the shard asleep reads the clock.
var Parts = []string{"generator", "hash", "clock", "enqueue", "enqueue16", "dequeue", "core", "delivery"}

// partBatch is how many operations pass through a part between two readings of the
// clock: enough that the clock does not count, and as many as a ring of the default
// size holds.
const partBatch = 4096

// part is what is done with a batch of operations: what comes before it, and what is
// measured.
type part struct{ before, measured func(*parts) }

// inParts is how each is measured.
var inParts = map[string]part{
	"generator": {func(*parts) {}, (*parts).generate},
	"hash":      {(*parts).generate, (*parts).hash},
	"clock":     {func(*parts) {}, (*parts).readClock},
	"enqueue":   {(*parts).makeOps, (*parts).enqueue},
	"enqueue16": {(*parts).makeOps, (*parts).enqueueTogether},
	"dequeue":   {func(p *parts) { p.makeOps(); p.enqueue() }, (*parts).dequeue},
	"core":      {(*parts).makeOps, (*parts).decide},
	"delivery":  {func(*parts) {}, (*parts).deliver},
}

// parts is what the parts work on.
type parts struct {
	stream  *bench.Stream
	window  time.Duration
	targets []uuid.UUID
	ranks   []int32
	hashes  []uint32
	ops     []shard.Op

	epoch time.Time // of the clock
	read  int64     // from the clock at last

	ring *ring.Ring[packed]
	sum  uint64 // of what was drained

	core      *shard.Core
	now, step int64 // of the core's logical time
	look      int64 // when it is to decide next
	staged    uint64
	decided   uint64

	lines   []*peers.Op
	at      int
	verdict engine.Verdict
}

// packed is what of an operation lies in a shard's ring.
type packed struct {
	target   uuid.UUID
	ticket   *engine.Ticket
	priority int32
	hash     uint32
}

// homeInFlight is how many operations are in flight in the home scenario, and in a part
// whose spec does not say how many.
const homeInFlight = 30_000

// partTimes is how often a part is measured. The least counts: on one thread, what else
// goes on can only make it longer.
const partTimes = 5

// measurePart measures one part on one thread, with the operations of the workload. In the
// core spec.InFlight are in flight, and as much of the caller's memory lies between two
// uses of a line: where these are many, both come from far away.
func measurePart(s Spec) (*Result, error) {
	s.Rate, s.Producers = bench.FlatOut, 1
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	measured, ok := inParts[s.By]
	if !ok {
		return nil, fmt.Errorf("drive: there is no part %q", s.By)
	}
	inFlight := cmp.Or(s.InFlight, homeInFlight)
	p := newParts(w, inFlight)
	runtime.GC()
	for range 2*inFlight/partBatch + 1 { // fills what has to be full
		p.pass(measured)
	}
	result, least := &Result{}, math.Inf(1)
	for range partTimes {
		took, operations := p.passes(measured, s.Duration/partTimes)
		least = min(least, float64(took)/float64(operations))
		result.Operations += operations
	}
	result.add(least, "cpu-ns/op")
	if s.By == "core" && p.decided == 0 || s.By == "dequeue" && p.sum == 0 || s.By == "clock" && p.read == 0 {
		result.fault("nothing was done")
	}
	return result, nil
}

func newParts(w bench.Workload, inFlight int) *parts {
	p := &parts{
		stream: w.Stream(0), window: w.Window, ring: ring.New[packed](2 * partBatch), core: shard.NewCore(shard.CoreConfig{}),
		targets: make([]uuid.UUID, partBatch), ranks: make([]int32, partBatch), hashes: make([]uint32, partBatch),
		ops: make([]shard.Op, partBatch), step: int64(w.Window) / int64(inFlight), epoch: time.Now(),
	}
	for len(p.lines) < inFlight {
		slab := peers.NewOps()
		for i := range slab {
			slab[i].Prepare(0, false)
			p.lines = append(p.lines, &slab[i])
		}
	}
	p.verdict.Outcome, p.verdict.Contenders = engine.Lost, 3
	return p
}

// passes goes on for some time, and returns how long the part took and of how many
// operations.
func (p *parts) passes(one part, d time.Duration) (took time.Duration, operations int64) {
	for start := time.Now(); operations == 0 || time.Since(start) < d; operations += partBatch {
		took += p.pass(one)
	}
	return took, operations
}

// pass has a batch handled and returns how long the part took.
func (p *parts) pass(one part) time.Duration {
	one.before(p)
	start := time.Now()
	one.measured(p)
	took := time.Since(start)
	p.ring.Drain(p.ring.Tail(), func(uint64, *packed) {})
	return took
}

// generate draws operations from the stream.
func (p *parts) generate() {
	for i := range p.targets {
		p.targets[i], p.ranks[i], _ = p.stream.Next()
	}
}

// hash does what the engine's router does, which is not exported: a secret is mixed
// into the target, and xxhash mixes that.
func (p *parts) hash() {
	le := binary.LittleEndian
	for i := range p.targets {
		var in [16]byte
		le.PutUint64(in[:8], le.Uint64(p.targets[i][:8])^0x9e3779b97f4a7c15)
		le.PutUint64(in[8:], le.Uint64(p.targets[i][8:])^0xbf58476d1ce4e5b9)
		p.hashes[i] = uint32(xxhash.Sum64(in[:]))
	}
}

// readClock reads the engine's clock as often as there are operations.
func (p *parts) readClock() {
	for range partBatch {
		p.read = int64(time.Since(p.epoch))
	}
}

// makeOps makes submissions of what was generated.
func (p *parts) makeOps() {
	p.generate()
	p.hash()
	terms := shard.NewTerms(p.window, 0)
	for i := range p.ops {
		p.ops[i] = shard.Op{
			Target: p.targets[i], Priority: p.ranks[i], Terms: terms,
			Hash: p.hashes[i] &^ 3, // the lowest bits are flags, of tickets to be read
		}
	}
}

func (p *parts) enqueue() {
	for i := range p.ops {
		p.put(p.ops[i : i+1])
	}
}

// enqueueTogether does what a batch does that is full.
func (p *parts) enqueueTogether() {
	for ops := range slices.Chunk(p.ops, peers.BatchSize) {
		p.put(ops)
	}
}

// put puts operations into the ring with one claim, as a shard does.
func (p *parts) put(ops []shard.Op) {
	first, n, err := p.ring.Claim(len(ops))
	if err != nil || n < len(ops) {
		panic(err) // it has room for all
	}
	for i := range ops {
		op, position := &ops[i], first+uint64(i)
		*p.ring.Slot(position) = packed{op.Target, op.Ticket, op.Priority, op.Hash}
		p.ring.Publish(position, op.Tag)
	}
}

func (p *parts) dequeue() {
	p.ring.Drain(p.ring.Tail(), func(_ uint64, op *packed) { p.sum += uint64(op.hash) })
}

// decide stages operations in logical time that passes so that as many are in flight as
// is asked for, and decides what is due every millisecond of it: that is table, wheel and
// chunks, without the ring, the clock, the goroutine and the telling.
func (p *parts) decide() {
	for ops := range slices.Chunk(p.ops, ring.MaxRun) {
		first := p.staged
		for i := range ops {
			ops[i].At, ops[i].Tag = p.now, p.staged
			p.staged++
			p.now += p.step
		}
		p.core.StageAll(ops, first, p.now)
		if p.now < p.look {
			continue
		}
		p.look = p.now + int64(time.Millisecond)
		p.core.Advance(p.now)
		for batch := p.core.Decide(); len(batch) > 0; batch = p.core.Decide() {
			p.decided += uint64(len(batch))
			p.core.Release()
		}
	}
}

// deliver tells operations their verdict through their tickets, in the order of
// submission, and makes their memory ready for the next one. So a line was written when
// all others have been since.
func (p *parts) deliver() {
	for range partBatch {
		op := p.lines[p.at]
		if p.at++; p.at == len(p.lines) {
			p.at = 0
		}
		op.To.Decided(&p.verdict)
		op.Prepare(0, false)
	}
}
