package engine

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"example.com/contend/shard"
	"go.uber.org/atomic"
)

// Engine arbitrates between operations. Make it with New: the zero value is of no use. It
// is safe for concurrent use and must not be copied.
type Engine struct {
	_ noCopy

	counts counts // first, for the alignment of its words on 32-bit machines

	config     Config      // immutable
	router     router      // immutable
	rulebook   rulebook    // immutable
	plainTerms shard.Terms // immutable; of all bids alike, 0 if there are none

	ownRegistry bool // immutable; the registry takes no time
	epoch       time.Time
	cells       []*cell    // one per shard; outlive generations
	holders     []*holders // likewise

	// current publishes the shards to submitters; nil before the first start.
	current atomicPointer[generation]

	mu      mutex         // guards what follows and the change of current
	stopped bool          // refuse to start by submission
	stops   uint64        // calls of Stop: a Start that waits gives way to a later one
	past    shard.Stats   // of generations that ended
	earlier []*generation // whose shards have ended, and winners may not have; its array is not changed
	sinks   []*sink       // of subscriptions

	watched atomicBool // publishes to submitters that events may be read

	longWindows atomicBool // an operation had a window longer than soon; publishes only itself

	begun        bool         // the journal; owned by its writer, of whom there is one at a time
	journalError atomic.Error // why it has ended; publishes only itself

	settling settling

	waiters sync.Pool // of *waiter
	locks   lockbook
}

// noCopy makes go vet complain about copies.
type noCopy struct{}

func (*noCopy) Lock()   {}
func (*noCopy) Unlock() {}

// New makes an engine that starts with the first submission or with Start. It
// fails with an InvalidError.
func New(config Config) (*Engine, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{
		config:   config,
		router:   newRouter(config.HashSeed, config.Shards),
		rulebook: newRulebook(&config),
		epoch:    time.Now(),
	}
	e.plainTerms = e.sameTerms()
	switch config.Registry.(type) {
	case *Memory, discard:
		e.ownRegistry = true
	}
	for range config.Shards {
		e.cells = append(e.cells, &cell{})
		e.holders = append(e.holders, &holders{})
	}
	e.watched.Store(e.isWatched())
	e.longWindows.Store(config.Window > soon)
	e.waiters.New = newWaiter
	return e, nil
}

// Now returns the engine's clock, of which times in a Verdict and a Decision are readings:
// monotonic nanoseconds since New.
func (e *Engine) Now() int64 { return int64(time.Since(e.epoch)) }

// Name returns Config.Name.
func (e *Engine) Name() string { return e.config.Name }

// Shards returns the number of shards.
func (e *Engine) Shards() int { return e.config.Shards }

// Registry returns the configured registry, or the engine's own *Memory.
func (e *Engine) Registry() Registry { return e.config.Registry }

// Start starts an engine that is new or was stopped; otherwise it does nothing.
// If the engine is being stopped, Start waits until its open windows have
// closed, but not for running winners. On a shard's own goroutine (in
// Config.Decided or a Contender), and inside a winner where targets can be
// Exclusive, it does not wait but continues elsewhere.
func (e *Engine) Start() { e.startNow(e.mustNotWait()) }

// startNow starts the engine, perhaps on another goroutine; a Stop that is called later
// is later for both.
func (e *Engine) startNow(elsewhere bool) {
	e.mu.Lock()
	stops := e.stops
	e.mu.Unlock()
	if elsewhere {
		go e.start(stops)
	} else {
		e.start(stops)
	}
}

// mustNotWait reports whether open windows may be waiting for the caller: for a
// shard's own goroutine, or the winner of an exclusive target.
func (e *Engine) mustNotWait() bool {
	return onShard() || e.rulebook.exclusive && insideWinner()
}

func (e *Engine) start(stops uint64) {
	defer e.forgetSettled()
	for g := e.tryStart(stops); g != nil; g = e.tryStart(stops) {
		g.awaitShards(nil, false) // not current's: that may be another's start by now
	}
}

// forgetSettled lets go of earlier generations whose winners have ended. It asks them
// without the lock, which is taken under theirs.
func (e *Engine) forgetSettled() {
	e.mu.Lock()
	earlier := e.earlier
	e.mu.Unlock()
	if len(earlier) == 0 {
		return
	}
	settled := map[*generation]bool{}
	for _, g := range earlier {
		settled[g] = g.unsettled() == 0 // for good: its shards have ended
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.earlier = slices.DeleteFunc(slices.Clone(e.earlier), func(g *generation) bool { return settled[g] })
}

// generations returns those whose winners may be running, the current one last. The
// lock must be held.
func (e *Engine) generations() []*generation {
	if g := e.current.Load(); g != nil {
		return append(slices.Clip(e.earlier), g)
	}
	return nil
}

// tryStart returns the last generation if that still has open windows, so that it
// has to be tried again. It does nothing if Stop was called since there were so
// many stops.
func (e *Engine) tryStart(stops uint64) (ending *generation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stops != stops {
		return nil
	}
	g := e.current.Load()
	if g != nil && !e.stopped {
		return nil
	}
	if g != nil {
		if !g.drained() {
			return g
		}
		for _, s := range g.shards {
			e.past = plus(e.past, s.Stats())
		}
		e.past.Staged, e.past.Open, e.past.Bytes = 0, 0, 0
		e.earlier = append(slices.Clip(e.earlier), g)
	}
	e.stopped = false
	e.current.Store(e.begin(g))
	return nil
}

// live returns the shards for a submission, starting an engine that is new.
func (e *Engine) live() (*generation, error) {
	if g := e.current.Load(); g != nil {
		return g, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.current.Load() == nil {
		if e.stopped {
			return nil, &StoppedError{}
		}
		e.current.Store(e.begin(nil))
	}
	return e.current.Load(), nil
}

// Stop refuses later submissions, lets open windows close in their time and
// running winners finish. When ctx ends before that, whatever is left gets its
// outcome at once: staged operations and waiting winners a StoppedError (or a
// WithdrawnError without its cause if their context has ended),
// running winners one too while their context, if Submit made it, is
// cancelled; Stop then returns the context's cause. When Stop has returned, the
// handles of all that was accepted are closed, but where the registry's Finish has yet
// to return. If the user's code blocks a shard's goroutine, Stop leaves that when it has
// told nobody anything for a second, and returns an error that says so: what is staged
// there gets its outcome when the shard goes on.
//
// Stopping a stopped engine is harmless; several stops wait together. Each waits for
// functions that an earlier one gave up on, and for winners from before a Restart, too,
// if they have yet to return: as long as its context lasts.
//
// Called from inside a winner's function, Stop does not wait for that one, nor
// for windows that wait for winners of Exclusive targets. From anywhere else it
// does wait for these, also for the winner of a Contend that has yet to Finish: the
// goroutine that is to call Finish needs a context that ends. It
// can tell that it is called inside a winner, but not of which engine: called from
// another engine's, it may return while one winner of this one still runs. It does wait for
// winners that an executor such as Bounded keeps behind it: use a context that
// ends. On a shard's own goroutine (in Config.Decided or a Contender) it cannot
// wait: it begins the stop and returns nil.
func (e *Engine) Stop(ctx context.Context) error {
	_, err := e.stop(ctx)
	return err
}

// stop is Stop, and tells which shards have not ended though it gave up on them.
func (e *Engine) stop(ctx context.Context) (stuck []int, err error) {
	e.mu.Lock()
	e.stopped = true
	e.stops++
	g := e.current.Load()
	if g != nil {
		g.close()
	}
	all := e.generations()
	e.mu.Unlock()
	if g == nil {
		return nil, nil
	}
	if onShard() {
		g.closeStreamLater(e)
		return nil, nil
	}
	defer e.forgetSettled()
	if g.awaitShards(ctx.Done(), insideWinner()) && e.awaitRuns(ctx, all, framesOf(executeFrame)) {
		g.closeStream(e)
		if g.drained() { // else called from inside a winner
			g.watch.stop()
		}
		return nil, nil
	}
	stuck = e.abort(all)
	for _, g := range all {
		g.endStream(e)
	}
	g.watch.stop()
	if err = context.Cause(ctx); len(stuck) > 0 {
		err = fmt.Errorf("contend: shards %d are blocked by a hook, a policy, a contender, an executor or a logger, and have operations left: %w", stuck, err)
	}
	return stuck, err
}

// Restart is Stop and Start. It returns what Stop does; the engine is started
// in any case: if a shard is blocked, as soon as it goes on. Submissions are refused in
// between.
func (e *Engine) Restart(ctx context.Context) error {
	if onShard() {
		go e.Restart(ctx)
		return nil
	}
	stuck, err := e.stop(ctx)
	e.startNow(len(stuck) > 0 || e.mustNotWait())
	return err
}

// incident logs a failure of the user's code on a goroutine of the engine's.
func (e *Engine) incident(v any, stack []byte) {
	e.counts.incidents.Inc()
	e.reportIncident(v, stack)
}

func (e *Engine) reportIncident(v any, stack []byte) {
	e.report("contend: went on after a failure", slog.Any("failure", v), slog.String("stack", string(stack)))
}

// report tells the user's Logger, whose handler may panic.
func (e *Engine) report(message string, attrs ...any) {
	defer func() { recover() }()
	e.config.Logger.Error(message, attrs...)
}
