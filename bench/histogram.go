package bench

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range in which a Lateness tells values apart, to three digits.
const (
	MinLateness = time.Microsecond
	MaxLateness = time.Minute
)

// Lateness is a histogram of how late things were. Durations outside of its
// range are counted at its ends, and how many there were is part of the
// summary. It takes about 200 kB and belongs to one goroutine.
type Lateness struct {
	histogram           *hdrhistogram.Histogram // of nanoseconds
	early, below, above int64
	max                 time.Duration // exact, also out of range; only if there are values
}

// Summary is what a Lateness comes to. Percentiles are exact to three digits,
// rounded up but never above Max, which is exact.
type Summary struct {
	Count                    int64
	P50, P90, P99, P999, Max time.Duration

	Early int64 // below 0: what was not to happen before its time did
	Below int64 // from 0 to MinLateness, counted as MinLateness
	Above int64 // above MaxLateness, counted as MaxLateness
}

// NewLateness returns an empty histogram.
func NewLateness() *Lateness {
	return &Lateness{histogram: hdrhistogram.New(int64(MinLateness), int64(MaxLateness), 3)}
}

// Record counts one duration. It allocates nothing.
func (l *Lateness) Record(late time.Duration) { l.RecordN(late, 1) }

// RecordN counts a duration n times, as for a group that was told at once.
// n must not be negative; 0 counts nothing. It allocates nothing.
func (l *Lateness) RecordN(late time.Duration, n int64) {
	if n < 0 {
		panic(fmt.Sprintf("bench: a duration recorded %d times", n))
	}
	if n == 0 {
		return
	}
	if l.histogram.TotalCount() == 0 || late > l.max {
		l.max = late
	}
	switch {
	case late < 0:
		l.early += n
	case late < MinLateness:
		l.below += n
	case late > MaxLateness:
		l.above += n
	}
	clamped := min(max(late, MinLateness), MaxLateness)
	if err := l.histogram.RecordValues(int64(clamped), n); err != nil {
		panic(fmt.Sprintf("bench: %v does not fit into the histogram: %v", clamped, err))
	}
}

// Merge adds what other has recorded. Other is unchanged and must not be l.
func (l *Lateness) Merge(other *Lateness) {
	if other.histogram.TotalCount() == 0 {
		return
	}
	if l.histogram.TotalCount() == 0 || other.max > l.max {
		l.max = other.max
	}
	l.early += other.early
	l.below += other.below
	l.above += other.above
	if dropped := l.histogram.Merge(other.histogram); dropped > 0 {
		panic(fmt.Sprintf("bench: merging histograms of one shape dropped %d values", dropped))
	}
}

// Reset forgets everything.
func (l *Lateness) Reset() {
	l.histogram.Reset()
	*l = Lateness{histogram: l.histogram}
}

// Summary returns the figures so far, zero if nothing was recorded.
func (l *Lateness) Summary() Summary {
	return Summary{
		Count: l.histogram.TotalCount(),
		P50:   l.percentile(50), P90: l.percentile(90), P99: l.percentile(99), P999: l.percentile(99.9),
		Max:   l.max,
		Early: l.early, Below: l.below, Above: l.above,
	}
}

// percentile returns the least duration that p percent of the recorded ones do
// not exceed.
func (l *Lateness) percentile(p float64) time.Duration {
	return min(time.Duration(l.histogram.ValueAtPercentile(p)), l.max)
}
