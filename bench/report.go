package bench

import (
	"time"

	"example.com/contend/engine"
)

// Report is what a run came to.
type Report struct {
	Workload    Workload
	Options     Options
	Elapsed     time.Duration // from the first submission until the last window had closed
	Submitting  time.Duration // of that, until the last submission
	Interrupted bool          // the context ended before the workload did

	Stats     engine.Stats
	Withdrawn int64 // operations that were withdrawn in time
	Refused   int64 // submissions refused as overloaded

	// CPU is the process's, the generator and the verifier included; Generator
	// is that of a run that submitted nothing, if Options.Net was set.
	CPU       CPU
	Generator CPU

	Lateness Summary // beyond the window
	// Exact is false where lateness counts from the opening of the window
	// rather than from the intended time of submission.
	Exact bool

	// Lag is how far behind the intended times the generator itself was. It is
	// part of Lateness where that is exact.
	Lag Summary

	// PeakStaged is the most operations seen in flight, PeakBytes the memory
	// that the engine held for staging then, rings included.
	PeakStaged int
	PeakBytes  int

	Verified *Verified // nil if the run was not verified
	Hottest  []HotTarget
}

// Accepted returns how many operations were staged.
func (r *Report) Accepted() int64 { return int64(r.Stats.Submitted) }

// CPUPerOp returns the processor time per accepted operation.
func (r *Report) CPUPerOp() time.Duration { return perOp(r.CPU.Total(), r.Accepted()) }

// NetCPUPerOp returns the same without the generator's share.
func (r *Report) NetCPUPerOp() time.Duration {
	return perOp(r.CPU.Total()-r.Generator.Total(), r.Accepted())
}

func perOp(d time.Duration, n int64) time.Duration {
	if n == 0 {
		return 0
	}
	return d / time.Duration(n)
}

// BytesPerOp returns the engine's memory per operation in flight at the peak.
func (r *Report) BytesPerOp() float64 {
	if r.PeakStaged == 0 {
		return 0
	}
	return float64(r.PeakBytes) / float64(r.PeakStaged)
}

// OK reports whether everything that was checked held.
func (r *Report) OK() bool { return r.Verified == nil || r.Verified.Violations == 0 }
