package drive

import (
	"math"
	"time"

	"example.com/contend/bench"
)

// idleIntervals is how often the wake-ups of an idle process are counted.
const idleIntervals = 3

// measureIdle has one operation decided, waits a second, in which memory may be given
// back, then counts how often the process is woken while there is nothing to do. What
// counts is the quietest of some intervals: what wakes up regularly does so in each,
// while the runtime itself wakes now and then, for its scavenger, say.
func measureIdle(s Spec) (*Result, error) {
	s.Rate = bench.FlatOut
	r, err := newRun(s, 0)
	if err != nil {
		return nil, err
	}
	r.producers[0].submit(1)
	time.Sleep(2*s.Window + time.Second)
	woken, least := int64(math.MaxInt64), bench.CPU{}
	for range idleIntervals {
		cpu, before := bench.ProcessCPU(), switches()
		time.Sleep(s.Duration)
		// One switch is the measuring goroutine's own, which sleeps and is woken.
		if n := max(0, switches()-before-1); n < woken {
			woken, least = n, bench.ProcessCPU().Sub(cpu)
		}
	}
	result := &Result{Operations: 1}
	result.add(float64(woken)/s.Duration.Seconds(), "switches/s")
	result.add(float64(least.Total())/s.Duration.Seconds(), "cpu-ns/s")
	r.contestant.Close()
	r.settle(result)
	return result, nil
}
