// Package bench measures contention: it describes a workload, plays it against
// an engine and reports what happened.
//
//	Workload ──Streams──▶ Stream ─┐ one per producer:      the engine
//	    │                 Stream ─┤ target, priority,  ──▶ under load ──▶ verdicts
//	  Trace (optional)    Stream ─┘ withdraw                                 │
//	                                       Lateness ◀── time since due ──────┘
//	                                       ProcessCPU, ReadMemory: before, after
//
// A [Workload] is a value and says everything about a run, so that the same
// workload is the same run: its operations are numbered, and what operation i
// is depends on the seed and on i only, not on how many producers share them.
//
// # Concurrency
//
// Workload and [Trace] are immutable once made and may be shared. A [Stream]
// and a [Lateness] belong to one goroutine each; a Lateness is merged when its
// goroutine is done with it. [ProcessCPU] and [ReadMemory] are safe anywhere.
package bench

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"time"
)

// What a zero field of a Workload stands for: the home scenario.
const (
	DefaultRate      = Rate(300_000) // operations per second
	DefaultDuration  = 10 * time.Second
	DefaultTargets   = 10_000
	DefaultExponent  = 0.99 // of Zipf
	DefaultProducers = 1
	DefaultWindow    = 100 * time.Millisecond
)

// Limits of what Validate accepts.
const (
	MaxRate      = Rate(1_000_000_000)
	MaxTargets   = 100_000_000
	MaxProducers = 1024
)

// Endless is the Total of a workload that only time ends.
const Endless = math.MaxInt64

// Workload describes a run: how many operations arrive how fast, over which
// targets, with which priorities. The zero value is the home scenario: 300,000
// operations per second, open loop, for 10 s, over 10,000 targets with three
// contenders each, in windows of 100 ms.
type Workload struct {
	// Rate is the operations per second of all producers together, each at its
	// own time whatever became of those before: open loop. FlatOut means as
	// fast as the engine takes them.
	Rate Rate

	// Duration is how long operations are submitted, and Operations how many.
	// If both are set, what is reached first ends the run; if none is, it is
	// the default duration.
	Duration   time.Duration
	Operations int64

	// Targets is how many targets are contended for; unused by Hot and with a
	// Trace. Skew is how operations are spread over them, see there for what
	// it means for groups. Exponent is that of Zipf.
	Targets  int
	Skew     Skew
	Exponent float64

	// Trace, if set, takes the place of Targets and Skew. The run ends with
	// it, unless Repeat is set: then it starts over.
	Trace  *Trace
	Repeat bool

	// Priorities is the mix that operations draw from.
	Priorities Mix

	// Withdraw is the share of operations, from 0 to 1, that are withdrawn
	// before their verdict.
	Withdraw float64

	// Seed decides targets, priorities and withdrawals, each independently: a
	// different mix leaves the targets as they were. Zero is a seed.
	Seed uint64

	// Producers is the number of streams that share the operations.
	Producers int

	// Window is how long a target collects contenders.
	Window time.Duration
}

// WithDefaults returns the workload with zero fields replaced by what they
// stand for.
func (w Workload) WithDefaults() Workload {
	if w.Duration == 0 && w.Operations == 0 {
		w.Duration = DefaultDuration
	}
	orDefault(&w.Rate, DefaultRate)
	orDefault(&w.Targets, DefaultTargets)
	orDefault(&w.Exponent, DefaultExponent)
	orDefault(&w.Priorities, DefaultMix)
	orDefault(&w.Producers, DefaultProducers)
	orDefault(&w.Window, DefaultWindow)
	return w
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate returns an error that names every field with a value that cannot be
// run, and what to set instead. Defaults count.
func (w Workload) Validate() error {
	w = w.WithDefaults()
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("bench: workload: "+format, args...))
		}
	}
	check(w.Rate == FlatOut || w.Rate > 0 && w.Rate <= MaxRate,
		"rate %d: use 1 to %d operations per second, or flat-out (FlatOut)", int64(w.Rate), int64(MaxRate))
	check(w.Duration >= 0, "duration %v is negative: use a positive one, or none and a number of operations", w.Duration)
	check(w.Operations >= 0, "%d operations: use a positive number, or none and a duration", w.Operations)
	check(w.Targets > 0 && w.Targets <= MaxTargets, "%d targets: use 1 to %d", w.Targets, MaxTargets)
	check(w.Skew.known(), "skew %d is not known: use %s", uint8(w.Skew), skewNames)
	check(w.Exponent > 0 && w.Exponent <= 10, "zipf exponent %v: use one above 0 and up to 10, for instance %v", w.Exponent, DefaultExponent)
	check(w.Trace == nil || w.Skew == Threes, "skew %v with a trace, which has its own: leave one of them out", w.Skew)
	check(w.Trace == nil || w.Trace.Len() > 0, "the trace is empty: use one from ReadTrace")
	check(!w.Repeat || w.Trace != nil, "repeat without a trace: give a trace, or leave repeat out")
	check(w.Withdraw >= 0 && w.Withdraw <= 1, "withdraw %v: use a share from 0 to 1", w.Withdraw)
	check(w.Producers > 0 && w.Producers <= MaxProducers, "%d producers: use 1 to %d", w.Producers, MaxProducers)
	check(w.Window > 0, "window %v: use a positive duration, for instance %v", w.Window, DefaultWindow)
	return errors.Join(wrong...)
}

// Total returns how many operations the run has, or Endless if it is flat out
// and bounded by time only.
func (w Workload) Total() int64 {
	w = w.WithDefaults()
	total := int64(Endless)
	if w.Operations > 0 {
		total = w.Operations
	}
	if w.Duration > 0 && w.Rate > 0 {
		total = min(total, perDuration(w.Rate, w.Duration))
	}
	if w.Trace != nil && !w.Repeat {
		total = min(total, int64(w.Trace.Len()))
	}
	return total
}

// perDuration returns how many operations at this rate come in d, rounded up:
// operation i comes at i/rate, and the last one before d has passed.
func perDuration(rate Rate, d time.Duration) int64 {
	hi, lo := bits.Mul64(uint64(rate), uint64(d))
	n, rest := bits.Div64(hi, lo, uint64(time.Second)) // hi < 2^30·2^63/2^64
	if rest > 0 {
		n++
	}
	return int64(n)
}
