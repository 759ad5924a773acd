package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/growth/point"
	"github.com/dustin/go-humanize"
)

// garbageCommand keeps many operations in flight, for as long as it is told after
// there are so many.
type garbageCommand struct {
	Duration time.Duration `help:"For how long that many are in flight." default:"60s"`
	InFlight int64         `help:"How many." default:"10000000"`
	Rate     bench.Rate    `help:"Operations per second; the window follows from it." default:"1m"`
}

const garbageArgument = "measure-garbage"

// garbageRun is what a child is asked for.
type garbageRun struct {
	Workload bench.Workload
	Rung     bench.Rung
	Steady   time.Duration // from when on everything is in flight
}

// garbageResult is what it found.
type garbageResult struct {
	CPU, GC      float64 // seconds of processor time, from the first submission until collections are forced
	SteadyGC     float64 // of GC, once everything was in flight, collections by force not counted
	Submitted    int64   // until then, too
	Collections  uint64
	Pause        float64       // longest stop of the world for a collection, seconds
	Heap         uint64        // most bytes in use by objects
	InFlight     int           // most operations
	Engine       float64       // bytes of the engine's for each
	Forced       []float64     // GC seconds of each collection by force at that time
	Took         []float64     // seconds that each took
	Late, Later  time.Duration // lateness at p50 and p90
	PerOperation time.Duration
}

// Run measures operations with memory of the caller's and such with a tag.
func (g *garbageCommand) Run(s *surroundings) error {
	window := time.Duration(float64(g.InFlight) / float64(g.Rate) * float64(time.Second))
	if g.Duration < 2*forcedBefore || window <= 0 {
		return usageError{fmt.Errorf("--duration must be %v at least, --in-flight positive", 2*forcedBefore)}
	}
	var results []garbageResult
	for _, rung := range []bench.Rung{bench.Callback, bench.Decisions} {
		run := garbageRun{
			Workload: bench.Workload{
				Rate: g.Rate, Duration: window + g.Duration, Window: window, Targets: int(g.InFlight / 2), Skew: bench.Uniform,
			}.WithDefaults(),
			Rung: rung, Steady: window,
		}
		fmt.Fprintf(s.progress, "%v: about %v\n", rung, run.Workload.Duration+window)
		var r garbageResult
		if err := point.Child(s, garbageArgument, nil, run, &r); err != nil {
			return err
		}
		results = append(results, r)
	}
	g.show(s.out, window, results[0], results[1])
	return nil
}

func (g *garbageCommand) show(out io.Writer, window time.Duration, callback, tags garbageResult) {
	fmt.Fprintf(out, "%s operations/s, windows of %v, for %v once the first has closed; one producer, GOMAXPROCS %d\n\n",
		humanize.Comma(int64(g.Rate)), window, g.Duration, runtime.GOMAXPROCS(0))
	fmt.Fprintln(out, "| | callbacks, in memory of the caller's | tags, no pointers of the caller's |\n|---|---|---|")
	row := func(what string, cell func(r *garbageResult) string) {
		fmt.Fprintf(out, "| %s | %s | %s |\n", what, cell(&callback), cell(&tags))
	}
	row("operations in flight", func(r *garbageResult) string { return humanize.Comma(int64(r.InFlight)) })
	row("heap at its peak", func(r *garbageResult) string { return humanize.IBytes(r.Heap) })
	row("heap per operation in flight, garbage included", func(r *garbageResult) string {
		return fmt.Sprintf("%.0f B", float64(r.Heap)/float64(r.InFlight))
	})
	row("of which the engine's", func(r *garbageResult) string { return fmt.Sprintf("%.0f B", r.Engine) })
	row("collections", func(r *garbageResult) string { return fmt.Sprint(r.Collections) })
	row("GC's share of the processor time, from the first submission until a collection is forced", func(r *garbageResult) string {
		return fmt.Sprintf("%.2f %%", 100*r.GC/r.CPU)
	})
	row("GC's processor time while all are in flight", func(r *garbageResult) string { return fmt.Sprintf("%.2f s", r.SteadyGC) })
	row("longest pause for GC", func(r *garbageResult) string { return millis(r.Pause) })
	row("a collection by force: processor time", func(r *garbageResult) string { return spread("%.2f", point.NewSpread(r.Forced)) + " s" })
	row("a collection by force: took", func(r *garbageResult) string { return spread("%.2f", point.NewSpread(r.Took)) + " s" })
	row("CPU per operation, generator included", func(r *garbageResult) string { return r.PerOperation.String() })
	row("lateness p50, p90", func(r *garbageResult) string {
		return fmt.Sprintf("%v, %v", r.Late.Round(10*time.Microsecond), r.Later.Round(10*time.Microsecond))
	})
	fmt.Fprintf(out, "\nThe caller's memory, with its pointers, costs %.2f s of processor time more in each collection and %.0f bytes per operation.\n",
		point.NewSpread(callback.Forced).Median-point.NewSpread(tags.Forced).Median, float64(callback.Heap)/float64(callback.InFlight)-float64(tags.Heap)/float64(tags.InFlight))
}

func millis(seconds float64) string { return fmt.Sprintf("%.2g ms", seconds*1e3) }

// garbageMain is a child: it runs the workload and watches the collector.
func garbageMain(ctx context.Context, in io.Reader, out io.Writer) error {
	var run garbageRun
	if err := json.NewDecoder(in).Decode(&run); err != nil {
		return err
	}
	var r garbageResult
	w := watcher{run: &run, result: &r, before: readCollector(), cpu: bench.ProcessCPU()}
	report, err := bench.Run(ctx, run.Workload, bench.Options{
		Rung: run.Rung, Shards: 1, MaxStaged: 1 << 30, Progress: w.look, Every: 100 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	r.InFlight, r.Engine = report.PeakStaged, report.BytesPerOp()
	r.Late, r.Later, r.PerOperation = report.Lateness.P50, report.Lateness.P90, time.Duration(1e9*r.CPU/float64(r.Submitted))
	if len(r.Forced) == 0 {
		return fmt.Errorf("it was over before a collection could be forced: use a longer --duration")
	}
	return json.NewEncoder(out).Encode(r)
}

// watcher looks at the collector while operations are submitted. It belongs to the
// runner's progress goroutine, which has ended when the run has.
type watcher struct {
	run    *garbageRun
	result *garbageResult
	before collector
	cpu    bench.CPU  // likewise
	steady *collector // when everything was in flight
}

func (w *watcher) look(p bench.Progress) {
	now, r := readCollector(), w.result
	if p.Elapsed < w.run.Steady {
		r.Heap = max(r.Heap, now.heap)
		return
	}
	if w.steady == nil {
		w.steady = &now
	}
	if p.Elapsed >= w.run.Workload.Duration-forcedBefore {
		w.force(&now)
		return
	}
	r.Heap = max(r.Heap, now.heap)
	r.GC, r.CPU = now.cpu-w.before.cpu, bench.ProcessCPU().Sub(w.cpu).Total().Seconds()
	r.Submitted = int64(p.Stats.Submitted)
	r.SteadyGC = now.cpu - w.steady.cpu
	r.Collections = now.cycles - w.before.cycles
	r.Pause = now.longest(&w.before)
}

// The last of the time goes to collections by force: after all other readings, and
// briefly enough that p90 is of the time before.
const (
	forcedBefore      = 4 * time.Second
	forcedCollections = 5
)

func (w *watcher) force(before *collector) {
	if len(w.result.Forced) == forcedCollections {
		return
	}
	begun := time.Now()
	runtime.GC()
	w.result.Took = append(w.result.Took, time.Since(begun).Seconds())
	w.result.Forced = append(w.result.Forced, readCollector().cpu-before.cpu)
}

// collector is a reading of what the garbage collector has done. The estimate of
// its processor time is brought up to date at the end of each collection.
type collector struct {
	cpu    float64 // seconds
	cycles uint64
	heap   uint64 // bytes of objects now
	pauses *metrics.Float64Histogram
}

func readCollector() collector {
	s := []metrics.Sample{
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(s)
	return collector{s[0].Value.Float64(), s[1].Value.Uint64(), s[2].Value.Uint64(), s[3].Value.Float64Histogram()}
}

// longest returns the longest pause since an earlier reading: the upper end of its
// bucket.
func (c *collector) longest(earlier *collector) float64 {
	for i := len(c.pauses.Counts) - 1; i >= 0; i-- {
		if c.pauses.Counts[i] > earlier.pauses.Counts[i] {
			if upper := c.pauses.Buckets[i+1]; !math.IsInf(upper, 1) {
				return upper
			}
			return c.pauses.Buckets[i]
		}
	}
	return 0
}
