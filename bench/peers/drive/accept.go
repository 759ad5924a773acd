package drive

import (
	"runtime"
	"slices"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
)

// The pace at which accepting is measured: a burst every so often, so that the
// contestant works beside it and its queue does not fill.
const (
	acceptBurst = 64
	acceptEvery = 100 * time.Microsecond
)

// measureAccept measures how long Submit takes, in bursts of 64 at 640,000 operations
// a second, and returns the median of the bursts. Waiting for the next burst is by
// looking at the clock, as a sleep would be much longer. Preparing the operations is not
// part of it.
func measureAccept(s Spec) (*Result, error) {
	s.Rate, s.Producers = bench.FlatOut, 1
	r, err := newRun(s, 0)
	if err != nil {
		return nil, err
	}
	p := r.producers[0]
	var took []float64
	var ops [acceptBurst]*peers.Op
	var requests [acceptBurst]request
	runtime.GC()
	r.start = time.Now()
	for next := time.Duration(0); next < s.Duration; next += acceptEvery {
		for i := range ops {
			requests[i].target, requests[i].priority, _ = p.stream.Next()
			ops[i] = p.lines.take()
			ops[i].Prepare(0, false)
		}
		for time.Since(r.start) < next {
			runtime.Gosched()
		}
		before := time.Now()
		for i, op := range ops {
			r.contestant.Submit(requests[i].target, requests[i].priority, op)
		}
		took = append(took, float64(time.Since(before))/acceptBurst)
		p.publish(acceptBurst)
	}
	r.contestant.Close()
	result := &Result{Operations: r.count()}
	slices.Sort(took)
	result.add(took[len(took)/2], "accept-ns/op")
	result.add(took[len(took)*99/100], "p99-accept-ns/op")
	r.settle(result)
	return result, nil
}
