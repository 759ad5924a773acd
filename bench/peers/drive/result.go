package drive

import (
	"fmt"
	"strings"
	"time"

	"example.com/contend/bench"
)

// Result is what a measurement came to.
type Result struct {
	Operations int64
	Values     []Value
	Faults     []string // what must not be
}

// Value is a figure and its unit.
type Value struct {
	Figure float64
	Unit   string
}

func (r *Result) add(figure float64, unit string) { r.Values = append(r.Values, Value{figure, unit}) }

func (r *Result) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

// Line is the result in the format of Go's benchmarks.
func (r *Result) Line(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\t%d", name, max(1, r.Operations))
	for _, v := range r.Values {
		fmt.Fprintf(&b, "\t%.6g %s", v.Figure, v.Unit)
	}
	return b.String()
}

// meter measures the process from one moment to another.
type meter struct {
	began  time.Time
	cpu    bench.CPU
	memory bench.Memory
}

func startMeter() meter {
	return meter{time.Now(), bench.ProcessCPU(), bench.ReadMemory()}
}

// stop adds what an operation cost. Own is what the driver itself has allocated,
// idle for how long there was nothing to do but wait for the last window.
func (m meter) stop(r *Result, own int64, idle time.Duration) {
	cost := m.read()
	cost.allocated -= own
	if cost.wall > 2*idle { // else it is of another window than the contract's
		cost.wall -= idle
	}
	cost.addTo(r)
}

// cost is what all operations together have cost.
type cost struct {
	wall, cpu          time.Duration
	allocated, objects int64
}

// add adds what something else has cost.
func (c *cost) add(other cost) {
	c.wall += other.wall
	c.cpu += other.cpu
	c.allocated += other.allocated
	c.objects += other.objects
}

// read returns what it has cost since the meter was started.
func (m meter) read() cost {
	cpu, wall, memory := bench.ProcessCPU().Sub(m.cpu), time.Since(m.began), bench.ReadMemory()
	return cost{wall, cpu.Total(), int64(memory.Allocated - m.memory.Allocated), int64(memory.Objects - m.memory.Objects)}
}

// addTo adds what an operation cost.
func (c cost) addTo(r *Result) {
	n := float64(max(1, r.Operations))
	r.add(float64(c.wall)/n, "ns/op")
	r.add(float64(c.cpu)/n, "cpu-ns/op")
	r.add(float64(max(0, c.allocated))/n, "B/op")
	r.add(float64(c.objects)/n, "allocs/op")
	r.add(n/c.wall.Seconds(), "ops/s")
}

func (r *Result) addLateness(s bench.Summary) {
	r.add(float64(s.P50), "p50-late-ns")
	r.add(float64(s.P99), "p99-late-ns")
	r.add(float64(s.P999), "p999-late-ns")
}
