package main

import (
	"fmt"
	"regexp"
	"slices"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// plan is what is measured, in order of importance.
type plan struct {
	scenarios
	measurements []measurement
	sections     []section
	quoted       *results // of other benchmarks, from a file
}

// measurement is made in every round that there is time for.
type measurement struct {
	drive.Spec
	when when
}

// when is a measurement's place in a round; within one, they are made as planned.
type when int

const (
	first when = iota
	last       // in rounds after the first, behind those before: it takes long, or differs little
	extra      // not in the first round, which is always made whole; in others behind all
)

// section is a table of the report for each unit: contestants down, questions across.
type section struct {
	title, text string
	units       []string
	questions   []string            // in the order in which they are asked
	heads       map[string]string   // of the columns, by question
	by          map[string][]string // who is asked
}

// only leaves what matches.
func (p *plan) only(expression *regexp.Regexp) *plan {
	p.measurements = slices.DeleteFunc(p.measurements, func(m measurement) bool { return !expression.MatchString(m.Name()) })
	return p
}

// inRound returns the measurements of a round in its order.
func (p *plan) inRound(round int) []measurement {
	if round == 0 {
		return slices.DeleteFunc(slices.Clone(p.measurements), func(m measurement) bool { return m.when == extra })
	}
	return slices.SortedStableFunc(slices.Values(p.measurements), func(a, b measurement) int { return int(a.when - b.when) })
}

// everybody returns the names of the contestants.
func everybody() (names []string) {
	for _, entry := range peers.Roster() {
		names = append(names, entry.Name)
	}
	return names
}

// windowed returns the contestants whose windows are those of the contract.
func windowed() (names []string) {
	for _, entry := range peers.Roster() {
		if !entry.Windowless {
			names = append(names, entry.Name)
		}
	}
	return names
}

// orderOfOthers is in which rows those stand that are not in the roster.
var orderOfOthers = slices.Concat([]string{peers.BatchedName, drive.Nobody, drive.Waits, drive.Wakes}, drive.Queues, drive.Parts)

// begin starts a section.
func (p *plan) begin(title, text string, units ...string) {
	p.sections = append(p.sections, section{
		title: title, text: text, units: units,
		heads: make(map[string]string), by: make(map[string][]string),
	})
}

// ask adds a column to the section, and a measurement of everybody who is named. What
// is asked twice is measured once, for the longer of the times.
func (p *plan) ask(head string, m measurement, by ...string) {
	s := &p.sections[len(p.sections)-1]
	question := m.Question()
	if _, known := s.heads[question]; !known {
		s.questions = append(s.questions, question)
		s.heads[question] = head
	}
	s.by[question] = append(s.by[question], by...)
	for _, name := range by {
		m.By = name
		at := slices.IndexFunc(p.measurements, func(other measurement) bool { return other.Name() == m.Name() })
		if at < 0 {
			p.measurements = append(p.measurements, m)
			continue
		}
		other := &p.measurements[at]
		other.Duration, other.when = max(other.Duration, m.Duration), min(other.when, m.when)
	}
}

// newPlan makes the plan of the flags.
func newPlan(f *reportFlags) *plan {
	c := scenarios{f.Seed}
	p := &plan{scenarios: c}
	p.homeScenario(c) // first, since there may be no time for the rest of the second round
	p.wholeJob(c)
	p.waiting(c)
	p.together(c)
	p.limits(c)
	p.growth(c)
	p.elements(c)
	p.traces(c, f.Trace)
	p.extras(c)
	if f.Full {
		p.cross(c, f.Trace)
	}
	if f.Full || f.Only != "" { // somebody wants to have it
		for i := range p.measurements {
			p.measurements[i].when = first
		}
	}
	return p
}

var skews = []bench.Skew{bench.Threes, bench.Uniform}

func (p *plan) wholeJob(c scenarios) {
	p.begin("Whole job, flat out, told by callback",
		"One producer, and one shard where there are shards; the generator is included (see nobody). In threes: three operations of a target come one after the other; random: each target is drawn. It is measured when it has gone on for two and a half windows; the operations' own memory is not counted. What was put off until the end counts, as far as it was put off while it was measured.",
		"cpu-ns/op", "ops/s", "allocs/op", "B/op")
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			s := c.flat(targets, skew)
			p.ask(fmt.Sprintf("%s %s", count(targets), skewWords[skew]), measurement{Spec: s}, everybody()...)
			if targets == homeTargets {
				p.ask("", measurement{Spec: s}, drive.Nobody)
			}
		}
	}
	p.ask("one hot target", measurement{Spec: c.flat(1, bench.Hot)}, everybody()...)
}

func (p *plan) homeScenario(c scenarios) {
	p.begin("Home scenario: 300,000 operations per second, open loop",
		"10,000 targets in threes, windows of 100 ms, told by callback. The generator, nobody, is included. Lateness is from the time at which the operation that opened the window was to be submitted; what streams do has no such time (see its comment). only-wakes decides nothing: it tells each operation when its window has passed.",
		"cpu-ns/op", "net-cpu-ns/op", "p50-late-ns", "p99-late-ns", "p999-late-ns")
	p.ask("300 k/s", measurement{Spec: c.home()}, append(everybody(), drive.Nobody, drive.Wakes)...)
}

func (p *plan) waiting(c scenarios) {
	p.begin("Blocking: a goroutine waits for each operation",
		"Every goroutine begins its next operation when it knows about the last; the winner executes a function that does nothing, a loser's error says to whom it lost. contend's is Do; the others' a channel that is used again. only-waits decides nothing: it tells each operation when a window has passed. Measured from when each was told once and the garbage was collected; what is left behind since is beside it.",
		"cpu-ns/op", "ops/s", "B/op", "allocs/op")
	p.ask("30,000 waiting", measurement{Spec: c.blocking(homeFlight)}, append(everybody(), drive.Waits)...)
	p.ask("300,000 waiting", measurement{Spec: c.blocking(10 * homeFlight), when: last}, peers.Contend, "expert", drive.Waits)
	p.begin("Told through a channel of the operation's own, which somebody reads", "Flat out. Channels are made once.", "cpu-ns/op", "ops/s")
	s := c.flat(homeTargets, bench.Threes)
	s.Kind = drive.Channel
	p.ask("10,000 in threes", measurement{Spec: s}, everybody()...)
	s.Kind = drive.Handles
	p.ask("contend's Submit, which executes winners on goroutines", measurement{Spec: s}, peers.Contend)
}

func (p *plan) together(c scenarios) {
	p.begin("Submitted sixteen at a time, told by group", "Operations have a tag and no memory of their own; of each group it is told who has won and how many contended. contend could also name the losers; slices, a peer for this alone, keeps nothing of them.", "cpu-ns/op", "ops/s")
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			p.ask(fmt.Sprintf("%s %s", count(targets), skewWords[skew]), measurement{Spec: c.batch(targets, skew)}, peers.Contend, peers.BatchedName)
		}
	}
}

func (p *plan) limits(c scenarios) {
	p.begin("Highest open-loop rate with p99 lateness under 20 ms", "One producer, one shard, 10,000 targets in threes; found by doubling and three bisections of 300 ms each.", "highest-ops/s")
	nearest, others := []string{peers.Contend, "expert", "expert-rows", "afterfunc64"}, []string{"afterfunc", "scan", "timingwheel", "actors"}
	p.ask("highest", measurement{Spec: c.highest(), when: last}, nearest...)
	p.ask("", measurement{Spec: c.highest(), when: extra}, others...)
	p.begin("In flight: everything submitted before the first window closes", "Three operations for each target. Bytes are the growth of the live heap, without the operations' own 64, of which contend's ticket takes 48 and a peer's chain and priority 12.", "B/in-flight", "cpu-ns/op")
	p.ask("30,000", measurement{Spec: c.staged(homeFlight), when: last}, windowed()...)
	p.ask("1 million", measurement{Spec: c.staged(million), when: last}, nearest...)
	p.ask("", measurement{Spec: c.staged(million), when: extra}, others...)
	p.ask("10 million", measurement{Spec: c.staged(10 * million), when: extra}, peers.Contend, "expert")
	p.begin("Accepting an operation", "The median of bursts of 64, at 640,000 operations per second.", "accept-ns/op")
	p.ask("10,000 in threes", measurement{Spec: c.accept()}, everybody()...)
	p.begin("At rest", "How often threads go to sleep by themselves in a second in which there is nothing to decide; nobody is the process without a contestant.", "switches/s")
	p.ask("after one operation", measurement{Spec: c.idle()}, peers.Contend, "expert", "scan", drive.Nobody)
}

func (p *plan) growth(c scenarios) {
	p.begin("Producers and processors", "Flat out, 10,000 random targets, one shard where there are shards.", "cpu-ns/op", "ops/s")
	some := []string{peers.Contend, "expert", "expert-rows", "afterfunc64", "actors"}
	for _, producers := range []int{1, 2, 8, 64} {
		s := c.flat(homeTargets, bench.Uniform)
		s.Producers = producers
		p.ask(counted(producers, "producer"), measurement{Spec: s}, some...)
	}
	s := c.flat(homeTargets, bench.Uniform)
	s.Procs = 1
	p.ask("1 producer, 1 processor", measurement{Spec: s}, some...)
	p.begin("Growth", "Two producers and 10,000 random targets where shards are compared.", "cpu-ns/op", "ops/s")
	p.ask("1 shard", measurement{Spec: c.shards(1)}, peers.Contend)
	p.ask("2 shards", measurement{Spec: c.shards(2)}, peers.Contend)
	p.ask("1,000 random", measurement{Spec: c.flat(1000, bench.Uniform)}, peers.Contend, "expert")
	p.ask("1 million random", measurement{Spec: c.flat(million, bench.Uniform)}, peers.Contend, "expert")
}

func (p *plan) elements(c scenarios) {
	p.begin("The ring alone: values of 32 bytes to one consumer", "Who finds no room, or nothing, yields and tries again; a channel parks.", "cpu-ns/op", "ns/op")
	for _, producers := range []int{1, 2, 8, 64} {
		names := slices.Clone(drive.Queues)
		if producers > 1 {
			names = slices.DeleteFunc(names, func(name string) bool { return name == "xsync-spsc" })
		}
		p.ask(counted(producers, "producer"), measurement{Spec: c.queue(producers)}, names...)
	}
	p.begin("", "") // the parts' table is made apart
	for _, s := range partSpecs(c) {
		p.ask(s.head, measurement{Spec: s.part, when: last}, drive.Parts...)
		p.ask(s.head, measurement{Spec: s.flatOut, when: last}, "core", "delivery")
	}
}

func (p *plan) traces(c scenarios, files []string) {
	if len(files) == 0 {
		return
	}
	p.begin("Recorded traces, flat out, told by callback", "The targets of the trace, in its order, over and over.", "cpu-ns/op", "ops/s")
	for _, file := range files {
		s := c.flat(0, bench.Threes)
		s.Trace = file
		p.ask(drive.TraceName(file), measurement{Spec: s}, everybody()...)
	}
}

var skewWords = map[bench.Skew]string{bench.Threes: "in threes", bench.Uniform: "random", bench.Hot: "hot"}

func count(n int) string {
	if n == million {
		return "1 million"
	}
	return humanize.Comma(int64(n))
}

// counted is a number of things.
func counted(n int, thing string) string { return english.Plural(n, thing, "") }
