// Package point measures one thing at a time, each time in a process of its own.
//
//	parent: Rounds ─ point ─▶ child: Main ─ bench.Run or parts ─▶ Result ─ JSON ─▶ parent
//
// A process of its own, because a heap that an earlier measurement has grown, and
// pages that it has touched, change what the next one costs. Rounds are
// interleaved, every point once and then every point again, so that a machine that
// is slow for a minute is slow for all of them; what is shown is the median, and
// how far the rounds lie apart.
package point

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/growth/parts"
)

// Point is one thing to measure: a workload against an engine, or, if Part is
// set, a part of the machine or the engine alone.
type Point struct {
	Processors int // GOMAXPROCS of the process
	Part       Part

	Workload bench.Workload
	Rung     bench.Rung
	Batch    int
	Shards   int
	Net      bool // subtract the generator's processor time
}

// Part is something that is measured without a whole engine at work.
type Part string

// The parts; see package parts for what each is.
const (
	Produce   Part = "produce"   // ns an operation: Workload's generator and Stage
	Bounce    Part = "bounce"    // ns a transfer
	Move      Part = "move"      // ns a line
	Claim     Part = "claim"     // ns a claim, of as many threads as processors
	Bandwidth Part = "bandwidth" // bytes a nanosecond
)

// Result is what measuring a point gave.
type Result struct {
	// Value is a part's figure, and a workload's CPU nanoseconds per operation.
	Value float64
	// Rate is operations per second: all of them in the time from the first
	// submission to the last verdict, without the last window, in which nothing
	// but waiting is left.
	Rate float64
	// InFlight is the most operations seen in flight, Bytes the engine's memory
	// for each of them then.
	InFlight float64
	Bytes    float64
}

// unlimited is a limit of staged operations that is not reached.
const unlimited = 1 << 30

// Measure measures a point in this process.
func (p *Point) Measure(ctx context.Context) (Result, error) {
	runtime.GOMAXPROCS(p.Processors)
	if p.Part != "" {
		v, err := p.measurePart(ctx)
		return Result{Value: v}, err
	}
	report, err := bench.Run(ctx, p.Workload, bench.Options{
		Rung: p.Rung, Batch: p.Batch, Shards: p.Shards, Net: p.Net, MaxStaged: unlimited,
	})
	if err != nil {
		return Result{}, err
	}
	if report.Refused > 0 || report.Interrupted {
		return Result{}, fmt.Errorf("%d operations were refused, interrupted: %v", report.Refused, report.Interrupted)
	}
	n := float64(report.Accepted())
	busy := report.Elapsed - p.Workload.Window
	return Result{
		Value:    float64(report.CPU.Total()-report.Generator.Total()) / n,
		Rate:     n * float64(time.Second) / float64(busy),
		InFlight: float64(report.PeakStaged),
		Bytes:    report.BytesPerOp(),
	}, nil
}

func (p *Point) measurePart(ctx context.Context) (float64, error) {
	switch p.Part {
	case Produce:
		return parts.Produce(p.Workload)
	case Bounce:
		return parts.Bounce()
	case Move:
		return parts.Move()
	case Claim:
		return parts.Claim(p.Processors), nil
	case Bandwidth:
		return parts.Bandwidth(p.Processors), nil
	}
	return 0, fmt.Errorf("part %q is not known", p.Part)
}
