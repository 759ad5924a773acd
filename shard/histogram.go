package shard

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"
)

// Histogram is a snapshot of how a quantity was distributed, over exponential
// buckets: four to each doubling, so that a value is known to 19 %. Bucket i holds
// what is above 2^((i-1)/4) and not above 2^(i/4), in seconds or operations. These are the
// buckets of a Prometheus native histogram with schema 2; and with scale 2 of an
// OpenTelemetry exponential histogram, whose index is one less.
type Histogram struct {
	Count uint64
	Sum   float64
	Zero  uint64 // values of zero, which are in no bucket
	// Counts are those of the buckets from index First on, without empty ones at
	// either end.
	First  int
	Counts []uint64
}

// HistogramSchema is how fine the buckets are: 2^HistogramSchema to a doubling.
const HistogramSchema = 2

const perDoubling = 1 << HistogramSchema

// Bucket is one of a Histogram's.
type Bucket struct {
	Index        int
	Lower, Upper float64 // above Lower, up to Upper included
	Count        uint64
}

// Bound returns the upper bound of the bucket with an index.
func Bound(index int) float64 {
	octave, quarter := index>>HistogramSchema, index&(perDoubling-1)
	return math.Ldexp(math.Exp2(float64(quarter)/perDoubling), octave)
}

// Buckets iterates over the buckets that are not empty, from the lowest.
func (h Histogram) Buckets() iter.Seq[Bucket] {
	return func(yield func(Bucket) bool) {
		for i, n := range h.Counts {
			if index := h.First + i; n > 0 && !yield(Bucket{index, Bound(index - 1), Bound(index), n}) {
				return
			}
		}
	}
}

// Mean returns the mean, 0 if there are no values.
func (h Histogram) Mean() float64 {
	if h.Count == 0 {
		return 0
	}
	return h.Sum / float64(h.Count)
}

// Quantile returns a value that a share q of all, 0 to 1, does not exceed: the
// bound of its bucket, so at most 19 % too much. It is 0 if there are no values.
func (h Histogram) Quantile(q float64) float64 {
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(h.Count)))
	if rank <= h.Zero {
		return 0
	}
	below, last := h.Zero, 0.0
	for b := range h.Buckets() {
		below, last = below+b.Count, b.Upper
		if below >= rank {
			break
		}
	}
	return last
}

// Add returns the distribution of both.
func (h Histogram) Add(other Histogram) Histogram {
	return h.combine(other, func(a, b uint64) uint64 { return a + b }, h.Sum+other.Sum)
}

// Sub returns the distribution of what came since an earlier snapshot.
func (h Histogram) Sub(earlier Histogram) Histogram {
	return h.combine(earlier, func(a, b uint64) uint64 { return a - b }, h.Sum-earlier.Sum)
}

func (h Histogram) combine(o Histogram, f func(a, b uint64) uint64, sum float64) Histogram {
	first := min(h.First, o.First)
	switch {
	case len(h.Counts) == 0:
		first = o.First
	case len(o.Counts) == 0:
		first = h.First
	}
	counts := make([]uint64, max(h.First+len(h.Counts), o.First+len(o.Counts), first)-first)
	for i := range counts {
		counts[i] = f(h.at(first+i), o.at(first+i))
	}
	c := Histogram{Count: f(h.Count, o.Count), Sum: sum, Zero: f(h.Zero, o.Zero), First: first, Counts: counts}
	c.trim()
	return c
}

// at returns the count of the bucket with an index.
func (h *Histogram) at(index int) uint64 {
	if i := index - h.First; i >= 0 && i < len(h.Counts) {
		return h.Counts[i]
	}
	return 0
}

// trim cuts off the empty buckets at the ends.
func (h *Histogram) trim() {
	full := func(n uint64) bool { return n > 0 }
	from := slices.IndexFunc(h.Counts, full)
	if from < 0 {
		h.First, h.Counts = 0, nil
		return
	}
	to := len(h.Counts)
	for h.Counts[to-1] == 0 {
		to--
	}
	h.First, h.Counts = h.First+from, h.Counts[from:to]
}

// buckets is for how many whole numbers of 64 bits there are buckets: one for zero,
// then those of 2^0, above that up to 2^(1/4) and so on.
const buckets = 2 + 64*perDoubling

// bucketOf returns the position of a value's bucket. Its index is that minus one.
func bucketOf(v uint64) int {
	if v == 0 {
		return 0
	}
	zeros := bits.LeadingZeros64(v)
	m := v << zeros
	e := &eighths[m>>60&7]
	b := e.bucket + (63-zeros)*perDoubling
	if m > e.bound {
		b++
	}
	return b
}

// The quarters of a doubling, 2^63 times 2^(1/4), 2^(2/4) and 2^(3/4), rounded down.
const (
	quarter1 = 0x9837f0518db8a96f
	quarter2 = 0xb504f333f9de6484
	quarter3 = 0xd744fccad69d6af4
)

// eighths are the eight parts of equal length of the doubling from 2^63: each holds one
// of the bounds at most, and is in a bucket up to there and in the next one above.
var eighths = [8]struct {
	bucket int
	bound  uint64
}{
	{1, 1 << 63}, {2, quarter1}, {3, math.MaxUint64}, {3, quarter2},
	{4, math.MaxUint64}, {4, quarter3}, {5, math.MaxUint64}, {5, math.MaxUint64},
}

// Durations are counted in seconds divided by a power of two, 0.93 ns, so that the
// buckets of whole numbers are buckets of seconds, too.
const (
	perSecondBits = 30
	perNanosecond = 0x112e0be826d694b3 // 2^30 / 1e9, times 2^60, rounded up
)

// units converts a duration in nanoseconds, which may come out a unit too small.
func units(nanoseconds int64) uint64 {
	hi, lo := bits.Mul64(uint64(max(0, nanoseconds)), perNanosecond)
	return hi<<4 | lo>>60
}

// Recorder counts values, from any goroutine: two atomic additions for each.
type Recorder struct {
	sum    atomic.Uint64 // in whole units
	wraps  atomic.Uint64 // how often sum has overflowed: many durations at once take days
	counts [buckets]atomic.Uint64
}

// Seconds counts a duration in nanoseconds; negative ones count as zero.
func (r *Recorder) Seconds(nanoseconds int64) {
	u := units(nanoseconds)
	r.addSum(u)
	r.counts[bucketOf(u)].Add(1)
}

func (r *Recorder) addSum(n uint64) {
	if r.sum.Add(n) < n {
		r.wraps.Add(1)
	}
}

// InSeconds returns a snapshot of durations, in seconds.
func (r *Recorder) InSeconds() Histogram { return r.snapshot(perSecondBits) }

// Whole returns a snapshot of whole numbers.
func (r *Recorder) Whole() Histogram { return r.snapshot(0) }

// snapshot reads the counts one after another. The count is that of the buckets, so
// it fits them; the sum may be of some values more or less.
func (r *Recorder) snapshot(shift int) Histogram {
	h := Histogram{First: -shift * perDoubling, Counts: make([]uint64, buckets-1)}
	h.Zero = r.counts[0].Load()
	h.Count = h.Zero
	for i := range h.Counts {
		h.Counts[i] = r.counts[i+1].Load()
		h.Count += h.Counts[i]
	}
	h.Sum = math.Ldexp(float64(r.wraps.Load()), 64-shift) + math.Ldexp(float64(r.sum.Load()), -shift)
	h.trim()
	return h
}

// gathering is what one goroutine counts before it adds it to a Recorder, without
// atomics.
type gathering struct {
	sum     uint64
	touched []uint16
	counts  [buckets]uint32
	near    span // the bucket that recordNear found last
}

// span is a bucket: its position, and what it holds, above a bound and up to another.
type span struct {
	at          int
	above, upTo uint64
}

func (g *gathering) record(v uint64) {
	g.sum += v
	g.count(bucketOf(v))
}

// recordNear is record for values most of which are in the same bucket as the one
// before.
func (g *gathering) recordNear(v uint64) {
	if v <= g.near.above || v > g.near.upTo {
		g.near = spanOf(bucketOf(v))
	}
	g.sum += v
	g.count(g.near.at)
}

// recordSmall is record for values most of which are small.
func (g *gathering) recordSmall(v uint64) {
	if v >= uint64(len(smallBuckets)) {
		g.record(v)
		return
	}
	g.sum += v
	g.count(int(smallBuckets[v]))
}

// smallBuckets are the positions of the buckets of small numbers.
var smallBuckets = func() (of [64]uint8) {
	for v := range of {
		of[v] = uint8(bucketOf(uint64(v)))
	}
	return of
}()

func (g *gathering) count(bucket int) {
	if g.counts[bucket] == 0 {
		g.touched = append(g.touched, uint16(bucket))
	}
	g.counts[bucket]++
}

// spanOf returns the bucket at a position.
func spanOf(bucket int) span {
	switch bucket {
	case 0:
		return span{} // and so the next zero is looked up again
	case buckets - 1:
		return span{bucket, wholeBound(bucket - 1), math.MaxUint64}
	}
	return span{bucket, wholeBound(bucket - 1), wholeBound(bucket)}
}

// wholeBound returns the greatest whole number in the bucket at a position, but the
// last one, or below it.
func wholeBound(bucket int) uint64 {
	if bucket == 0 {
		return 0
	}
	quarters := [perDoubling]uint64{1 << 63, quarter1, quarter2, quarter3}
	index := bucket - 1
	return quarters[index%perDoubling] >> (63 - index/perDoubling)
}

// addTo adds what was gathered.
func (g *gathering) addTo(r *Recorder) {
	if len(g.touched) == 0 {
		return
	}
	r.addSum(g.sum)
	for _, b := range g.touched {
		r.counts[b].Add(uint64(g.counts[b]))
		g.counts[b] = 0
	}
	g.sum, g.touched = 0, g.touched[:0]
}
