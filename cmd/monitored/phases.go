package main

import (
	"time"

	"example.com/contend/bench"
)

// phase is a time of one rate.
type phase struct {
	name   string
	rate   bench.Rate
	length time.Duration
}

// due returns how many operations are to be submitted in the first part of a phase.
func (p phase) due(part time.Duration) int64 {
	return int64(float64(p.rate) * part.Seconds())
}

// phases follow one another, over and over. Immutable.
type phases []phase

// at returns the phase of a moment and when it began, both since the start.
func (ps phases) at(elapsed time.Duration) (p phase, began time.Duration) {
	var round time.Duration
	for _, p := range ps {
		round += p.length
	}
	began = elapsed / round * round
	for _, p = range ps {
		if elapsed < began+p.length {
			break
		}
		began += p.length
	}
	return p, began
}
