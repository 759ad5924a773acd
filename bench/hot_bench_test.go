package bench

import "testing"

func BenchmarkHot(b *testing.B) {
	benchmark(b, Workload{Rate: FlatOut, Skew: Hot}, Options{Rung: Callback, Shards: 1, MaxStaged: 1 << 30})
}
