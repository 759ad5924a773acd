package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"example.com/contend/engine"
)

// Options say how a workload is played. The zero value plays it through
// callbacks, one submission at a time, unverified.
type Options struct {
	Rung   Rung
	Shards int // 0: the engine's default
	// Batch is how many operations are submitted together; only with Decisions.
	Batch int
	// MaxStaged and RingSize are the engine's; 0: its defaults.
	MaxStaged int
	RingSize  int
	// Journal gets the engine's journal, nil for none.
	Journal io.Writer
	// Verify holds every decision against the reference model.
	Verify bool
	// Net first plays the workload's generator alone for a while, so that its
	// share of the processor time can be told.
	Net bool
	// Dry plays the generator alone.
	Dry bool
	// Hottest is how many targets the report names; needs Verify.
	Hottest int
	// Names, if there are any, are given to operations in turn. Those with a tag have
	// no name.
	Names []string
	// Configure, if set, may change how the engine is watched. How it decides is the
	// workload's.
	Configure func(*engine.Config)
	// Started, if set, is given the engine when it has started. It is stopped when
	// Run returns.
	Started func(*engine.Engine)
	// Progress, if set, is called every so often from a goroutine of its own.
	Progress func(Progress)
	Every    time.Duration // between calls of Progress; 0: half a second
}

// Progress is how far a run is.
type Progress struct {
	Elapsed time.Duration
	Total   int64 // operations that will be submitted; Endless if only time ends the run
	Stats   engine.Stats
}

// sampleEvery is how often the runner looks how much is in flight.
const sampleEvery = 20 * time.Millisecond

// dryRun is how long a generator is measured alone.
const dryRun = time.Second

// runner is one run.
type runner struct {
	workload Workload
	options  Options
	engine   *engine.Engine
	start    int64 // on the engine's clock, like all times of a run
	taps     []*tap
	feed     *feed // nil if not verified
	winners  winners

	report Report
}

// Run plays a workload against an engine of its own and returns what it came
// to. If ctx ends, submitting ends; what was accepted is still decided, verified
// and reported.
func Run(ctx context.Context, w Workload, o Options) (*Report, error) {
	w = w.WithDefaults()
	if err := o.Validate(w); err != nil {
		return nil, err
	}
	generator, err := measureGenerator(ctx, w, o)
	if err != nil {
		return nil, err
	}
	r := &runner{workload: w, options: o}
	if r.engine, err = engine.New(r.engineConfig()); err != nil {
		return nil, err
	}
	r.report.Generator = generator
	r.prepare()
	r.play(ctx)
	return &r.report, nil
}

// Validate returns what Run would refuse, without running anything.
func (o Options) Validate(w Workload) error {
	w, o.Configure = w.WithDefaults(), nil
	if err := errors.Join(w.Validate(), o.validate(w)); err != nil {
		return err
	}
	_, err := engine.New((&runner{workload: w, options: o}).engineConfig())
	return err
}

func (o Options) validate(w Workload) error {
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf("bench: options: "+format, args...))
		}
	}
	check(o.Rung.known(), "rung %d is not known: use %s", uint8(o.Rung), rungNames)
	check(o.Batch >= 0, "batch of %d: use a positive size", o.Batch)
	check(o.Batch <= 1 || o.Rung == Decisions, "a batch needs the rung decisions, not %v", o.Rung)
	check(o.Batch <= 1 || !o.Verify || w.Producers == 1, "batches of several producers cannot be verified, since their order is not known: use one producer, or no batch")
	check(w.Withdraw == 0 || o.Rung != Decisions, "operations with a tag cannot be withdrawn: use another rung than decisions")
	check(!o.Net || w.Total() != Endless, "the generator cannot be measured alone if only time ends the run: give a number of operations, or leave net out")
	check(o.Hottest == 0 || o.Verify, "the hottest targets are counted by the verifier: verify, or do not ask for them")
	return errors.Join(wrong...)
}

// measureGenerator plays the generator alone, scaled to the length of the run.
func measureGenerator(ctx context.Context, w Workload, o Options) (CPU, error) {
	if !o.Net {
		return CPU{}, nil
	}
	dry := o
	dry.Net, dry.Verify, dry.Dry, dry.Progress, dry.Hottest, dry.Journal = false, false, true, nil, 0, nil
	dry.Configure, dry.Started = nil, nil
	short := w
	if w.Rate != FlatOut {
		short.Operations = min(w.Total(), perDuration(w.Rate, dryRun))
	}
	report, err := Run(ctx, short, dry)
	if err != nil {
		return CPU{}, err
	}
	scale := float64(w.Total()) / float64(short.Total())
	return CPU{
		User:   time.Duration(float64(report.CPU.User) * scale),
		System: time.Duration(float64(report.CPU.System) * scale),
	}, nil
}

func (r *runner) engineConfig() engine.Config {
	c := engine.Config{
		Window: r.workload.Window, Shards: r.options.Shards,
		MaxStaged: r.options.MaxStaged, RingSize: r.options.RingSize,
		Journal:  r.options.Journal,
		Decided:  r.decide,
		Registry: engine.Discard,
	}
	if r.options.Rung == Blocking {
		c.Registry = &r.winners
	}
	if r.options.Configure != nil {
		r.options.Configure(&c)
	}
	return c
}

// prepare makes the taps and the verifier.
func (r *runner) prepare() {
	for i := range r.engine.Shards() {
		r.taps = append(r.taps, &tap{runner: r, lateness: NewLateness(), toldSlabs: toldSlabs{shard: i}})
	}
	if r.options.Verify {
		ordered := r.options.Rung != Blocking
		r.feed = newFeed(newVerifier(int64(r.workload.Window), ordered), r.workload.Producers)
	}
}

// play runs the producers to their end, then the engine to its.
func (r *runner) play(ctx context.Context) {
	r.engine.Start()
	if r.options.Started != nil {
		r.options.Started(r.engine)
	}
	watched := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { r.watch(watched) })

	cpu := ProcessCPU()
	r.start = r.engine.Now()
	r.produce(ctx)
	r.report.Interrupted = ctx.Err() != nil
	r.engine.Stop(context.Background()) // ends when all windows have closed
	r.report.Elapsed = r.elapsed()
	r.report.CPU = ProcessCPU().Sub(cpu)

	close(watched)
	watching.Wait()
	r.conclude()
}

// produce runs the producers until the workload or the context ends.
func (r *runner) produce(ctx context.Context) {
	var producing sync.WaitGroup
	var producers []*producer
	for i, stream := range r.workload.Streams() {
		p := &producer{runner: r, number: i, stream: stream, submit: r.newSubmitter()}
		if r.workload.Rate != FlatOut {
			p.lag = NewLateness()
		}
		producers = append(producers, p)
		producing.Go(func() { p.run(ctx) })
	}
	producing.Wait()
	lag := NewLateness()
	for _, p := range producers {
		if p.lag != nil {
			lag.Merge(p.lag)
		}
		r.report.Submitting = max(r.report.Submitting, time.Duration(p.ended-r.start))
		r.report.Refused += p.refused
		r.report.Withdrawn += p.withdrew
	}
	r.report.Lag = lag.Summary()
}

// conclude puts the report together once the engine has stopped.
func (r *runner) conclude() {
	lateness := NewLateness()
	for _, t := range r.taps {
		t.handOver()
		lateness.Merge(t.lateness)
	}
	rep := &r.report
	rep.Workload, rep.Options, rep.Stats = r.workload, r.options, r.engine.Stats()
	rep.Lateness = lateness.Summary()
	rep.Exact = r.workload.Rate != FlatOut && (r.options.Rung == Callback || r.options.Rung == Decisions)
	if r.feed != nil {
		verified := r.feed.close()
		r.checkTotals(&verified)
		rep.Verified = &verified
		rep.Hottest = r.feed.verifier.hottest(r.options.Hottest)
	}
}

// checkTotals holds the engine's counts against the verifier's.
func (r *runner) checkTotals(v *Verified) {
	s := &r.report.Stats
	for _, c := range []struct {
		what      string
		got, want int64
	}{
		{"groups decided", int64(s.Won), v.Decisions},
		{"conflicts", int64(s.Conflicts), v.Conflicts},
		{"operations withdrawn", int64(s.Withdrawn), r.report.Withdrawn},
		{"operations accepted", int64(s.Submitted), int64(s.Won + s.Rejected + s.Withdrawn + s.Stopped)},
	} {
		if c.got != c.want {
			v.Violations++
			v.Messages = append(v.Messages, fmt.Sprintf("the engine counts %d %s, %d were verified", c.got, c.what, c.want))
		}
	}
}

// watch samples what is in flight and reports progress until done closes.
func (r *runner) watch(done <-chan struct{}) {
	samples := time.NewTicker(sampleEvery)
	defer samples.Stop()
	every := r.options.Every
	if every == 0 {
		every = 500 * time.Millisecond
	}
	next := every
	for {
		select {
		case <-done:
			return
		case <-samples.C:
		}
		s := r.engine.Stats()
		if s.Staged > r.report.PeakStaged {
			r.report.PeakStaged, r.report.PeakBytes = s.Staged, s.Bytes
		}
		if at := r.elapsed(); r.options.Progress != nil && at >= next {
			r.options.Progress(Progress{Elapsed: at, Total: r.workload.Total(), Stats: s})
			next += every
		}
	}
}

// clock reads the engine's clock, which all times of a run are of.
func (r *runner) clock() int64 { return r.engine.Now() }

// elapsed returns the time since the first submission could be due.
func (r *runner) elapsed() time.Duration { return time.Duration(r.clock() - r.start) }

// due returns when an operation is to be submitted: the first burst not before
// its time. Not for a run that is flat out.
func (r *runner) due(index int64) int64 {
	at := int64(float64(index) / float64(r.workload.Rate) * float64(time.Second))
	return r.start + (at+int64(Burst)-1)/int64(Burst)*int64(Burst)
}

// expired reports whether the run's time is over.
func (r *runner) expired(now int64) bool {
	return r.workload.Rate == FlatOut && r.workload.Duration > 0 && now-r.start >= int64(r.workload.Duration)
}
