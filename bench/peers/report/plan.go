package main

import (
	"regexp"
	"slices"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
)

// plan is what is measured, in order of importance.
type plan struct {
	measurements []measurement
	sections     []section
}

// measurement is made as many times as there are rounds, or as it says.
type measurement struct {
	drive.Spec
	once bool
}

// section is a table of the report: rows are contestants, columns questions.
type section struct {
	title, text string
	units       []string // one table each
	questions   []string // in the order in which they are asked
	heads       map[string]string
}

// The home scenario.
const (
	homeTargets = 10_000
	homeRate    = 300_000
	homeFlight  = 30_000
	window      = 100 * time.Millisecond
	million     = 1_000_000
)

// only leaves what matches.
func (p *plan) only(expression *regexp.Regexp) *plan {
	p.measurements = slices.DeleteFunc(p.measurements, func(m measurement) bool { return !expression.MatchString(m.Name()) })
	return p
}

// everybody returns the names of the contestants.
func everybody() (names []string) {
	for _, entry := range peers.Roster() {
		names = append(names, entry.Name)
	}
	return names
}

// begin starts a section.
func (p *plan) begin(title, text string, units ...string) {
	p.sections = append(p.sections, section{title: title, text: text, units: units, heads: make(map[string]string)})
}

// ask adds a question to the section, to all who are named.
func (p *plan) ask(head string, m measurement, by ...string) {
	s := &p.sections[len(p.sections)-1]
	if _, known := s.heads[m.Question()]; !known {
		s.questions = append(s.questions, m.Question())
		s.heads[m.Question()] = head
	}
	for _, name := range by {
		m.By = name
		p.measurements = append(p.measurements, m)
	}
}

// newPlan makes the plan of the flags.
func newPlan(f *reportFlags) *plan {
	p := &plan{}
	p.flatOut(f)
	return p
}

// flat is the spec of a flat-out run, from which others differ.
func flat(f *reportFlags, targets int, skew bench.Skew) drive.Spec {
	return drive.Spec{
		Kind: drive.Callback, Targets: targets, Skew: skew, Rate: bench.FlatOut,
		Producers: 1, Shards: 1, Procs: 2, Window: window, Duration: 400 * time.Millisecond, Seed: f.Seed,
	}
}

func (p *plan) flatOut(f *reportFlags) {
	p.begin("Flat out, told by callback", "", "cpu-ns/op", "ns/op")
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range []bench.Skew{bench.Threes, bench.Uniform} {
			p.ask("x", measurement{Spec: flat(f, targets, skew)}, everybody()...)
		}
	}
}
