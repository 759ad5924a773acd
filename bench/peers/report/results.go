package main

import (
	"math"
	"slices"

	"example.com/contend/bench/peers/drive"
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

// addNet adds the processor time without the generator's, where that was measured.
func (r *results) addNet() {
	for key := range r.figures {
		if key.by != drive.Nobody || key.unit != "cpu-ns/op" {
			continue
		}
		nobody, _ := r.get(key.question, drive.Nobody, "cpu-ns/op")
		for _, name := range append(everybody(), drive.Wakes) {
			for _, gross := range r.figures[figureKey{key.question, name, "cpu-ns/op"}] {
				r.add(key.question, name, "net-cpu-ns/op", gross-nobody.median)
			}
		}
	}
}

// questions returns all questions in alphabetical order.
func (r *results) questions() (all []string) {
	for key := range r.figures {
		if !slices.Contains(all, key.question) {
			all = append(all, key.question)
		}
	}
	slices.Sort(all)
	return all
}
