//go:build !unix

package bench

import (
	"runtime/metrics"
	"time"
)

// ProcessCPU returns the processor time that this process has used since it
// began, all of it as User. Without getrusage this is the estimate of Go's
// runtime, which is brought up to date by garbage collections only: call
// runtime.GC before a reading that counts. Safe for concurrent use.
func ProcessCPU() CPU {
	samples := []metrics.Sample{
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
	}
	metrics.Read(samples)
	used := samples[0].Value.Float64() - samples[1].Value.Float64()
	return CPU{User: time.Duration(used * float64(time.Second))}
}
