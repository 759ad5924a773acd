package main

import (
	"fmt"
	"strings"

	"example.com/contend/bench"
	"example.com/contend/bench/peers/drive"
)

// bar is a figure to be reached, and how far ahead of the best peer.
type bar struct {
	what  string
	unit  string // how the figure is shown
	limit float64
	most  bool    // more is better, and the limit is the least
	ratio float64 // to the best peer: at most, or at least if more is better; 0: none asked for

	// value returns the figure of a contestant.
	value func(r *results, by string) (float64, bool)
	alone bool // the peers have no such figure

	// here returns the limit on this machine: what the figure would be if nothing stood
	// between the parts. It is nil if no limit is measured.
	here measured
}

// of is the value of a bar that is measured just so.
func of(s drive.Spec, unit string) func(*results, string) (float64, bool) {
	return func(r *results, by string) (float64, bool) {
		f, ok := r.get(s.Question(), by, unit)
		return f.median, ok
	}
}

// net is the processor time of an operation without the generator's.
func net(s drive.Spec) func(*results, string) (float64, bool) { return aboveNobody(s, "cpu-ns/op") }

// aboveNobody is what is more than without a contestant.
func aboveNobody(s drive.Spec, unit string) func(*results, string) (float64, bool) {
	return func(r *results, by string) (float64, bool) {
		gross, ok := r.get(s.Question(), by, unit)
		nobody, known := r.get(s.Question(), drive.Nobody, unit)
		return max(0, gross.median-nobody.median), ok && known
	}
}

// quotient is of two figures of the same unit.
func quotient(above, below drive.Spec, unit string) func(*results, string) (float64, bool) {
	return func(r *results, by string) (float64, bool) {
		a, ok := r.get(above.Question(), by, unit)
		b, known := r.get(below.Question(), by, unit)
		return a.median / b.median, ok && known
	}
}

// perCore is how many operations a second of one processor's time is enough for.
func perCore(s drive.Spec) func(*results, string) (float64, bool) {
	return func(r *results, by string) (float64, bool) {
		ns, ok := r.get(s.Question(), by, "cpu-ns/op")
		return 1e9 / ns.median, ok
	}
}

// bars returns the budget.
func bars(c scenarios) (all []bar) {
	all = append(all, bar{what: "accepting an operation, median", unit: "accept-ns/op", limit: 60, value: of(c.accept(), "accept-ns/op"), here: c.accepting()})
	all = append(all, wholeBars(c)...)
	all = append(all, homeBars(c)...)
	all = append(all,
		bar{what: "blocking, 30,000 waiting", unit: "cpu-ns/op", limit: 1500, ratio: 1. / 2, value: of(c.blocking(homeFlight), "cpu-ns/op"), here: by(drive.Waits, of(c.blocking(homeFlight), "cpu-ns/op"))},
		bar{what: "300,000 waiting, cost to that of 30,000", unit: "times", limit: 2, value: quotient(c.blocking(10*homeFlight), c.blocking(homeFlight), "cpu-ns/op")},
		bar{what: "memory in flight, 30,000", unit: "B/in-flight", limit: 64, value: of(c.staged(homeFlight), "B/in-flight")},
		bar{what: "memory in flight, 1 million", unit: "B/in-flight", limit: 64, value: of(c.staged(million), "B/in-flight")},
		bar{what: "highest rate with p99 lateness under 20 ms", unit: "ops/s", limit: 8e6, most: true, ratio: 4, value: of(c.highest(), "highest-ops/s"), here: c.highestRate()},
		bar{what: "wake-ups with nothing staged, net of the process's own", unit: "switches/s", limit: 1, value: aboveNobody(c.idle(), "switches/s")},
		bar{what: "cost at 1 million random targets to that at 1,000", unit: "times", limit: 4, value: quotient(c.flat(million, bench.Uniform), c.flat(1000, bench.Uniform), "cpu-ns/op")},
		bar{what: "throughput of 2 shards to that of 1, two producers", unit: "times", limit: 1.7, most: true, alone: true, value: quotient(c.shards(2), c.shards(1), "ops/s"), here: c.bothBusy()},
	)
	return all
}

func wholeBars(c scenarios) (all []bar) {
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			limit := 100.
			if targets == million {
				if skew != bench.Uniform {
					continue
				}
				limit = 200
			}
			all = append(all, bar{
				what: fmt.Sprintf("flat out, callback, %s %s", count(targets), skewWords[skew]),
				unit: "cpu-ns/op", limit: limit, ratio: 1. / 4, value: of(c.flat(targets, skew), "cpu-ns/op"),
				here: c.partsOf(targets, skew).job(),
			})
		}
	}
	for _, targets := range []int{100, homeTargets} {
		name := fmt.Sprintf("sixteen at a time, told by group, %s in threes", count(targets))
		s, here := c.batch(targets, bench.Threes), c.partsOf(targets, bench.Threes).batch()
		all = append(all,
			bar{what: name, unit: "cpu-ns/op", limit: 30, alone: true, value: of(s, "cpu-ns/op"), here: here},
			bar{what: name + ", in a second of one core", unit: "ops/s", limit: 15e6, most: true, alone: true, value: perCore(s), here: perSecond(here)},
		)
	}
	return append(all, bar{what: "allocations, callback flat out, 10,000 in threes", unit: "allocs/op", limit: 0.005, value: of(c.flat(homeTargets, bench.Threes), "allocs/op")})
}

func homeBars(c scenarios) []bar {
	home := c.home()
	core := func(r *results, by string) (float64, bool) {
		ns, ok := net(home)(r, by)
		return shareOfCore(ns), ok
	}
	all := []bar{
		{what: "300,000/s, net of the generator", unit: "cpu-ns/op", limit: 100, ratio: 1. / 5, value: net(home)},
		{what: "300,000/s, share of one core, net", unit: "%", limit: 5, value: core},
		{what: "300,000/s, lateness p50", unit: "p50-late-ns", limit: 0.6e6, value: of(home, "p50-late-ns")},
		{what: "300,000/s, lateness p99", unit: "p99-late-ns", limit: 2e6, ratio: 1. / 3, value: of(home, "p99-late-ns")},
		{what: "300,000/s, lateness p99.9", unit: "p999-late-ns", limit: 5e6, value: of(home, "p999-late-ns")},
	}
	for i := range all {
		if strings.HasSuffix(all[i].unit, "-late-ns") {
			all[i].here = by(drive.Wakes, all[i].value)
		}
	}
	all[0].here = c.homeCost()
	all[1].here = func(r *results) (float64, bool) {
		ns, ok := c.homeCost()(r)
		return shareOfCore(ns), ok
	}
	return all
}

// shareOfCore is what the home scenario takes of a core, in percent, if each operation
// costs so much.
func shareOfCore(ns float64) float64 { return 100 * ns * float64(homeRate) / 1e9 }
