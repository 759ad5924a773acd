//go:build explore

package loom

import (
	"fmt"
	"math"
	"strings"
	"time"

	"example.com/contend/ring/interleave"
)

// Options say how a scenario is explored. The zero value explores nothing.
type Options struct {
	// Executions is how many there are at most.
	Executions int
	// Preemptions bounds the depth-first search, which goes from none to so
	// many, or to as many as there can be.
	Preemptions int
	// All tries all executions there are, without a bound, after the bound of
	// one. It is for scenarios whose threads see nothing of each other but
	// words; see sleepSets.
	All bool
	// Random is the share of the executions, in percent, that is left for random
	// priorities. They also get those that the searches do not need, unless
	// all there are have been tried.
	Random int
	// Seed is that of the first random execution.
	Seed uint64
	// Part, of Parts, is what this process tries of a search: the others try the
	// rest. Parts of 0 is everything.
	Part, Parts int
	// Steps is how many an execution may have; 0 is 10,000.
	Steps int
	// Whole makes every step a choice, also at words that one thread has for
	// itself.
	Whole bool
	// Schedule repeats one execution instead.
	Schedule Schedule
}

// Result is what an exploration has found.
type Result struct {
	Rows     []Row
	Failure  *Failure // nil if nothing failed
	Complete bool     // all executions there are were tried
}

// Row is a stage of an exploration.
type Row struct {
	Search     string
	Executions int // also those before a search began anew
	Redundant  int // executions that turned out to be equivalent to others
	Steps      int
	Exhausted  bool // within its bound, everything was tried
	Took       time.Duration
}

// Failure is an execution that failed.
type Failure struct {
	What       string
	Executions int // up to and with this one
	Schedule   Schedule
	Trace      string
}

// Executions returns how many there were.
func (r *Result) Executions() (n int) {
	for _, row := range r.Rows {
		n += row.Executions + row.Redundant
	}
	return n
}

// explorer is an exploration under way.
type explorer struct {
	Options
	world    *World
	scenario Scenario
	result   Result
	length   int // choices of the longest execution so far
}

// Explore runs a scenario in all the ways it has the executions for, and stops at
// the first that fails. It puts itself in force as the process's scheduler.
func Explore(scenario Scenario, options Options) Result {
	if options.Steps == 0 {
		options.Steps = 10_000
	}
	w := &World{limit: options.Steps, reduce: !options.Whole}
	interleave.Use(w)
	defer interleave.Use(nil)
	defer w.close()
	x := &explorer{Options: options, world: w, scenario: scenario}
	if options.Schedule != nil {
		x.repeat()
		return x.result
	}
	x.searches()
	if options.Random > 0 && x.goesOn() {
		x.randomly()
	}
	return x.result
}

// randomly spends the executions that are left.
func (x *explorer) randomly() {
	if x.length == 0 {
		x.stage("one", &bounded{}, 1) // to see how long they are
	}
	left := x.Options.Executions - x.result.Executions()
	if left > 0 && x.goesOn() {
		x.stage("random", &priorities{
			seed: x.Seed + uint64(x.Part), stride: uint64(max(1, x.Parts)), length: x.length,
		}, left)
	}
}

func (x *explorer) goesOn() bool { return x.result.Failure == nil && !x.result.Complete }

// searches runs the depth-first searches, for as long as there are executions.
func (x *explorer) searches() {
	budget := x.Options.Executions * (100 - x.Random) / 100
	for bound := 0; budget > 0 && bound <= x.Preemptions && x.goesOn(); bound++ {
		var b *bounded
		exhausted := x.fresh(fmt.Sprintf("%d preemptions", bound), budget, func() search {
			b = &bounded{bound: bound, part: x.Part, parts: x.Parts}
			return b
		})
		x.result.Complete = exhausted && !b.limited && x.Parts < 2
		if bound == 1 && x.All && x.goesOn() {
			half := (x.result.Executions() + budget) / 2
			x.result.Complete = x.fresh("all", half, func() search { return &sleepSets{} })
		}
		if !exhausted {
			return
		}
	}
}

// fresh runs a search, anew whenever it turns out that more words are shared than
// it took into account.
func (x *explorer) fresh(name string, budget int, search func() search) (exhausted bool) {
	for {
		x.world.words.grown = false
		left := budget - x.result.Executions()
		exhausted := left > 0 && x.stage(name, search(), left)
		if !x.world.words.grown || x.world.failure != "" {
			return exhausted
		}
		x.row(name).Exhausted = false
	}
}

// stage runs a search for at most so many executions.
func (x *explorer) stage(name string, s search, most int) (exhausted bool) {
	began := time.Now()
	row := x.row(name)
	defer func() { row.Took += time.Since(began) }()
	x.world.strategy = s
	sleeping, _ := s.(*sleepSets)
	random := name == "random"
	for range most {
		x.world.run(x.scenario)
		x.length = max(x.length, x.world.choices)
		row.Steps += x.world.steps
		if sleeping != nil && sleeping.redundant {
			row.Redundant++
		} else {
			row.Executions++
		}
		if x.world.failure != "" {
			x.failed()
			return false
		}
		if x.world.words.grown && !random {
			return false
		}
		if !s.end() {
			row.Exhausted = true
			return true
		}
	}
	return false
}

// row returns the row of a stage, which is the last one if that began anew.
func (x *explorer) row(name string) *Row {
	rows := &x.result.Rows
	if len(*rows) == 0 || (*rows)[len(*rows)-1].Search != name {
		*rows = append(*rows, Row{Search: name})
	}
	return &(*rows)[len(*rows)-1]
}

// failed shrinks the execution that has failed.
func (x *explorer) failed() {
	what, s := x.world.failure, append(Schedule{}, x.world.taken...)
	if smaller := x.world.shrink(x.scenario, s, 500); len(smaller) < len(s) {
		s = smaller
	}
	if _, failure := x.world.repeat(x.scenario, s); failure != "" {
		what = failure
	}
	x.result.Failure = &Failure{What: what, Executions: x.result.Executions(), Schedule: s, Trace: x.world.tell(x.scenario, s)}
}

// repeat runs the one execution of the given schedule.
func (x *explorer) repeat() {
	s := x.Options.Schedule
	if _, what := x.world.repeat(x.scenario, s); what != "" {
		x.result.Failure = &Failure{What: what, Executions: 1, Schedule: s, Trace: x.world.tell(x.scenario, s)}
	}
}

// Table returns the rows as lines of text.
func (r *Result) Table() string {
	var text strings.Builder
	for _, row := range r.Rows {
		state := "exhausted"
		if !row.Exhausted {
			state = "not exhausted"
		}
		rate := float64(row.Executions+row.Redundant) / math.Max(row.Took.Seconds(), 1e-9)
		fmt.Fprintf(&text, "%-16s %9d executions %9d redundant %11d steps  %-13s %8.0f/s\n",
			row.Search, row.Executions, row.Redundant, row.Steps, state, rate)
	}
	return text.String()
}
