package main

import (
	"fmt"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers/drive"
)

// cross adds the whole cross product, a section for each way to be told.
func (p *plan) cross(c scenarios, traces []string) {
	for _, procs := range []int{1, 2} {
		for _, producers := range []int{1, 2, 8, 64} {
			p.begin(fmt.Sprintf("Flat out, callback, %d producers, %d processors", producers, procs), "A shard for each processor.", "cpu-ns/op", "ops/s", "B/op")
			for _, s := range c.loads(traces) {
				s.Producers, s.Procs, s.Shards = producers, procs, procs
				p.ask(loadName(s), measurement{Spec: s}, everybody()...)
			}
		}
		for _, kind := range []string{drive.Channel, drive.Blocking} {
			p.begin(fmt.Sprintf("%s, %d processors", kind, procs), "A shard for each processor.", "cpu-ns/op", "ops/s", "B/op")
			for _, s := range c.loads(traces) {
				s.Kind, s.Procs, s.Shards = kind, procs, procs
				if kind == drive.Blocking {
					s.InFlight, s.Duration = homeFlight, waitingFor
				}
				p.ask(loadName(s), measurement{Spec: s}, everybody()...)
			}
		}
		p.open(c, traces, procs)
	}
	p.begin("In flight", "", "B/in-flight", "cpu-ns/op", "B/op")
	for _, n := range []int{homeFlight, million, 10 * million} {
		p.ask(count(n), measurement{Spec: c.staged(n)}, windowed()...)
	}
}

// open adds what is measured open loop.
func (p *plan) open(c scenarios, traces []string, procs int) {
	p.begin(fmt.Sprintf("300,000/s, %d processors", procs), "A shard for each processor; gross.", "cpu-ns/op", "p50-late-ns", "p99-late-ns", "p999-late-ns")
	for _, s := range c.loads(traces) {
		s.Rate, s.Duration, s.Procs, s.Shards = homeRate, 3*time.Second, procs, procs
		p.ask(loadName(s), measurement{Spec: s}, append(everybody(), drive.Nobody)...)
	}
	p.begin(fmt.Sprintf("Highest rate, %d processors", procs), "A shard for each processor.", "highest-ops/s")
	for _, s := range c.loads(traces) {
		s.Kind, s.Procs, s.Shards = drive.Highest, procs, procs
		p.ask(loadName(s), measurement{Spec: s}, windowed()...)
	}
}

// loads are all ways to spread operations over targets.
func (c scenarios) loads(traces []string) (all []drive.Spec) {
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			all = append(all, c.flat(targets, skew))
		}
	}
	all = append(all, c.flat(1, bench.Hot))
	for _, file := range traces {
		s := c.flat(0, bench.Threes)
		s.Trace = file
		all = append(all, s)
	}
	for i := range all {
		all[i].Duration = time.Second
	}
	return all
}

func loadName(s drive.Spec) string {
	if s.Trace != "" {
		return drive.TraceName(s.Trace)
	}
	return cornerName(s)
}
