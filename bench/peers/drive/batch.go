package drive

import (
	"context"
	"runtime"
	"time"

	"example.com/contend/bench/peers"
	"example.com/contend/engine"
)

// batchSize is how many operations are submitted together.
const batchSize = 16

// measureBatch submits operations sixteen at a time, each with a tag and without
// memory of its own, and learns of a group at a time who has won and how many
// contended.
func measureBatch(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	w.Producers = 1
	groups, told := int64(0), int64(0) // one shard's goroutine, until it has ended
	e := peers.NewEngine(peers.Config{Window: w.Window, Shards: 1}, func(decisions []engine.Decision) {
		for i := range decisions {
			groups++
			told += int64(decisions[i].Contenders)
		}
	})
	batch, stream := e.NewBatch(batchSize), w.Stream(0)
	runtime.GC()
	result, meter := &Result{}, startMeter()
	for start := time.Now(); time.Since(start) < w.Duration; {
		for range flatOutBurst {
			target, priority, _ := stream.Next()
			bid := engine.Bid{Target: target, Priority: engine.Priority(priority), Tag: uint64(result.Operations)}
			if err := batch.Add(bid); err != nil {
				return nil, err
			}
			result.Operations++
		}
	}
	if err := batch.Flush(); err != nil {
		return nil, err
	}
	e.Stop(context.Background())
	meter.stop(result, 0, s.Window)
	if told != result.Operations || groups == 0 {
		result.fault("%d were submitted, %d are in the %d groups", result.Operations, told, groups)
	}
	return result, nil
}
