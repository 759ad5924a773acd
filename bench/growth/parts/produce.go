package parts

import (
	"context"
	"runtime"
	"time"

	"example.com/contend/bench"
	"example.com/contend/engine"
)

// How Produce goes about it.
const (
	// burst is how many operations are staged at a time: few enough for half a
	// ring, and for a thread not to be preempted.
	burst = 4096
	// bursts is how often.
	bursts = 150
	// memories is how many operations' memory is gone round in: some megabytes,
	// so that it is as cold as in a load with as many in flight.
	memories = 64 * burst
)

// callerOp is an operation in the caller's memory.
type callerOp struct {
	engine.Ticket
	begun int64
	told  bool
}

func (op *callerOp) Decided(*engine.Verdict) { op.told = true }

// Produce returns the nanoseconds that a producer spends on an operation: to make
// it, as a workload's generator does, to write its memory and to stage it in an
// engine of one shard whose goroutine does nothing meanwhile, because there is one
// processor. So no line comes from another core. The median of many bursts.
func Produce(w bench.Workload) (float64, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	w.Producers, w.Operations, w.Rate = 1, bench.Endless, bench.FlatOut
	stream := w.Streams()[0]
	e, err := engine.New(engine.Config{Shards: 1, RingSize: 4 * burst, Window: time.Millisecond, Registry: engine.Discard})
	if err != nil {
		return 0, err
	}
	defer e.Stop(context.Background())
	e.Start()
	ops := make([]callerOp, memories)
	for i := range ops {
		ops[i].To = &ops[i]
	}
	warmUp()
	var each []float64
	for b := range bursts {
		next := ops[b*burst%memories:][:burst]
		begun := time.Now()
		for i := range next {
			op := &next[i]
			target, priority, _ := stream.Next()
			op.begun, op.told = int64(i), false
			if _, err := e.Stage(&engine.Bid{Target: target, Priority: engine.Priority(priority), Ticket: &op.Ticket}); err != nil {
				return 0, err
			}
		}
		each = append(each, float64(time.Since(begun))/burst)
		for e.Stats().Staged > 0 {
			runtime.Gosched() // does not sleep: the processor stays warm
		}
	}
	return median(each), nil
}
