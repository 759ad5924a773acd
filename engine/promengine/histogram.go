package promengine

import (
	"math"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// The bounds of classic buckets, as powers of two: then they coincide with bounds of
// the engine's buckets, and the counts are exact.
var (
	sizes     = every(1, 0, 12)  // 1 to 4096 operations
	durations = every(2, -20, 4) // 0.95 µs to 16 s
)

// every lists the powers from the first to the last, with a step.
func every(step, first, last int) (powers []int) {
	for p := first; p <= last; p += step {
		powers = append(powers, p)
	}
	return powers
}

// histogram is a native histogram with classic buckets as well: a scrape that cannot
// take the former, as text cannot, has the latter.
type histogram struct {
	prometheus.Metric // the native one
	classic           []*dto.Bucket
}

// newHistogram makes one of a snapshot. Bucket i of either is above the bound of
// i-1, up to that of i included.
func newHistogram(desc *prometheus.Desc, h *engine.Histogram, powers []int) prometheus.Metric {
	buckets := make(map[int]int64, len(h.Counts))
	for b := range h.Buckets() {
		buckets[b.Index] = int64(b.Count)
	}
	native, err := prometheus.NewConstNativeHistogram(desc, h.Count, h.Sum, buckets, nil, h.Zero,
		shard.HistogramSchema, 0, time.Time{})
	if err != nil {
		return prometheus.NewInvalidMetric(desc, err)
	}
	return &histogram{native, classic(h, powers)}
}

// classic counts what is not above each bound.
func classic(h *engine.Histogram, powers []int) []*dto.Bucket {
	buckets := make([]*dto.Bucket, 0, len(powers))
	below, next := h.Zero, 0
	for _, p := range powers {
		for ; next < len(h.Counts) && h.First+next <= p<<shard.HistogramSchema; next++ {
			below += h.Counts[next]
		}
		count, bound := below, math.Ldexp(1, p)
		buckets = append(buckets, &dto.Bucket{CumulativeCount: &count, UpperBound: &bound})
	}
	return buckets
}

// Write fills in both kinds of buckets.
func (h *histogram) Write(to *dto.Metric) error {
	if err := h.Metric.Write(to); err != nil {
		return err
	}
	to.Histogram.Bucket = h.classic
	to.Histogram.CreatedTimestamp = nil // it is not known
	return nil
}
