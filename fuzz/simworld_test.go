//go:build explore

package fuzz

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/fuzz/sim"
	"example.com/contend/ring/interleave"
)

// simWorld is a whole engine with its submitters, operators and faults, all of
// which are drawn from a seed. Its goroutines go one at a time (see package sim).
// Nothing in it makes an access to the engine's memory while it holds mu.
type simWorld struct {
	seed     uint64
	turn     *sim.Turnstile
	engine   *engine.Engine
	config   engine.Config
	plain    bool // no rules: who has to win is known
	retries  bool // some try again
	interval int  // gates between two things that an operator does, at most
	targets  []uuid.UUID
	journal  bytes.Buffer

	mu         sync.Mutex
	attempts   []*attempt
	names      map[string]*attempt
	entries    map[uuid.UUID]int // places in registry
	registry   []model.Entry
	executions []model.Execution
	groups     []simGroup
	running    map[uuid.UUID]int // functions of winners, by target
	busy       int               // functions that run
	turnover   int               // functions that have begun, and ended
	life       int               // changes when somebody begins to start the engine, and has
	starting   int               // those who are at it
	moments    time.Duration     // nanoseconds given out; see moment
	common     *simContext       // of operations of several submitters
	events     int               // counts what happens: its order is the real one
	faults     simFaults
	violations []string
	ended      bool
}

// simSteps is how many gates a seed passes at least before its engine is stopped,
// and simTrouble how many faults it has to stand by then.
const simSteps, simTrouble = 1000, 10

func newSimWorld(seed uint64, traced bool) *simWorld {
	w := &simWorld{
		seed: seed, turn: sim.New(seed, simSteps, traced),
		names: make(map[string]*attempt), entries: make(map[uuid.UUID]int), running: make(map[uuid.UUID]int),
	}
	rng := w.rng(0)
	for range 1 + rng.IntN(4) {
		w.targets = append(w.targets, uuid.NewSHA1(uuid.Nil, binaryOf(rng.Uint64())))
	}
	w.config = w.drawConfig(rng)
	w.interval = oneOf(rng, 400, 400, 30)
	return w
}

func binaryOf(n uint64) []byte { return fmt.Append(nil, n) }

// rng returns the source of one part of the world: not one for all, since the
// order in which they draw is the engine's.
func (w *simWorld) rng(part uint64) *rand.Rand { return rand.New(rand.NewPCG(w.seed, part)) }

// drawConfig draws the engine.
func (w *simWorld) drawConfig(rng *rand.Rand) engine.Config {
	c := engine.Config{
		Window:    oneOf(rng, time.Millisecond, 5*time.Millisecond, 100*time.Millisecond),
		Shards:    1 + rng.IntN(2),
		RingSize:  oneOf(rng, 1, 2, 4, 8, 64),
		WhenFull:  oneOf(rng, engine.Park, engine.Park, engine.Refuse),
		HashSeed:  w.seed | 1,
		Registry:  w,
		Decided:   w.decided,
		Dismissed: w.dismissed,
		Executor:  w.drawExecutor(rng),
		Logger:    slog.New(slog.DiscardHandler),
	}
	if rng.IntN(4) == 0 {
		c.MaxStaged = 1 + rng.IntN(8)
	}
	if rng.IntN(4) == 0 {
		c.WindowOf = func(target uuid.UUID) time.Duration {
			return oneOf(w.rng(uint64(target[0])), 0, 1, time.Millisecond, 7*time.Millisecond, 300*time.Millisecond)
		}
	}
	if rng.IntN(4) == 0 {
		c.Journal = &w.journal
	}
	if w.plain = rng.IntN(2) == 0; w.plain {
		return c
	}
	w.retries = rng.IntN(2) == 0
	c.Rules = w.drawRules(rng)
	if rng.IntN(3) == 0 { // targets with and without rules beside each other
		c.Rules, c.MoreRules = oneOf(rng, engine.Rules{}, c.Rules), []engine.Rules{w.drawRules(rng)}
		c.RulesOf = func(target uuid.UUID) int { return int(target[1] % 4 / 3) }
	}
	if rng.IntN(3) == 0 {
		c.Overload = engine.DisplaceLowest
	}
	return c
}

// rulesOf returns the rules of a target.
func (w *simWorld) rulesOf(target uuid.UUID) *engine.Rules {
	if w.config.RulesOf == nil || w.config.RulesOf(target) == 0 {
		return &w.config.Rules
	}
	return &w.config.MoreRules[0]
}

func oneOf[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// drawRules draws rules that can be combined.
func (w *simWorld) drawRules(rng *rand.Rand) (r engine.Rules) {
	switch rng.IntN(6) {
	case 0:
		r.Policy = oneOf(rng, engine.FirstWins, engine.LastWins, engine.EarliestDeadline)
	case 1:
		r.Order = func(a, b engine.Standing) bool { w.fault(inPolicy, a.ID<<8^b.ID); return a.Priority > b.Priority }
	case 2:
		r.Choose = func(group []engine.Standing) int { w.fault(inPolicy, group[0].ID); return len(group) - 1 }
	}
	if rng.IntN(4) == 0 {
		return r // windows that close in their time
	}
	if r.Choose == nil && rng.IntN(2) == 0 {
		r.Early, r.RunnersUp = true, rng.IntN(3)
	}
	r.Idle = oneOf(rng, 0, 0, 300*time.Microsecond, 2*time.Millisecond)
	r.Size = oneOf(rng, 0, 0, 1, 3)
	r.Decisive = oneOf(rng, 0, 0, engine.High)
	r.Exclusive = rng.IntN(3) == 0
	r.Preempt = r.Exclusive && r.Decisive != 0 && rng.IntN(2) == 0
	return r
}

// run lets the world go and returns when it is over.
func (w *simWorld) run() {
	e, err := engine.New(w.config)
	if err != nil {
		w.violation("New: %v", err)
		return
	}
	w.engine = e
	interleave.Use(w.turn)
	rng := w.rng(1)
	var actors sync.WaitGroup
	for actor := range 2 + rng.IntN(4) {
		actors.Go(func() { w.submitter(uint64(actor)) })
	}
	for operator := range rng.IntN(3) {
		actors.Go(func() { w.operator(uint64(operator)) })
	}
	go func() {
		actors.Wait()
		w.turn.Calm()
		w.end()
	}()
	w.turn.Drive(func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.ended && w.busy == 0 // also of winners from before a Start
	})
	w.judge()
}

// end stops the engine for good: again, if a function was running meanwhile that
// may have started it.
func (w *simWorld) end() {
	for quiet := false; !quiet; {
		w.mu.Lock()
		before := w.turnover
		w.mu.Unlock()
		all, err := w.handles(), w.engine.Stop(context.Background())
		if w.settled(all, err); err != nil {
			w.violation("the last Stop: %v", err)
		}
		w.mu.Lock()
		quiet = w.turnover == before && w.busy == 0
		w.mu.Unlock()
		if !quiet {
			time.Sleep(w.moment(time.Millisecond))
			w.turn.Yield()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// enough reports whether the actors are to come to an end: when enough has
// happened, and enough of it was trouble.
func (w *simWorld) enough() bool {
	report := w.turn.Report()
	w.mu.Lock()
	defer w.mu.Unlock()
	trouble := w.faults.total() + report.Frozen + report.Pauses
	return report.Steps >= simSteps && (trouble >= simTrouble || report.Steps >= 5*simSteps)
}

// operator stops, starts and restarts the engine.
func (w *simWorld) operator(number uint64) {
	rng := w.rng(1000 + number)
	for {
		for range 1 + rng.IntN(w.interval) {
			if w.turn.Yield(); w.enough() {
				return
			}
		}
		w.operate(rng, w.handles())
	}
}

// operate does one thing to the engine. The engine may stay stopped for a while.
// Whoever was accepted before, if that is given, has its outcome when a Stop has
// ended in time.
func (w *simWorld) operate(rng *rand.Rand, before []*attempt) {
	w.mu.Lock()
	ended := w.ended
	w.mu.Unlock()
	if ended {
		return // a winner from before a Start is late
	}
	ctx, cancel := w.patience(rng)
	defer cancel()
	w.count(lifecycle)
	switch n := rng.IntN(4); {
	case n == 0:
		w.starts(func() { w.engine.Restart(ctx) })
	case n == 1 && !w.plain: // who is masked depends on when the lock is in force
		w.locked(ctx, rng)
	default:
		w.settled(before, w.engine.Stop(ctx))
		for range rng.IntN(50) {
			w.turn.Yield()
		}
		w.starts(w.engine.Start)
	}
}

// patience draws for how long somebody waits.
func (w *simWorld) patience(rng *rand.Rand) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(),
		w.moment(oneOf(rng, 0, time.Microsecond, time.Millisecond, 50*time.Millisecond, time.Minute)))
}

// locked keeps operations out for a while.
func (w *simWorld) locked(ctx context.Context, rng *rand.Rand) {
	l, err := w.engine.Lock(ctx, engine.LockConfig{
		Name: "simulated", All: true, Below: engine.Normal, For: oneOf(rng, time.Microsecond, time.Hour),
	})
	if err != nil {
		return
	}
	for range rng.IntN(100) {
		w.turn.Yield()
	}
	l.Unlock()
}

// violation notes that something is not as it should be.
func (w *simWorld) violation(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.violations = append(w.violations, fmt.Sprintf(format, args...))
}

// apart runs a function on a goroutine of its own, which it may end.
func apart(f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f()
	}()
	<-ended
}

// drawExecutor draws who runs the functions of Submit.
func (w *simWorld) drawExecutor(rng *rand.Rand) func(func()) {
	switch rng.IntN(4) {
	case 0:
		return nil
	case 1:
		return engine.Bounded(1 + rng.IntN(2))
	}
	calls := uint64(0)
	return func(run func()) {
		w.mu.Lock()
		calls++
		d := w.dice(inExecutor, calls)
		w.mu.Unlock()
		if d.draw(8) == 0 {
			w.count(twice)
			defer func() { go run() }()
		}
		if d.draw(8) == 0 {
			w.count(inExecutor)
			misbehave(d.draw(4))
		}
		go run()
	}
}

// misbehave does one of the things that user's code must not.
func misbehave(how int) {
	switch how {
	case 0:
		panic(errSimulated)
	case 1:
		panic(nil)
	case 2:
		runtime.Goexit()
	case 3:
		panic("no error")
	}
}

var errSimulated = fmt.Errorf("simulated")
