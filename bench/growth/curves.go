package main

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/growth/draw"
	"example.com/contend/bench/growth/point"
)

// curvesCommand measures and draws.
type curvesCommand struct {
	Full   bool   `help:"Five rounds of longer runs instead of three of short ones."`
	Only   string `help:"Only the curves whose name matches this regular expression: targets, in-flight, producers, shards, model." placeholder:"REGEXP"`
	Out    string `help:"Where the pictures go." default:"." type:"existingdir"`
	Rounds int    `help:"How often each point is measured; 0 means 3, or 5 with --full."`

	Bandwidth float64 `help:"Memory bandwidth of the larger machines of the model, in GB/s." default:"200"`
}

// curve is one picture: several series of points.
type curve struct {
	name, title, x string
	figure         func(point.Result) float64
	y              string
	logY           bool
	ticks          []float64
	series         []series
}

// series are points that are one line.
type series struct {
	name string
	at   []float64 // where on the horizontal axis; nil if that is measured, too
	jobs []point.Job
}

// Run measures everything that was asked for, all interleaved, and shows it.
func (c *curvesCommand) Run(s *surroundings) error {
	only, err := regexp.Compile(c.Only)
	if err != nil {
		return usageError{fmt.Errorf("--only: %w", err)}
	}
	var curves []curve
	for _, all := range []curve{c.overTargets(), c.overInFlight(), c.overProducers(), c.overShards()} {
		if only.MatchString(all.name) {
			curves = append(curves, all)
		}
	}
	var jobs []point.Job
	for _, c := range curves {
		for _, s := range c.series {
			jobs = append(jobs, s.jobs...)
		}
	}
	withModel := only.MatchString("model")
	if len(curves) == 0 && !withModel {
		return usageError{fmt.Errorf("--only: no curve matches %s", c.Only)}
	}
	if withModel {
		jobs = append(jobs, c.modelJobs()...)
	}
	measured, err := point.Rounds(s, jobs, progressOf(s.progress))
	if err != nil {
		return err
	}
	for i := range curves {
		if measured, err = c.show(s.out, &curves[i], measured); err != nil {
			return err
		}
	}
	if withModel {
		return c.showModel(s.out, measured)
	}
	return nil
}

// progressOf returns what tells how far the measuring is, on one line.
func progressOf(w io.Writer) func(done, total int) {
	begun := time.Now()
	return func(done, total int) {
		fmt.Fprintf(w, "\r%d of %d measured, %v ", done, total, time.Since(begun).Round(time.Second))
		if done == total-1 {
			fmt.Fprintln(w)
		}
	}
}

// rounds returns how often a point is measured.
func (c *curvesCommand) rounds() int {
	switch {
	case c.Rounds > 0:
		return c.Rounds
	case c.Full:
		return 5
	}
	return 3
}

// length returns how many operations a run flat out has, or how long it is, whatever
// comes first.
func (c *curvesCommand) length() (operations int64, duration time.Duration) {
	if c.Full {
		return 8_000_000, 4 * time.Second
	}
	return 1_500_000, 700 * time.Millisecond
}

// flatOutWindow is short, so that what happens before the first window closes and
// after the last opens is a small part of a run.
const flatOutWindow = 10 * time.Millisecond

func (c *curvesCommand) flatOut(skew bench.Skew, targets, producers, shards, processors int) point.Job {
	operations, duration := c.length()
	return point.Job{Rounds: c.rounds(), Point: point.Point{
		Processors: processors, Shards: shards,
		Workload: bench.Workload{
			Window: flatOutWindow, Rate: bench.FlatOut, Operations: operations, Duration: duration, Skew: skew, Targets: targets, Producers: producers,
			Exponent: zipfExponent,
		},
	}}
}

const usualTargets = 10_000

func (c *curvesCommand) overTargets() curve {
	result := curve{
		name: "targets", title: "Flat out, callback, one shard, windows of 100 ms", figure: point.Value,
		x: "targets", y: "CPU ns/op, generator included",
	}
	for _, skew := range []bench.Skew{bench.Threes, bench.Uniform} {
		s := series{name: skewName(skew)}
		for targets := 10; targets <= 10_000_000; targets *= 10 {
			job := c.flatOut(skew, targets, 1, 1, 2)
			job.Point.Workload.Window = bench.DefaultWindow // so that a million targets have open ones
			s.add(float64(targets), job)
		}
		result.series = append(result.series, s)
	}
	return result
}

func skewName(skew bench.Skew) string {
	if skew == bench.Threes {
		return "three in a row"
	}
	return "at random"
}

// inFlightRate is the rate at which the number in flight is changed through the
// window.
const inFlightRate = bench.Rate(1_000_000)

// overInFlight changes the window only, so that the cost of waking up is the same
// everywhere. There are as many targets as make groups of some three.
func (c *curvesCommand) overInFlight() curve {
	result := curve{
		name: "in-flight", title: "1,000,000 operations/s, one shard, windows of 1 ms to 10 s", figure: point.Value,
		x: "operations in flight", y: "CPU ns/op, net of the generator",
	}
	for _, skew := range []bench.Skew{bench.Threes, bench.Uniform} {
		s := series{name: skewName(skew)}
		for window := time.Millisecond; window <= 10*time.Second; window *= 10 {
			inFlight := int(int64(inFlightRate) * int64(window) / int64(time.Second))
			job := point.Job{Rounds: c.rounds(), Point: point.Point{
				Processors: 2, Shards: 1, Net: true,
				Workload: bench.Workload{
					Rate: inFlightRate, Duration: max(time.Second, window+window/10), Window: window,
					Skew: skew, Targets: inFlight / 2,
				},
			}}
			if skew == bench.Threes {
				job.Point.Workload.Targets = inFlight/3 + inFlight/20 // a lap takes more than a window
			}
			if window >= 10*time.Second && !c.Full {
				job.Rounds = 1 // it takes 21 s
			}
			s.add(0, job)
		}
		s.at = nil
		result.series = append(result.series, s)
	}
	return result
}

var producerCounts = []float64{1, 2, 4, 8, 16, 32, 64}

func (c *curvesCommand) overProducers() curve {
	result := curve{
		name: "producers", title: "Flat out, 10,000 targets at random, windows of 10 ms", figure: point.Value,
		x: "producers", y: "CPU ns/op, generators included", logY: true, ticks: producerCounts,
	}
	for _, shards := range []int{1, 2} {
		s := series{name: fmt.Sprintf("%d shard%s, GOMAXPROCS 2", shards, plural(shards))}
		for _, producers := range producerCounts {
			s.add(producers, c.flatOut(bench.Uniform, usualTargets, int(producers), shards, 2))
		}
		result.series = append(result.series, s)
	}
	return result
}

var shardCounts = []float64{1, 2, 4, 8}

func (c *curvesCommand) overShards() curve {
	result := curve{
		name: "shards", title: "10,000 targets at random, 2 producers, windows of 10 ms", figure: millions,
		x: "shards", y: "million operations per second", ticks: shardCounts,
	}
	for _, processors := range []int{1, 2} {
		s := series{name: fmt.Sprintf("GOMAXPROCS %d", processors)}
		for _, shards := range shardCounts {
			s.add(shards, c.flatOut(bench.Uniform, usualTargets, 2, int(shards), processors))
		}
		result.series = append(result.series, s)
	}
	return result
}

func millions(r point.Result) float64 { return r.Rate / 1e6 }

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (s *series) add(at float64, j point.Job) {
	s.at, s.jobs = append(s.at, at), append(s.jobs, j)
}

// show prints a curve's table and draws its picture, from the first of what was
// measured. It returns the rest.
func (c *curvesCommand) show(out io.Writer, shown *curve, measured []point.Measured) ([]point.Measured, error) {
	picture := draw.Picture{Title: shown.title, X: shown.x, Y: shown.y, LogY: shown.logY, Ticks: shown.ticks}
	fmt.Fprintf(out, "\n%s: %s, median (least to most of %d rounds)\n\n", shown.title, shown.y, c.rounds())
	fmt.Fprintf(out, "| %s | | CPU ns/op | million/s | bytes in flight |\n|---|---|---|---|---|\n", shown.x)
	for i, s := range shown.series {
		drawn := draw.Curve{Name: s.name, Color: i}
		for j := range s.jobs {
			m := measured[j]
			at := m.Of(point.InFlight).Median
			if s.at != nil {
				at = s.at[j]
			}
			y := m.Of(shown.figure)
			drawn.Points = append(drawn.Points, draw.Point{X: at, Y: y.Median, Least: y.Least, Most: y.Most})
			fmt.Fprintf(out, "| %s | %s | %s | %s | %.0f |\n", draw.Number(at), s.name,
				spread("%.0f", m.Of(point.Value)), spread("%.2f", m.Of(millions)), m.Of(point.Bytes).Median)
		}
		picture.Curves = append(picture.Curves, drawn)
		measured = measured[len(s.jobs):]
	}
	return measured, picture.Write(filepath.Join(c.Out, shown.name+".svg"))
}

// spread writes a median with the least and the most, unless there was one round.
func spread(format string, s point.Spread) string {
	if s.Least == s.Most {
		return fmt.Sprintf(format, s.Median)
	}
	return fmt.Sprintf(format+" ("+format+" to "+format+")", s.Median, s.Least, s.Most)
}
