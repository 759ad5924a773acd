package drive

import (
	"runtime"
	"time"

	"example.com/contend/bench"
)

// The search for the highest rate.
const (
	allowedLate = 20 * time.Millisecond
	firstRate   = bench.Rate(500_000)
	lastRate    = bench.Rate(64_000_000)
	bisections  = 3
)

// measureHighest finds the highest open-loop rate at which the 99th percentile of
// lateness stays under 20 ms: by doubling, then by bisection. Every rate is played
// for spec.Duration against a contestant of its own.
func measureHighest(s Spec) (*Result, error) {
	result := &Result{}
	good, bad := bench.Rate(0), bench.Rate(0)
	for rate := firstRate; bad == 0 && rate <= lastRate; rate *= 2 {
		keeps, err := keepsUp(s, rate, result)
		if err != nil {
			return nil, err
		}
		if keeps {
			good = rate
		} else {
			bad = rate
		}
	}
	for range bisections {
		if bad == 0 {
			break
		}
		rate := (good + bad) / 2
		keeps, err := keepsUp(s, rate, result)
		if err != nil {
			return nil, err
		}
		if keeps {
			good = rate
		} else {
			bad = rate
		}
	}
	result.add(float64(good), "highest-ops/s")
	return result, nil
}

// keepsUp plays a rate.
func keepsUp(s Spec, rate bench.Rate, into *Result) (bool, error) {
	s.Rate = rate
	r, err := newRun(s, warmWindows)
	if err != nil {
		return false, err
	}
	runtime.GC()
	r.start = time.Now()
	close(r.measuring)
	<-r.produce()
	r.contestant.Close()
	into.Operations += r.count()
	faults := &Result{}
	r.settle(faults)
	into.Faults = append(into.Faults, faults.Faults...)
	return r.recorder.lateness.Summary().P99 < allowedLate, nil
}
