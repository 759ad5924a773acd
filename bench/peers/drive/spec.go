package drive

import (
	"fmt"
	"strings"
	"time"

	"example.com/contend/bench"
)

// Spec is a measurement. It can be written as JSON.
type Spec struct {
	Kind string // one of the keys of kinds
	By   string // a contestant, Nobody, or a part

	Targets   int
	Skew      bench.Skew
	Trace     string `json:",omitempty"` // a file, in the place of Targets and Skew
	Rate      bench.Rate
	Producers int
	Shards    int
	Procs     int // GOMAXPROCS
	InFlight  int `json:",omitempty"` // blocking: waiters; staged, parts: operations
	Window    time.Duration
	Duration  time.Duration // of submitting; blocking: of being measured
	Seed      uint64
}

// Question names what is measured, without by whom, and in words that benchstat can
// tell apart.
func (s Spec) Question() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s/", s.Kind)
	switch {
	case s.Trace != "":
		fmt.Fprintf(&b, "trace=%s/", TraceName(s.Trace))
	case s.Targets > 0:
		fmt.Fprintf(&b, "targets=%d/skew=%v/", s.Targets, s.Skew)
	}
	if s.Rate > 0 {
		fmt.Fprintf(&b, "rate=%v/", s.Rate)
	}
	if s.InFlight > 0 {
		fmt.Fprintf(&b, "inflight=%d/", s.InFlight)
	}
	if s.Shards > 0 {
		fmt.Fprintf(&b, "shards=%d/", s.Shards)
	}
	fmt.Fprintf(&b, "producers=%d/procs=%d", s.Producers, s.Procs)
	return b.String()
}

// Name is the name of the benchmark.
func (s Spec) Name() string {
	return fmt.Sprintf("Benchmark%s/by=%s-%d", s.Question(), s.By, s.Procs)
}

// TraceName is the name of a trace in a question.
func TraceName(file string) string {
	name := file[strings.LastIndexByte(file, '/')+1:]
	name, _, _ = strings.Cut(name, ".")
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '=' || r == ' ' {
			return '_'
		}
		return r
	}, name)
}

// workload makes the workload of the driver.
func (s Spec) workload() (bench.Workload, error) {
	w := bench.Workload{
		Rate: s.Rate, Duration: s.Duration, Targets: s.Targets, Skew: s.Skew,
		Seed: s.Seed, Producers: s.Producers, Window: s.Window,
	}
	if s.Trace != "" {
		trace, err := bench.ReadTrace(s.Trace)
		if err != nil {
			return w, err
		}
		w.Trace, w.Repeat = trace, true
	}
	w = w.WithDefaults()
	return w, w.Validate()
}
