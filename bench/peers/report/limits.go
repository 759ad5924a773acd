package main

import (
	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
)

// measured is a figure of the run, or is made of some; not ok if one is missing.
type measured func(r *results) (figure float64, ok bool)

// cost is that of a part, with as much in flight as flat out or in the home scenario.
func (s partSpec) cost(name string, flatOut bool) measured {
	spec := s.part
	if flatOut {
		spec = s.flatOut
	}
	return func(r *results) (float64, bool) {
		f, ok := r.get(spec.Question(), name, "cpu-ns/op")
		return f.median, ok
	}
}

// producer is what a producer's thread does for an operation flat out.
func (s partSpec) producer() measured {
	return sum(s.cost("generator", false), s.cost("hash", false), s.cost("enqueue", false))
}

// owner is what the owner's thread does for an operation flat out.
func (s partSpec) owner() measured {
	return sum(s.cost("dequeue", false), s.cost("core", true), s.cost("delivery", true))
}

// job is the whole job, flat out.
func (s partSpec) job() measured { return sum(s.producer(), s.owner()) }

// batch is what an operation needs that is submitted with others and told by group.
func (s partSpec) batch() measured {
	return sum(s.cost("generator", false), s.cost("hash", false), s.cost("enqueue16", false), s.cost("dequeue", false), s.cost("core", true))
}

// accepting is what a submission needs that finds the shard asleep, as two of three bursts
// do at the pace at which that is measured, so the median does. If it did not read the
// clock, the owner would have to date what it finds when it wakes, too late by more than
// the median operation is to be late (see FINDINGS.md).
func (c scenarios) accepting() measured {
	s := c.partsOf(homeTargets, bench.Threes)
	return sum(s.cost("hash", false), s.cost("clock", false), s.cost("enqueue", false))
}

// bothBusy is how many times as much two processors could do if they were busy all the
// time, where one shard leaves some of it, and an operation cost what it does with one.
func (c scenarios) bothBusy() measured {
	one := c.shards(1)
	return func(r *results) (float64, bool) {
		ns, ok := r.get(one.Question(), peers.Contend, "cpu-ns/op")
		ops, known := r.get(one.Question(), peers.Contend, "ops/s")
		return float64(one.Procs) * 1e9 / (ns.median * ops.median), ok && known
	}
}

// homeCost is what an operation of the home scenario needs: to be taken from one thread to
// the other and told when that has woken, and to be decided.
func (c scenarios) homeCost() measured {
	s := c.partsOf(homeTargets, bench.Threes)
	return sum(by(drive.Wakes, net(c.home())), s.cost("hash", false), s.cost("core", false))
}

// highestRate is how many operations a second the slower of the two threads can do.
func (c scenarios) highestRate() measured {
	s := c.partsOf(homeTargets, bench.Threes)
	return perSecond(combined(func(a, b float64) float64 { return max(a, b) }, s.producer(), s.owner()))
}

// by is the figure of one who decides nothing.
func by(name string, value func(r *results, by string) (float64, bool)) measured {
	return func(r *results) (float64, bool) { return value(r, name) }
}

// perSecond is how often a second is enough for what takes so long.
func perSecond(nanoseconds measured) measured {
	return func(r *results) (float64, bool) {
		ns, ok := nanoseconds(r)
		return 1e9 / ns, ok
	}
}

func sum(all ...measured) measured {
	return combined(func(a, b float64) float64 { return a + b }, all...)
}

// combined makes one figure of some.
func combined(combine func(a, b float64) float64, all ...measured) measured {
	return func(r *results) (figure float64, ok bool) {
		for i, m := range all {
			f, ok := m(r)
			if !ok {
				return 0, false
			}
			if i > 0 {
				f = combine(figure, f)
			}
			figure = f
		}
		return figure, true
	}
}
