package drive

import (
	"time"

	"example.com/contend/bench"
)

// measureIdle has one operation decided, then counts how often the process is woken
// in a while in which there is nothing to do.
func measureIdle(s Spec) (*Result, error) {
	s.Rate = bench.FlatOut
	r, err := newRun(s, 0)
	if err != nil {
		return nil, err
	}
	p := r.producers[0]
	p.submit(1)
	time.Sleep(2*s.Window + 200*time.Millisecond)
	cpu, before := bench.ProcessCPU(), switches()
	time.Sleep(s.Duration)
	result := &Result{Operations: 1}
	// One switch is the measuring goroutine's own, which sleeps and is woken.
	result.add(max(0, float64(switches()-before-1))/s.Duration.Seconds(), "switches/s")
	result.add(float64(bench.ProcessCPU().Sub(cpu).Total())/s.Duration.Seconds(), "cpu-ns/s")
	r.contestant.Close()
	r.settle(result)
	return result, nil
}
