package fuzz

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

var cycles = flag.Int("cycles", 40, "how often TestCycles stops and starts engines, at least")

// cyclesOfARun is how often an engine is stopped and started before its history is
// judged.
const cyclesOfARun = 10

// cycleRun is an engine under load that is stopped and started all the time.
type cycleRun struct {
	*doors
	seed   uint64
	cycles atomic.Int64 // finished, of those who do nothing else
	inside atomic.Int64 // lifecycle calls inside winners

	mu       sync.Mutex // guards the end of insiders
	quiet    bool       // no more calls inside winners
	insiders sync.WaitGroup

	bounded bool // the executor makes winners wait for one another
}

// Whatever is submitted while an engine is stopped and started, with patience or
// without, by several at a time and also from inside winners, gets one outcome, the
// right one, and nothing stays: no goroutine, no entry that is not finished.
//
//	go test ./fuzz -run TestCycles -cycles 50000
func TestCycles(t *testing.T) {
	var all cycleCounts
	begun := time.Now()
	for i := 0; all.cycles < int64(*cycles); i++ {
		r := &cycleRun{seed: *firstSeed + uint64(i)}
		r.run(t)
		h, wrong := r.history()
		require.Empty(t, model.Judge(h), r)
		require.Empty(t, wrong, r)
		all.add(r, h)
	}
	t.Logf("%d cycles and %d calls inside winners in %d runs; %d attempts: %v; %d windows, %d abandoned; %d executions; %.0f cycles/s",
		all.cycles, all.inside, all.runs, all.attempts, all.endings, all.windows, all.abandoned, all.executions,
		float64(all.cycles)/time.Since(begun).Seconds())
}

func (r *cycleRun) String() string {
	return fmt.Sprintf("-cycles 1 -seed %d -cpu %d", r.seed, runtime.GOMAXPROCS(0))
}

func (r *cycleRun) run(t *testing.T) {
	defer panicsAfterAMinute("hung: " + r.String())()
	before := goleak.IgnoreCurrent()
	rng := rand.New(rand.NewPCG(r.seed, 17))
	r.bounded = rng.IntN(2) == 0
	var executor func(func())
	if r.bounded {
		executor = engine.Bounded(1)
	}
	e, w := witnessed(engine.Config{
		Executor: executor,
		Shards:   1 + rng.IntN(3), RingSize: []int{1, 2, 8, 8192}[rng.IntN(4)], WhenFull: engine.WhenFull(rng.IntN(2)),
		MaxStaged: []int{0, 0, 30}[rng.IntN(3)], Window: time.Millisecond,
	})
	r.doors = &doors{e: e, w: w}
	var submitters, cyclers sync.WaitGroup
	var over atomic.Bool
	for i := range uint64(2 + rng.IntN(8)) {
		submitters.Go(func() { r.submitter(rand.New(rand.NewPCG(r.seed, 100+i)), &over) })
	}
	for i := range uint64(1 + rng.IntN(3)) {
		cyclers.Go(func() { r.cycler(rand.New(rand.NewPCG(r.seed, 200+i))) })
	}
	cyclers.Wait()
	over.Store(true)
	submitters.Wait()
	r.awaitInsiders() // a winner that was given up might start the engine again
	require.NoError(t, e.Stop(context.Background()), r)
	r.going.Wait()
	require.NoError(t, goleak.Find(before), r) // also waits for winners that were given up
	stats := e.Stats()
	require.Zero(t, stats.Staged+stats.Windows+stats.Running, r)
	require.EqualValues(t, r.panics, stats.Incidents, r)
}

// panicsAfterAMinute lets the process end with all stacks, unless the function it
// returns is called before. It counts seconds that come one by one: a minute in which
// the machine let nothing run is none.
func panicsAfterAMinute(what string) (stop func()) {
	over := make(chan struct{})
	go func() {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for range 60 {
			select {
			case <-second.C:
			case <-over:
				return
			}
		}
		panic(what)
	}()
	return func() { close(over) }
}

// cycler stops and starts.
func (r *cycleRun) cycler(rng *rand.Rand) {
	for r.cycles.Load() < cyclesOfARun {
		for rounds := rng.IntN(4); rounds > 0; { // something is to happen between
			if r.do(r.attempt(rng), 0, fate{}) {
				rounds--
			} else {
				r.e.Start()
			}
		}
		r.lifecycle(rng, r.cycleWhile(rng))
		r.cycles.Add(1)
	}
}

// lifecycle calls what begins and ends runs, and has started when it returns,
// unless somebody else has stopped since.
func (r *cycleRun) lifecycle(rng *rand.Rand, while time.Duration) {
	ctx, _, cancel := r.patience(while)
	defer cancel()
	if rng.IntN(3) == 0 {
		cancel()
	}
	switch rng.IntN(4) {
	case 0:
		r.e.Restart(ctx)
	case 1:
		r.e.Stop(ctx)
		r.e.Stop(ctx)
		r.e.Start()
		r.e.Start()
	default:
		r.e.Stop(ctx)
		r.e.Start()
	}
}

// cycleWhile is a short time, or 0 for never.
func (r *cycleRun) cycleWhile(rng *rand.Rand) time.Duration {
	if rng.IntN(2) == 0 {
		return 0
	}
	return time.Duration(1 + rng.IntN(2_000_000))
}

func (r *cycleRun) attempt(rng *rand.Rand) *candidate {
	return r.next(model.Attempt{
		Target: somewhere(rng.IntN(6)), Priority: int32(rng.IntN(3)),
		Window: int64([]time.Duration{1, 100 * time.Microsecond, time.Millisecond, 2 * time.Millisecond}[rng.IntN(4)]),
	})
}

// fate is a winner's, which may be to stop and start.
func (r *cycleRun) fate(rng *rand.Rand) (l fate) {
	if rng.IntN(4) == 0 {
		l.takes = time.Duration(rng.IntN(500_000))
	}
	if rng.IntN(8) == 0 {
		l.fails, l.panic = errLuck, rng.IntN(2) == 0
	}
	if rng.IntN(6) == 0 {
		seed := rng.Uint64()
		l.then = func() { r.callInside(rand.New(rand.NewPCG(seed, 0))) }
	}
	return l
}

// callInside stops and starts from inside a winner, unless it is over.
func (r *cycleRun) callInside(rng *rand.Rand) {
	r.mu.Lock()
	if r.quiet {
		r.mu.Unlock()
		return
	}
	r.insiders.Add(1)
	r.mu.Unlock()
	defer r.insiders.Done()
	r.inside.Add(1)
	patience := r.cycleWhile(rng)
	if r.bounded {
		patience = max(patience, 1) // it would wait for those that wait for it
	}
	r.lifecycle(rng, patience)
}

func (r *cycleRun) awaitInsiders() {
	r.mu.Lock()
	r.quiet = true
	r.mu.Unlock()
	r.insiders.Wait()
}

// submitter submits in every way until it is over.
func (r *cycleRun) submitter(rng *rand.Rand, over *atomic.Bool) {
	for !over.Load() {
		if !r.submitSomehow(rng) && rng.IntN(4) > 0 {
			r.e.Start() // waits rather than try again at once
		}
		runtime.Gosched()
	}
}

func (r *cycleRun) submitSomehow(rng *rand.Rand) (accepted bool) {
	c := r.attempt(rng)
	switch rng.IntN(6) {
	case 0, 1:
		return r.do(c, r.cycleWhile(rng), r.fate(rng))
	case 2:
		return r.contend(c, r.cycleWhile(rng), r.fate(rng))
	case 3:
		return r.submit(c, r.cycleWhile(rng), r.cycleWhile(rng), r.fate(rng))
	case 4:
		return r.stage(c, r.cycleWhile(rng))
	}
	all := []*candidate{c}
	for range rng.IntN(6) {
		all = append(all, r.attempt(rng))
	}
	return r.stageAll(all) && r.do(r.attempt(rng), 0, fate{}) // not too many at a time
}

// cycleCounts are what was done and became of it.
type cycleCounts struct {
	runs, attempts, windows, abandoned, executions int
	cycles, inside                                 int64
	endings                                        map[string]int
}

func (n *cycleCounts) add(r *cycleRun, h *model.History) {
	if n.endings == nil {
		n.endings = make(map[string]int)
	}
	n.runs++
	n.cycles += r.cycles.Load()
	n.inside += r.inside.Load()
	n.attempts += len(h.Attempts)
	n.windows += len(h.Rulings)
	n.executions += len(h.Executions)
	for i := range h.Rulings {
		if h.Rulings[i].Abandoned {
			n.abandoned++
		}
	}
	for i := range h.Attempts {
		switch a := &h.Attempts[i]; {
		case a.State == model.Refused:
			n.endings["refused"]++
		case len(a.Answers) > 0:
			n.endings[a.Answers[0].Ending.String()]++
		default:
			n.endings["withdrawn"]++ // a ticket is not told
		}
	}
}
