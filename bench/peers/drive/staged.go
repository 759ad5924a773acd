package drive

import (
	"runtime"
	"time"

	"example.com/contend/bench"
)

// measureStaged submits spec.InFlight operations before the first window closes,
// looks how much memory the contestant holds for them, then lets them be decided.
//
// The memory is the growth of the live heap after a garbage collection, without the
// operations' own lines, which were made before.
func measureStaged(s Spec) (*Result, error) {
	r, err := newRunAlone(s, 0)
	if err != nil {
		return nil, err
	}
	for _, p := range r.producers {
		p.lines.grow(s.InFlight/len(r.producers) + 1)
	}
	r.workload.Duration = s.Window // nothing is decided before
	before := live()
	if err := r.admit(); err != nil {
		return nil, err
	}
	m := startMeter()
	r.start = time.Now()
	each := int64(s.InFlight / len(r.producers))
	for _, p := range r.producers {
		p.submit(each)
	}
	submitting := time.Since(r.start)
	result := &Result{Operations: r.count()}
	collected := bench.ProcessCPU()
	held := float64(live()) - float64(before)
	m.cpu.User += bench.ProcessCPU().Sub(collected).Total() // that was the driver's
	if s.Window < time.Since(r.start) {
		result.fault("windows of %v closed before %d operations were submitted, in %v", s.Window, r.count(), submitting)
	}
	r.contestant.Close()
	m.stop(result, 0, s.Window)
	result.add(held/float64(r.count()), "B/in-flight")
	r.settle(result)
	return result, nil
}

// live returns the live heap.
func live() uint64 {
	runtime.GC()
	return bench.ReadMemory().Live
}

// submit submits some operations, whatever the time.
func (p *producer) submit(n int64) {
	for range n {
		target, priority, _ := p.stream.Next()
		op := p.lines.take()
		op.Prepare(0, false)
		p.run.contestant.Submit(target, priority, op)
	}
	p.publish(n)
}
