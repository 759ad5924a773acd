package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"example.com/contend/bench"
	"example.com/contend/bench/growth/draw"
	"example.com/contend/bench/growth/model"
	"example.com/contend/bench/growth/point"
)

const zipfExponent = 1.1

// load is a way to choose targets that the model is asked about.
type load struct {
	name    string
	skew    bench.Skew
	targets int
	hottest func(shards int) float64 // share of the hottest shard
}

var loads = []load{
	{"uniform", bench.Uniform, usualTargets, func(shards int) float64 { return model.HottestUniform(usualTargets, shards) }},
	{"zipf 1.1", bench.Zipf, usualTargets, func(shards int) float64 { return model.HottestZipf(usualTargets, zipfExponent, shards) }},
	{"one hot target", bench.Hot, 1, func(int) float64 { return 1 }},
}

// How many cache lines an operation takes along, both ways: from the producer to
// the owner the slot in the ring, 40 bytes between others, and the caller's memory, of
// which the owner writes one line to say that it was told; back come the same lines, to
// be written again. The lines of tail, head and bell are touched by all, but once for
// many operations; the tail's are in Costs.Claim and Bounce.
const linesEachWay = 1 + 40./64

// callerBytes is an operation's caller memory in package bench, two lines.
const callerBytes = 128

// checked is a machine of this size whose throughput is measured.
type checked struct{ processors, producers, shards int }

// checkedMachines are where the model is held against measurements. The first is
// what the owner's cost is taken from, and that of the index parkedMachine what being
// parked costs, so these are no checks.
var checkedMachines = []checked{
	{1, 1, 1}, {1, 64, 1}, {1, 1, 2}, {1, 8, 1},
	{2, 1, 1}, {2, 1, 2}, {2, 2, 1}, {2, 2, 2}, {2, 8, 2}, {2, 64, 1}, {2, 64, 2},
}

const parkedMachine = 1

// skewedMachines are those of them that are measured with skewed loads as well.
var skewedMachines = []checked{{1, 1, 1}, {2, 1, 1}, {2, 2, 2}}

func (l *load) machines() []checked {
	if l.skew == bench.Uniform {
		return checkedMachines
	}
	return skewedMachines
}

// The parts of the machine that are measured, before what each load adds.
var machineParts = []point.Point{
	{Part: point.Bounce, Processors: 2},
	{Part: point.Move, Processors: 2},
	{Part: point.Claim, Processors: 1},
	{Part: point.Claim, Processors: 2},
	{Part: point.Bandwidth, Processors: 1},
	{Part: point.Bandwidth, Processors: 2},
}

// modelJobs are the parts, then for each load its producer and its machines.
func (c *curvesCommand) modelJobs() (jobs []point.Job) {
	for _, p := range machineParts {
		jobs = append(jobs, point.Job{Point: p, Rounds: c.rounds()})
	}
	for i := range loads {
		l := &loads[i]
		produce := c.flatOut(l.skew, l.targets, 1, 1, 1)
		produce.Point.Part = point.Produce
		jobs = append(jobs, produce)
		for _, m := range l.machines() {
			jobs = append(jobs, c.flatOut(l.skew, l.targets, m.producers, m.shards, m.processors))
		}
	}
	return jobs
}

// showModel prints what the model is made of, how far it is from what was measured
// and what it says about larger machines.
func (c *curvesCommand) showModel(out io.Writer, measured []point.Measured) error {
	part := func(i int) float64 { return measured[i].Of(point.Value).Median }
	common := model.Costs{
		Bounce: part(0), Move: part(1), Claim: part(3), ProducerLines: linesEachWay, OwnerLines: linesEachWay,
		Batch: 1, Bandwidth: part(5),
	}
	all := func(i int) string { return spread("%.1f", measured[i].Of(point.Value)) }
	fmt.Fprintf(out, "\nThe model's parts: a line that bounces between two cores %s ns, one that moves in a stream %s ns; a claim of a ring's tail alone %s ns, one of two threads that do nothing else %s ns; memory %s GB/s with one thread, %s with two.\n",
		all(0), all(1), all(2), all(3), all(4), all(5))
	measured = measured[len(machineParts):]

	costs := make([]model.Costs, len(loads))
	fmt.Fprintln(out, "\n| load | GOMAXPROCS | producers | shards | measured, million/s | model: floor | bound | parked | error of the model | what gives out |\n|---|---|---|---|---|---|---|---|---|---|")
	picture := draw.Picture{
		Title: "Throughput on larger machines, as the model says", LogY: true,
		Ticks: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256},
		X:     "cores (as many producers and shards)", Y: "million operations per second",
	}
	for i := range loads {
		l := &loads[i]
		costs[i] = common
		calibrate(&costs[i], measured[0], measured[1])
		if l.skew == bench.Uniform {
			whole, parked := measured[1].Of(point.Value).Median, measured[1+parkedMachine].Of(point.Value).Median
			common.Park = max(0, parked-whole)
		}
		costs[i].Park = common.Park
		points := l.check(out, &costs[i], measured[1:])
		measured = measured[1+len(l.machines()):]
		costs[i].Bandwidth = c.Bandwidth
		picture.Curves = append(picture.Curves, l.curve(&costs[i], i), draw.Curve{Dots: true, Color: i, Name: "measured", Points: points})
	}
	showLarger(out, costs, c.Bandwidth)
	return picture.Write(filepath.Join(c.Out, "cores.svg"))
}

// calibrate fills in what depends on the load: from the producer measured by itself,
// and from the whole job on one core, on which no line comes from another.
func calibrate(c *model.Costs, produced, whole point.Measured) {
	c.Producer = produced.Of(point.Value).Least // what else runs on the machine only adds
	c.Owner = max(1, whole.Of(point.Value).Median-c.Producer)
	// What is in flight is written once and read once, in memory where there is
	// more of it than fits into caches; so is the caller's memory, by both sides.
	c.Traffic = 2*whole.Of(point.Bytes).Median + 4*callerBytes
}

// check prints a row for each machine that was measured and returns the points of
// the picture.
func (l *load) check(out io.Writer, c *model.Costs, measured []point.Measured) (points []draw.Point) {
	for i, m := range l.machines() {
		rate := measured[i].Of(millions)
		p := c.Predict(model.Machine{Cores: m.processors, Producers: m.producers, Shards: m.shards}, l.hottest(m.shards))
		wrong := fmt.Sprintf("%+.0f %%", percent(p.Parked*1e3, rate.Median))
		if p.Parked == p.Bound && p.Floor < p.Bound {
			wrong = fmt.Sprintf("%+.0f to %s", percent(p.Floor*1e3, rate.Median), wrong)
		}
		if i == 0 || l.skew == bench.Uniform && i == parkedMachine {
			wrong += ", calibrated here"
		}
		fmt.Fprintf(out, "| %s | %d | %d | %d | %s | %.2f | %.2f | %.2f | %s | %s |\n",
			l.name, m.processors, m.producers, m.shards, spread("%.2f", rate), p.Floor*1e3, p.Bound*1e3, p.Parked*1e3, wrong, gives(p))
		if m.producers == m.processors && m.shards == m.processors { // as in the picture
			points = append(points, draw.Point{X: float64(m.processors), Y: rate.Median, Least: rate.Least, Most: rate.Most})
		}
	}
	fmt.Fprintf(out, "| | | | | a producer %.0f ns, an owner %.0f ns, being parked %.0f ns, %.0f bytes of traffic | | | | | |\n", c.Producer, c.Owner, c.Park, c.Traffic)
	return points
}

// percent returns how far a prediction is from what was measured.
func percent(predicted, measured float64) float64 { return 100 * (predicted/measured - 1) }

// gives returns what gives out.
func gives(p model.Prediction) string {
	if p.Parked < p.Bound {
		return "waking parked producers"
	}
	return p.Bottleneck
}

// onCores returns what the model says of a machine that is used in the way that an
// engine is by default: a shard for each core, and as many producers.
func (l *load) onCores(c *model.Costs, cores int) model.Prediction {
	return c.Predict(model.Machine{Cores: cores, Producers: cores, Shards: cores}, l.hottest(cores))
}

func (l *load) curve(c *model.Costs, color int) draw.Curve {
	result := draw.Curve{Name: l.name + ", model: bound, down to floor", Dashed: true, Color: color}
	for cores := 1; cores <= 256; cores *= 2 {
		p := l.onCores(c, cores)
		result.Points = append(result.Points, draw.Point{X: float64(cores), Y: p.Bound * 1e3, Least: p.Floor * 1e3, Most: p.Bound * 1e3})
	}
	return result
}

// largerCores are the machines of the table.
var largerCores = []int{1, 2, 8, 64, 256}

func showLarger(out io.Writer, costs []model.Costs, bandwidth float64) {
	fmt.Fprintf(out, "\nLarger machines, as many producers and shards as cores, %.0f GB/s of memory:\n\n", bandwidth)
	fmt.Fprintln(out, "| cores | load | hottest shard | million/s: floor | bound | what gives out |\n|---|---|---|---|---|---|")
	for _, cores := range largerCores {
		for i := range loads {
			l := &loads[i]
			p := l.onCores(&costs[i], cores)
			share := strconv.FormatFloat(100*l.hottest(cores), 'g', 3, 64)
			fmt.Fprintf(out, "| %d | %s | %s %% | %.2f | %.2f | %s |\n", cores, l.name, share, p.Floor*1e3, p.Bound*1e3, p.Bottleneck)
		}
	}
}
