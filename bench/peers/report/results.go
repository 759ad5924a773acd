package main

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// results are the figures of all measurements.
type results struct {
	figures map[figureKey][]float64
}

type figureKey struct{ question, by, unit string }

func newResults() *results { return &results{make(map[figureKey][]float64)} }

func (r *results) add(question, by, unit string, figure float64) {
	key := figureKey{question, by, unit}
	r.figures[key] = append(r.figures[key], figure)
}

// figure is a median, and how far the rounds are from it at most.
type figure struct {
	median, spread float64 // spread is relative
}

// get returns the median of the rounds; not ok if nothing was measured.
func (r *results) get(question, by, unit string) (f figure, ok bool) {
	values := r.figures[figureKey{question, by, unit}]
	if len(values) == 0 {
		return figure{}, false
	}
	sample := benchmath.NewSample(append([]float64(nil), values...), &benchmath.DefaultThresholds)
	f.median = benchmath.AssumeNothing.Summary(sample, 0.95).Center
	if f.median != 0 {
		least, most := sample.Values[0], sample.Values[len(sample.Values)-1]
		f.spread = math.Max(most/f.median-1, 1-least/f.median)
	}
	return f, true
}

// best returns the least, or the greatest, of some contestants' medians and whose it
// is; not ok if none of them was measured.
func (r *results) best(question, unit string, most bool, by []string) (value float64, name string, ok bool) {
	for _, candidate := range by {
		f, measured := r.get(question, candidate, unit)
		if measured && (!ok || (f.median < value) != most) {
			value, name, ok = f.median, candidate, true
		}
	}
	return value, name, ok
}
