package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
	"github.com/google/uuid"
)

// patience is after how long something that does not end hangs. It is counted by what
// comes one by one: a time in which the machine let nothing run is none.
const patience = 30 * time.Second

// epoch is the life of one engine.
type epoch struct {
	flags  *flags
	ctx    context.Context // of the whole soak
	load   time.Duration
	dice   *dice
	record *recorder
	engine *engine.Engine
	over   atomic.Bool // no more submissions

	mu    sync.Mutex
	tally map[string]uint64
	wrong []model.Violation

	before, peak, after usage
	restarts, bursts    int
	stuck               bool
	stats               engine.Stats
}

func newEpoch(ctx context.Context, f *flags, number int, load time.Duration) *epoch {
	rng := rand.New(rand.NewPCG(f.Seed, uint64(number)))
	e := &epoch{flags: f, ctx: ctx, load: load, dice: &dice{rng: rng}, tally: map[string]uint64{}}
	config := e.config()
	var err error
	if e.engine, err = engine.New(config); err != nil {
		panic(err) // the configurations are ours
	}
	e.record = newRecorder(e.engine.Now)
	config.Registry.(*registry).record = e.record
	return e
}

// config draws a configuration.
func (e *epoch) config() engine.Config {
	d := e.dice
	c := engine.Config{
		Window: e.flags.Window, Shards: 1 + d.below(3), RingSize: 1 << d.below(12),
		MaxStaged: []int{0, 300}[d.below(2)], WhenFull: engine.WhenFull(d.below(2)),
		Registry:  &registry{dice: d, plain: plain},
		MoreRules: d.rules(),
		RulesOf:   func(id uuid.UUID) int { return int(id[0]) },
		Decided:   e.decided,
		Dismissed: func([]engine.Dismissal) { d.incident(200) },
		Preempted: func([]engine.Preemption) { d.incident(20) },
	}
	run := func(f func()) { go f() }
	if d.below(2) == 0 {
		run = engine.Bounded(4)
	}
	c.Executor = func(f func()) { d.incident(200); run(f) }
	return c
}

// plain reports whether a target has no rules.
func plain(id uuid.UUID) bool { return id[0] == 0 }

// decided is the hook, which is slow and fails at times.
func (e *epoch) decided(batch []engine.Decision) {
	for i := range batch {
		if plain(batch[i].Target) {
			e.record.ruled(&batch[i])
		}
	}
	if e.dice.below(200) == 0 {
		e.dice.pause(3 * time.Millisecond)
	}
	e.dice.incident(100)
}

// violation notes something that must not be.
func (e *epoch) violation(kind model.Kind, format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wrong = append(e.wrong, model.Violation{Kind: kind, Text: fmt.Sprintf(format, args...)})
}

// run is the whole epoch: load, silence, judgement, end.
func (e *epoch) run() {
	if !e.finishes("warming up", e.warm) {
		return
	}
	e.before = settledUsage()
	quiet := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { watchPeak(quiet, &e.peak) })
	loaded := e.finishes("load", e.underLoad)
	close(quiet)
	watching.Wait()
	if !loaded {
		return
	}
	time.Sleep(10 * e.flags.Window)
	e.wrong = append(e.wrong, model.Judge(e.record.end(int64(shard.Tick), int64(e.flags.Late)))...)
	e.record.forget()
	e.settle()
	e.checkUsage()
	e.finishes("Stop", func() {
		if err := e.engine.Stop(context.Background()); err != nil {
			e.violation(model.Hung, "Stop: %v", err)
		}
	})
	e.checkStats()
}

// warm has every shard in use once: its first pages are kept and are not the burst's.
func (e *epoch) warm() {
	e.engine.Start()
	e.warmShards()
	s := e.submitter(1 << 21)
	for range 200 {
		s.start()
	}
	s.collect()
	time.Sleep(2 * e.flags.Window)
	e.record.forget()
}

// largeGroup is how many operations of one target a shard needs to be in use: it has
// memory of its own for the first few, for some more and for many.
const largeGroup = 16

// warmShards stages a large group in each shard and takes it back. Left to chance, a
// machine that is slow or busy would have none before the load.
func (e *epoch) warmShards() {
	warmed := map[uint32]bool{}
	for n := byte(1); len(warmed) < e.engine.Shards(); n++ {
		at := engine.OpID{}
		for staged := 0; staged < largeGroup; {
			var err error
			if at, err = e.engine.Stage(&engine.Bid{Target: uuid.UUID{15: n}, Window: time.Hour}); err == nil {
				staged++
			} else {
				time.Sleep(e.flags.Window / 100) // the ring is full
			}
		}
		if cleared, err := e.engine.Clear(context.Background(), uuid.UUID{15: n}); cleared != largeGroup {
			e.violation(model.Vanished, "%d of %d were cleared: %v", cleared, largeGroup, err)
		}
		warmed[at.Shard] = true
	}
}

// finishes calls a function and reports whether it comes to an end.
func (e *epoch) finishes(what string, f func()) bool {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for left := e.load + patience; left > 0; left -= time.Second {
		select {
		case <-done:
			return true
		case <-second.C:
		}
	}
	e.violation(model.Hung, "%s did not end: %v", what, e.engine.Stats())
	e.stuck = true
	return false
}

// settle waits until what the load took was given back, which an engine that is let
// run does within a second (tests in virtual time see to that), while a leak stays
// for good.
func (e *epoch) settle() {
	for left := patience; left > 0; left -= e.flags.Window {
		if e.after = settledUsage(); e.ratio() <= mostKept && e.after.goroutines <= e.before.goroutines {
			return
		}
		time.Sleep(e.flags.Window)
	}
}

// mostKept is how large the heap may be in the end, compared with the beginning.
const mostKept = 1.2

// checkUsage compares what silence has left with what there was.
func (e *epoch) checkUsage() {
	e.after = settledUsage()
	if ratio := e.ratio(); ratio > mostKept {
		e.violation(model.Leftover, "heap is %.2f of what it was, %d to %d bytes", ratio, e.before.heap, e.after.heap)
	}
	if e.after.goroutines > e.before.goroutines {
		e.violation(model.Leftover, "%d goroutines, and %d before", e.after.goroutines, e.before.goroutines)
	}
}

func (e *epoch) ratio() float64 { return float64(e.after.heap) / float64(max(1, e.before.heap)) }

// checkStats compares what the engine counted with what callers were told.
func (e *epoch) checkStats() {
	e.stats = e.engine.Stats()
	s := e.stats
	told := e.total("completed", "failed", "won", "rejected", "stopped", "masked", "undecided")
	if told != s.Submitted-s.Withdrawn-s.Cleared {
		e.violation(model.Vanished, "%d outcomes beside withdrawals, of %v", told, s)
	}
	if s.Withdrawn > e.total("withdrawn", "gave up") {
		e.violation(model.Duplicated, "%d were told that they were withdrawn, of %v", e.total("withdrawn", "gave up"), s)
	}
	if s.Staged+s.Windows+s.Running != 0 {
		e.violation(model.Leftover, "after Stop: %v", s)
	}
	if made, most := e.dice.incidents, e.dice.incidents+e.dice.perhaps; s.Incidents < made || s.Incidents > most {
		e.violation("incidents", "%d to %d were made and %d counted", made, most, s.Incidents)
	}
}

func (e *epoch) total(names ...string) (sum uint64) {
	for _, n := range names {
		sum += e.tally[n]
	}
	return sum
}

// String is a line of progress.
func (e *epoch) String() string {
	return fmt.Sprintf("%d accepted, %d restarts, heap %.2f of before, %d wrong", e.stats.Submitted, e.restarts, e.ratio(), len(e.wrong))
}
