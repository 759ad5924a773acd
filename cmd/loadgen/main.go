// Command loadgen puts an engine under load and tells what happened, with every
// decision held against a reference model while it runs.
//
// Without arguments it plays the home scenario: 300,000 operations per second,
// three contenders for each target, windows of 100 ms, so 30,000 operations in
// flight, for five seconds.
//
// With --web it shows the running load in a browser, on this machine only unless
// told otherwise, and runs until Ctrl-C unless a duration is given:
//
//	/             the page of package engine/live
//	/metrics.json the engine's metrics
//	/health/live and /health/ready, of package engine/healthz
//
// With replay FILE it plays a journal through the deciding core again, without
// clock or goroutine, and tells a target's history in words.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"example.com/contend/bench"
	"github.com/alecthomas/kong"
)

// flags are the command line. What is not given has bench's defaults.
type flags struct {
	Rate       bench.Rate    `help:"Operations per second (300000, 300k, 1.5m), or flat-out." default:"300k" group:"Workload"`
	Duration   time.Duration `help:"How long to submit; a trace ends by itself." default:"5s" group:"Workload"`
	Operations int64         `help:"How many operations to submit, if fewer than fit into the duration." group:"Workload"`
	Targets    int           `help:"How many targets to contend for." default:"10000" group:"Workload"`
	Skew       bench.Skew    `help:"How operations are spread over targets: threes, uniform, zipf or hot." default:"threes" group:"Workload"`
	Exponent   float64       `help:"Of zipf." default:"0.99" group:"Workload"`
	Trace      string        `help:"Replay the targets of this recorded trace, plain or gzip." placeholder:"FILE" group:"Workload"`
	Repeat     bool          `help:"Start the trace over until the duration ends." group:"Workload"`
	Priorities bench.Mix     `help:"Weights of the priorities." default:"critical=1,high=4,normal=10,low=4,background=1" group:"Workload"`
	Withdraw   float64       `help:"Share of operations to withdraw before their verdict, 0 to 1." group:"Workload"`
	Window     time.Duration `help:"How long a target collects contenders." default:"100ms" group:"Workload"`
	Seed       uint64        `help:"Decides targets, priorities and withdrawals." group:"Workload"`
	Producers  int           `help:"Goroutines that submit." default:"1" group:"Workload"`

	Rung      bench.Rung `help:"How operations learn their verdict: callback, decisions, handles or blocking." default:"callback" group:"Engine"`
	Batch     int        `help:"Submit this many at a time; with --rung=decisions." group:"Engine"`
	Shards    int        `help:"Goroutines that decide; 0 means GOMAXPROCS." group:"Engine"`
	MaxStaged int        `help:"Operations a shard may hold; 0 means 1,048,576." group:"Engine"`
	RingSize  int        `help:"Submissions a shard takes between two looks; 0 means 8,192." group:"Engine"`

	Web           address `help:"Show the load in a browser, at ADDR (${webDefault} if none is given); then it goes on until Ctrl-C unless something else ends it." placeholder:"ADDR" group:"Page"`
	Stay          bool    `help:"Keep the page after the run, until Ctrl-C; with --web." group:"Page"`
	DegradedAbove int     `help:"Operations staged beyond which health is degraded; 0 means three times rate and window, at least 10,000." group:"Page"`

	Journal string `help:"Write the engine's journal to this file, for loadgen replay FILE." placeholder:"FILE" group:"Report"`
	Verify  bool   `help:"Hold every decision against the reference model." default:"true" negatable:"" group:"Report"`
	Net     bool   `help:"Measure the generator alone first, and subtract its processor time." group:"Report"`
	Hottest int    `help:"How many of the hottest targets to name; -1 means 10 for a trace, else none." default:"-1" group:"Report"`
	Quiet   bool   `help:"No progress, only the summary." short:"q" group:"Report"`

	endless bool // nothing but Ctrl-C ends the run
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK        = 0
	exitViolation = 1 // a check failed
	exitUsage     = 2 // nothing was run
)

// run is main without the process around it.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	if len(args) > 0 && args[0] == "replay" {
		return replay(args[1:], out, progress)
	}
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("loadgen"),
		kong.Description("Puts a contend engine under load and verifies every decision. See also: loadgen replay --help."),
		kong.Writers(out, progress),
		kong.Exit(func(int) { exited = true }),
		kong.Vars{"webDefault": defaultAddress},
	)
	if err != nil {
		panic(err) // the flags struct is at fault
	}
	given, err := parser.Parse(args)
	if exited {
		return exitOK // --help was printed
	}
	if err == nil {
		err = f.misplaced(given)
	}
	if err == nil {
		f.endless = f.Web != "" && !isGiven(given, "duration") && f.Operations == 0 && f.Trace == ""
		return f.show(ctx, out, progress)
	}
	fmt.Fprintf(progress, "loadgen: %v\n", err)
	return exitUsage
}

// misplaced returns what is wrong with flags that would otherwise have no effect.
func (f *flags) misplaced(given *kong.Context) error {
	switch {
	case isGiven(given, "exponent") && f.Skew != bench.Zipf:
		return errors.New("--exponent is of --skew zipf: use both, or neither")
	case isGiven(given, "operations") && f.Operations < 1:
		return fmt.Errorf("--operations %d: use 1 or more, or leave it out", f.Operations)
	}
	return nil
}

func isGiven(c *kong.Context, flag string) bool {
	return slices.ContainsFunc(c.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == flag })
}

// show plays the workload and tells what came of it, in a browser too if asked to.
func (f *flags) show(ctx context.Context, out, progress io.Writer) int {
	report, closePage, err := f.play(ctx, progress)
	defer closePage()
	if report != nil {
		summarize(out, report)
	}
	if err != nil {
		fmt.Fprintf(progress, "loadgen: %v\n", err)
		if report == nil {
			return exitUsage
		}
		return exitViolation
	}
	if f.Stay && ctx.Err() == nil {
		fmt.Fprintln(progress, "the page stays until Ctrl-C")
		<-ctx.Done()
	}
	if !report.OK() {
		return exitViolation
	}
	return exitOK
}

// play plays the workload. The page, if there is one, stays until it is closed.
func (f *flags) play(ctx context.Context, progress io.Writer) (report *bench.Report, closePage func(), err error) {
	closePage = func() {}
	w, err := f.workload()
	if err != nil {
		return nil, closePage, err
	}
	o := f.options()
	if err := o.Validate(w); err != nil {
		return nil, closePage, err // before a file is made anew
	}
	if f.Web != "" {
		page, err := openPage(string(f.Web))
		if err != nil {
			return nil, closePage, fmt.Errorf("--web: %w", err)
		}
		closePage = page.close
		f.watched(&o, &w)
		o.Started = page.show
		fmt.Fprintf(progress, "watch at %s\n", page.url())
	}
	if f.Journal != "" {
		file, cannot := os.Create(f.Journal)
		if cannot != nil {
			return nil, closePage, fmt.Errorf("--journal: %w", cannot)
		}
		journal := bufio.NewWriterSize(file, 1<<20)
		defer func() {
			lost := errors.Join(journal.Flush(), file.Close())
			if lost == nil && report != nil && report.Stats.JournalLost > 0 {
				lost = fmt.Errorf("it was written too slowly, %d blocks are lost", report.Stats.JournalLost)
			}
			if lost != nil {
				err = errors.Join(err, fmt.Errorf("--journal: the file is not whole: %w", lost))
			}
		}()
		o.Journal = journal
	}
	if !f.Quiet {
		line := newProgressLine(progress)
		o.Progress, o.Every = line.show, line.every
		defer line.clear()
	}
	report, err = bench.Run(ctx, w, o)
	return report, closePage, err
}

// workload turns the flags into a workload. A trace is read whole first.
func (f *flags) workload() (bench.Workload, error) {
	w := bench.Workload{
		Rate: f.Rate, Duration: f.Duration, Operations: f.Operations,
		Targets: f.Targets, Skew: f.Skew, Exponent: f.Exponent,
		Repeat: f.Repeat, Priorities: f.Priorities, Withdraw: f.Withdraw,
		Window: f.Window, Seed: f.Seed, Producers: f.Producers,
	}
	switch {
	case f.Duration <= 0:
		return w, errors.New("--duration must be positive, for instance 5s")
	case f.Targets <= 0:
		return w, errors.New("--targets must be positive, for instance 10000")
	case f.Producers <= 0:
		return w, errors.New("--producers must be positive, for instance 1")
	case f.Window <= 0:
		return w, errors.New("--window must be positive, for instance 100ms")
	case f.Stay && f.Web == "":
		return w, errors.New("--stay needs --web")
	case f.DegradedAbove < 0:
		return w, errors.New("--degraded-above must be positive, for instance 10000")
	}
	if f.endless {
		w.Duration, w.Operations = 0, bench.Endless
	}
	if f.Trace == "" {
		return w, nil
	}
	if !f.Repeat {
		w.Duration = 0 // the trace's end is the run's
		if f.Operations == 0 {
			w.Operations = bench.Endless
		}
	}
	var err error
	w.Trace, err = bench.ReadTrace(f.Trace)
	return w, err
}

func (f *flags) options() bench.Options {
	o := bench.Options{
		Rung: f.Rung, Batch: f.Batch, Shards: f.Shards,
		MaxStaged: f.MaxStaged, RingSize: f.RingSize,
		Verify: f.Verify, Net: f.Net, Hottest: f.Hottest,
	}
	if f.Hottest < 0 {
		o.Hottest = 0
		if f.Trace != "" && f.Verify {
			o.Hottest = 10
		}
	}
	return o
}
