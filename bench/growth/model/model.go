// Package model says how fast an engine would be on a machine with more cores than
// there are to measure on.
//
// An operation is worked on twice: by the producer that submits it and by the
// owner of its target's shard. In between, cache lines go from core to core: the
// slot in the ring and the caller's memory there and back, and the ring's tail from
// producer to producer. The model adds up what this costs and asks what gives out
// first. In nanoseconds, for N cores, P producers and S shards:
//
//	p = Producer + apart·ProducerLines·Move + others·claim
//	o = Owner    + apart·OwnerLines·Move
//
//	apart  = 1 if P+S ≤ N, so that all have a core of their own, else 1 − 1/N
//	others = 1 − 1/min(P, N): how often another core claimed last
//	claim  = Claim/Batch, or Bounce/Batch for Floor
//
// and with h the share of the hottest shard, operations per nanosecond are at most
//
//	N / (p+o)          "cores": all of them are busy
//	P / p              "producers": each is one goroutine
//	1 / (h·o)          "owners": so is the owner of the hottest shard
//	1 / (h·claim)      "tail line of shard": a line that all producers write; only
//	                   if P and N are above one
//	Bandwidth/Traffic  "memory bandwidth"
//
// The least of these is Bound. It supposes that rings smooth everything out, so that
// nobody waits before something has given out, and that a core that has the tail's
// line makes several claims before it loses it, as two threads do that are measured
// doing nothing but claim. The other end, Floor, has the line change hands at every
// claim, and is the Universal Scalability Law of Neil Gunther ("A General Theory of
// Computational Scalability Based on Rational Functions", 2008, arXiv:0808.1431), in
// which workers meet at random:
//
//	n / (p+o) / (1 + σ(n−1) + κn(n−1))
//	n = min(N, P+S, Bound·(p+o))   by Little's law no more are busy, the rest is parked
//	σ = h·max(o, claim) / (p+o)    the share that only one at a time can do
//	κ = (h·claim / (p+o))²         two want the same tail: one tries again
//
// Both ends are about producers that find room. A closed loop with more producers than
// cores does not: once a ring has been full, whoever comes queues up behind those
// that wait, and is woken for each operation. Parked is what is left then:
//
//	N / (p+o+Park)      if P > N, else Bound
//
// What the model leaves out: that waiting for memory gets worse with the size of the
// machine; a transfer from another socket or another part of a large chip, which
// costs two to five times as much; and the generator's own lines.
package model

import "math"

// Costs are what the model is made of: nanoseconds on one core, unless it says
// otherwise.
type Costs struct {
	// Producer and Owner are per operation, when no line comes from elsewhere.
	Producer, Owner float64
	// Move is per line that goes from core to core while others follow, Bounce per
	// line that two cores write in turns; Claim is per claim of a ring's tail that two
	// threads fight over as fast as they can.
	Move, Bounce, Claim float64
	// ProducerLines and OwnerLines are how many lines each of them gets from the
	// other, per operation.
	ProducerLines, OwnerLines float64
	// Park is what an operation costs more whose producer had to be woken for it.
	Park float64
	// Batch is how many operations are submitted with one claim.
	Batch float64
	// Traffic is the bytes that go to memory and back, per operation; Bandwidth the
	// bytes per nanosecond of the whole machine.
	Traffic, Bandwidth float64
}

// Machine is what an engine runs on, and how it is driven.
type Machine struct{ Cores, Producers, Shards int }

// Prediction is what the model says, in operations per nanosecond.
type Prediction struct {
	Bound, Floor float64
	Parked       float64 // in a closed loop with more producers than cores
	Bottleneck   string  // what Bound is set by
}

// What can give out.
const (
	Cores     = "cores"
	Producers = "producers"
	Owners    = "owners"
	TailLine  = "tail line of shard"
	Memory    = "memory bandwidth"
)

// Predict applies the model. Hottest is the share of operations that the hottest
// shard gets, from 1/Shards to 1.
func (c Costs) Predict(m Machine, hottest float64) Prediction {
	cores, producers := float64(m.Cores), float64(m.Producers)
	claim, swap := c.Claim/c.Batch, c.Bounce/c.Batch
	if min(m.Producers, m.Cores) == 1 {
		claim, swap = 0, 0
	}
	p, o := c.perOperation(m, claim)
	best := Prediction{Bound: math.Inf(1)}
	limit := func(rate float64, by string) {
		if rate < best.Bound {
			best.Bound, best.Bottleneck = rate, by
		}
	}
	limit(cores/(p+o), Cores)
	limit(producers/p, Producers)
	limit(1/(hottest*o), Owners)
	limit(1/(hottest*claim), TailLine)
	limit(c.Bandwidth/c.Traffic, Memory)
	best.Parked = best.Bound
	if m.Producers > m.Cores {
		best.Parked = min(best.Bound, cores/(p+o+c.Park))
	}
	best.Floor = min(best.Bound, c.floor(m, hottest, best.Bound, swap))
	return best
}

// floor is Gunther's law, for workers of whom so many are busy as the bound keeps.
func (c Costs) floor(m Machine, hottest, bound, claim float64) float64 {
	p, o := c.perOperation(m, claim)
	busy := max(1, min(float64(m.Cores), float64(m.Producers+m.Shards), bound*(p+o)))
	retried := hottest * claim / (p + o)
	law := Scalability{Serial: hottest * max(o, claim) / (p + o), Crosstalk: retried * retried}
	return law.Speedup(busy) / (p + o)
}

// perOperation returns what a producer and an owner spend, transfers included.
func (c Costs) perOperation(m Machine, claim float64) (p, o float64) {
	apart := 1.0
	if m.Producers+m.Shards > m.Cores {
		apart = 1 - 1/float64(m.Cores)
	}
	others := 1 - 1/float64(min(m.Producers, m.Cores))
	p = c.Producer + apart*c.ProducerLines*c.Move + others*claim
	return p, c.Owner + apart*c.OwnerLines*c.Move
}

// Scalability is Gunther's law: σ, the share of the work that is done one at a
// time, and κ, what each pair of workers costs.
type Scalability struct{ Serial, Crosstalk float64 }

// Speedup returns how many times as much n workers do as one.
func (s Scalability) Speedup(n float64) float64 {
	return n / (1 + s.Serial*(n-1) + s.Crosstalk*n*(n-1))
}
