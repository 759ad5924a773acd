package main

import (
	"fmt"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
)

// extras adds what there is time for only in several rounds: other loads for the nearest
// peers.
func (p *plan) extras(c scenarios) {
	p.begin("One processor", "Flat out, one producer, one shard where there are shards.", "cpu-ns/op", "ops/s")
	for _, s := range c.corners() {
		s.Procs = 1
		p.ask(cornerName(s), measurement{Spec: s, when: extra}, peers.Contend, "expert", "expert-rows", "afterfunc64", "actors")
	}
	p.begin("300,000/s, other targets", "Gross; 10,000 in threes are above.", "cpu-ns/op", "p50-late-ns", "p99-late-ns")
	for _, s := range c.corners() {
		home := c.home()
		s.Rate, s.Duration = home.Rate, home.Duration
		p.ask(cornerName(s), measurement{Spec: s, when: extra}, peers.Contend, "expert", "expert-rows", "afterfunc", drive.Nobody)
	}
	p.begin("Highest rate with p99 lateness under 20 ms, other targets", "", "highest-ops/s")
	for _, s := range c.corners() {
		s.Kind = drive.Highest
		p.ask(cornerName(s), measurement{Spec: s, when: extra}, peers.Contend, "expert", "expert-rows")
	}
	p.begin("Goroutines that wait for random targets", "30,000 of them.", "cpu-ns/op")
	for _, targets := range []int{100, homeTargets, million} {
		s := c.blocking(homeFlight)
		s.Targets, s.Skew = targets, bench.Uniform
		p.ask(count(targets), measurement{Spec: s, when: extra}, peers.Contend, "expert", "afterfunc64")
	}
}

// corners are loads that have little in common, flat out, but for the home scenario's.
func (c scenarios) corners() []drive.Spec {
	return []drive.Spec{
		c.flat(1, bench.Hot), c.flat(100, bench.Threes), c.flat(100, bench.Uniform),
		c.flat(homeTargets, bench.Uniform), c.flat(million, bench.Uniform),
	}
}

func cornerName(s drive.Spec) string {
	if s.Skew == bench.Hot {
		return "one hot target"
	}
	return fmt.Sprintf("%s %s", count(s.Targets), skewWords[s.Skew])
}
