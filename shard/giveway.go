package shard

import (
	"runtime"
	"runtime/metrics"
)

// hogTime is how long others have the processor, when the owner has given way, if one
// of them does not give it back: Go takes it from them after ten milliseconds.
const hogTime = 8 * lookEvery

// hogFactor is how much longer than a hog had the processor the owner then tells before
// it gives way again.
const hogFactor = 16

// busyProcessors is the metric of how many goroutines run, from Go 1.26 on.
const busyProcessors = "/sched/goroutines/running:goroutines"

// turns is how an owner that tells for long takes turns with others at a processor.
// Go would let it go on for ten milliseconds while a submitter, or whoever else was
// woken meanwhile, waits: so it gives way, for as long as it has told itself, if others
// give the processor back as soon. Where somebody computes on, there is nothing to be
// shared that Go does not share itself, and every turn costs ten milliseconds: then it
// is tried seldom. It belongs to the owner.
type turns struct {
	mark int64 // since when the owner tells, as far as that is not in told
	told int64 // for how long it has told since it gave way, by the clock: or was stopped by Go
	wait int64 // for how long it has to before it does again

	running [1]metrics.Sample // busyProcessors
}

// due reports whether it is somebody else's turn, in a look that began at some time.
func (t *turns) due(now, looked int64) bool {
	t.told += now - max(t.mark, looked)
	t.mark = now
	return now-looked >= lookEvery && t.told >= t.wait
}

// back says that the owner goes on since now.
func (t *turns) back(now int64) {
	took := now - t.mark
	if took >= hogTime {
		took *= hogFactor
	}
	t.mark, t.told, t.wait = now, 0, max(lookEvery, took)
}

// scarce reports whether all processors are busy. Else whoever is woken has one, and to
// give way would only wake it to go on with the owner. It takes some 170 ns with two
// processors (-bench Scarce), and is asked once a millisecond. Before Go 1.26 it is not
// known: false.
func (t *turns) scarce() bool {
	t.running[0].Name = busyProcessors
	metrics.Read(t.running[:])
	v := t.running[0].Value
	return v.Kind() == metrics.KindUint64 && v.Uint64() >= uint64(runtime.GOMAXPROCS(0))
}

// giveWay lets others have the processor, before a batch of decisions is told and in the
// midst of one, if many were told in this look and it is their turn.
func (s *Shard) giveWay() {
	o := &s.owner
	if explored || o.onward.told < longLook { // explored builds have a scheduler of their own
		return
	}
	if !o.turns.due(readClock(s.config.Now), o.looked) {
		return
	}
	if o.turns.scarce() {
		s.bell.Yield()
	}
	o.turns.back(readClock(s.config.Now))
}
