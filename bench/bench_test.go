package bench

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkWholeJob submits, decides and tells b.N operations flat out, the
// generator included, through the cheapest and the plainest rung.
func BenchmarkWholeJob(b *testing.B) {
	for _, o := range []Options{{Rung: Callback}, {Rung: Decisions, Batch: 16}} {
		for _, skew := range []Skew{Threes, Uniform} {
			for _, targets := range []int{100, 10_000, 1_000_000} {
				b.Run(fmt.Sprintf("%v/%v/targets=%d", o.Rung, skew, targets), func(b *testing.B) {
					o.Shards, o.MaxStaged = 1, 1<<30
					benchmark(b, Workload{Rate: FlatOut, Targets: targets, Skew: skew}, o)
				})
			}
		}
	}
}

// BenchmarkRungs is the ladder: what each way to learn a verdict costs net of the
// generator, at a rate at which 30,000 operations are in flight.
func BenchmarkRungs(b *testing.B) {
	for _, o := range []Options{{Rung: Decisions, Batch: 16}, {Rung: Decisions}, {Rung: Callback}, {Rung: Handles}, {Rung: Blocking}} {
		b.Run(fmt.Sprintf("%v/batch=%d", o.Rung, o.Batch), func(b *testing.B) {
			o.Net = true
			benchmark(b, Workload{}, o)
		})
	}
}

func benchmark(b *testing.B, w Workload, o Options) {
	w.Operations = int64(b.N)
	b.ReportAllocs()
	r, err := Run(context.Background(), w, o)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(r.NetCPUPerOp().Nanoseconds()), "cpu-ns/op")
	b.ReportMetric(r.BytesPerOp(), "B/in-flight")
	b.ReportMetric(float64(r.Lateness.P50.Microseconds()), "p50-late-µs")
	b.ReportMetric(float64(r.Lateness.P99.Microseconds()), "p99-late-µs")
}
