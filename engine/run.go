package engine

import (
	"context"
	"runtime/debug"
	"time"
)

// run is a winner's execution, from its verdict to its end. It is what Stop
// waits for, and what it gives up on.
type run struct {
	state atomicUint32 // decides between the winner's goroutine and Stop
	runs  *runs
	entry Entry

	prev, next *run // of runs.live, guarded by runs.mu

	// giveUp is called when Stop gave up on the run; nil if nobody has to be
	// told, since the run is on its caller's own goroutine. Set before the run is added.
	giveUp func(wasRunning bool)

	// holder is the winner's claim to its target if that is exclusive, else nil.
	// Set before the run is added.
	holder *holder

	// tale is what it says to those who watch, nil if there is nobody. Set before the
	// run is added.
	tale  *tale
	began int64 // when its function began, by the engine's clock
}

// The states of a run.
const (
	runQueued  uint32 = iota // won; its goroutine has not begun
	runRunning               // its function has begun
	runEnded                 // its function has ended; the outcome is its own
	runStopped               // Stop gave up on it; the outcome is stopped
)

// runs are the winners of one shard. Its lock is taken three times for a winner, twice
// for a withdrawal through a Handle, some times for one by a context, never for a loser.
type runs struct {
	cell    *cell // where outcomes are counted
	gen     *generation
	engine  *Engine
	holders *holders // winners of exclusive targets, of all generations
	endings endings  // of the contexts of Submit

	mu      mutex
	live    *run
	count   int
	owed    int // runs that have ended, and operations withdrawn, whose outcome is yet to be delivered
	aborted bool
	left    map[<-chan struct{}]*leaving // by the Done of their contexts; nil if there was none yet

	leavings uint64 // that there were
}

// add takes a winner in. It reports false if the engine was stopped meanwhile.
func (rs *runs) add(r *run) bool {
	r.runs = rs
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if rs.aborted {
		r.state.Store(runStopped)
		rs.cell.stopped.Inc()
		r.tale.stops()
		rs.engine.release(r.held())
		return false
	}
	r.state.Store(runQueued)
	rs.link(r)
	rs.holders.add(r.holder)
	return true
}

// remove lets go of a run, and of its target if that is exclusive. When its
// outcome is delivered, told has to be called.
func (rs *runs) remove(r *run) {
	rs.mu.Lock()
	rs.unlink(r)
	rs.owed++
	rs.mu.Unlock()
	if r.holder != nil {
		rs.holders.remove(r.holder)
		rs.engine.release(r.held())
	}
}

// owe says that outcomes are about to be delivered; then told has to be called.
func (rs *runs) owe(outcomes int) {
	rs.mu.Lock()
	rs.owed += outcomes
	rs.mu.Unlock()
}

// told tells whoever stops the engine that outcomes were delivered.
func (rs *runs) told(outcomes int) {
	rs.mu.Lock()
	rs.owed -= outcomes
	rs.mu.Unlock()
	rs.engine.settled(rs.gen)
}

// unsettled returns for how many winners Stop has to wait.
func (rs *runs) unsettled() int {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.count + rs.owed
}

// owes returns how many outcomes are about to be delivered.
func (rs *runs) owes() int {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.owed
}

// link puts a run into the list; under the lock.
func (rs *runs) link(r *run) {
	r.prev, r.next = nil, rs.live
	if rs.live != nil {
		rs.live.prev = r
	}
	rs.live = r
	rs.count++
}

// unlink takes a run out of the list; under the lock.
func (rs *runs) unlink(r *run) {
	if r.prev != nil {
		r.prev.next = r.next
	} else if rs.live == r {
		rs.live = r.next
	}
	if r.next != nil {
		r.next.prev = r.prev
	}
	r.prev, r.next = nil, nil
	rs.count--
}

func (rs *runs) len() int {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	return rs.count
}

// abort gives up on every run: each gets its outcome now, whatever its
// function does. Later winners are not taken in.
func (rs *runs) abort() {
	rs.mu.Lock()
	rs.aborted = true
	var running, queued []func(wasRunning bool)
	for r := rs.live; r != nil; {
		// The swap to stopped passes a queued run to its goroutine, which may
		// reuse it at once: everything is taken from it before.
		next, giveUp, holder, held, tale := r.next, r.giveUp, r.holder, r.held(), r.tale
		rs.unlink(r)
		if r.state.CompareAndSwap(runQueued, runStopped) {
			tale.stops()
			queued = append(queued, giveUp) // its function will not be called
			rs.holders.remove(holder)
			rs.engine.release(held)
		} else {
			rs.link(r) // until its function ends
			if r.state.CompareAndSwap(runRunning, runStopped) {
				tale.stops()
				running = append(running, giveUp)
			}
		}
		r = next
	}
	rs.owed += len(queued) + len(running)
	rs.mu.Unlock()
	rs.cell.stopped.Add(uint64(len(queued) + len(running)))
	for _, giveUp := range queued {
		if giveUp != nil {
			giveUp(false)
		}
	}
	rs.told(len(queued))
	rs.abortLeaving()
	for _, giveUp := range running {
		if giveUp != nil {
			giveUp(true)
		}
	}
	rs.told(len(running))
}

// execute registers a winner and calls its function, on the goroutine that it
// is called on, and hands the operation's final error to done: in any case, also
// if the function ends its goroutine and execute does not return. It is the
// frame that Stop looks for to know whether it is called from inside a winner.
//
//go:noinline
func (e *Engine) execute(ctx context.Context, r *run, call func(context.Context) error, done func(error)) {
	if !e.beginRun(r) {
		if r.state.Load() == runStopped { // else an executor called twice
			done(&StoppedError{Accepted: true})
		}
		return
	}
	registered, returned := false, false
	defer func() {
		if !returned {
			e.end(r, caught(recover()), registered, done)
		}
	}()
	err := e.enroll(r)
	if err == nil {
		registered = true
		if e.ownRegistry || r.state.Load() == runRunning { // else Stop gave up while the user's was told
			err = call(ctx)
		}
	}
	returned = true
	err = e.outcomeOf(r, err) // what end does, with a frame less: see doTyped
	if registered && e.config.Registry != Discard {
		e.finishAndHandOn(r, err, done)
	} else {
		r.handOn(err, done)
	}
}

// enroll tells the registry about a winner. An Entry on the stack is large: only a
// registry of the user's is given one.
func (e *Engine) enroll(r *run) error {
	switch registry := e.config.Registry.(type) {
	case *Memory:
		registry.add(&r.entry)
		return nil
	case discard:
		return nil
	default:
		return enrollWith(registry, r)
	}
}

//go:noinline
func enrollWith(registry Registry, r *run) error {
	defer func() { r.began = r.runs.engine.Now() }() // its function, if it does
	return registry.Register(r.entry)
}

// beginRun makes a queued run running. It reports false if it is not queued any
// more.
func (e *Engine) beginRun(r *run) bool {
	if r.tale != nil {
		return e.beginTold(r)
	}
	if !r.state.CompareAndSwap(runQueued, runRunning) {
		return false
	}
	r.began = e.Now()
	return true
}

// beginTold is beginRun with watchers. It takes the lock, under which Stop gives up on
// runs: so what is said of the run is in order.
func (e *Engine) beginTold(r *run) bool {
	r.runs.mu.Lock()
	defer r.runs.mu.Unlock()
	if !r.state.CompareAndSwap(runQueued, runRunning) {
		return false
	}
	r.began = e.Now()
	r.tale.started(r.began)
	return true
}

// end settles the outcome of a run whose function has ended and hands it on.
func (e *Engine) end(r *run, err error, registered bool, done func(error)) {
	err = e.outcomeOf(r, err)
	if registered && e.config.Registry != Discard {
		e.finishAndHandOn(r, err, done)
	} else {
		r.handOn(err, done)
	}
}

// finishAndHandOn hands an outcome on whatever the registry does.
//
//go:noinline
func (e *Engine) finishAndHandOn(r *run, err error, done func(error)) {
	defer r.handOn(err, done)
	e.finish(r, err)
}

// outcomeOf counts how a run ended, and returns the operation's final error.
//
//go:noinline
func (e *Engine) outcomeOf(r *run, cause error) error {
	at := e.Now()
	took := time.Duration(at - r.began)
	r.runs.cell.execution.Seconds(int64(took))
	if !r.state.CompareAndSwap(runRunning, runEnded) {
		return &StoppedError{Accepted: true, Running: true, Cause: cause}
	}
	if cause == nil {
		r.runs.cell.completed.Inc()
		r.tale.ends(at, took, nil)
		return nil
	}
	r.runs.cell.failed.Inc()
	r.tale.ends(at, took, cause)
	return &FailedError{ID: r.entry.Op, EntryID: r.entry.ID, Target: r.entry.Target, Name: r.entry.Name, Cause: cause}
}

// handOn delivers the outcome of a run.
func (r *run) handOn(err error, done func(error)) {
	rs := r.runs
	rs.remove(r)
	defer rs.told(1) // after done, which may give r away
	done(err)
}

// finish tells the registry, whose panic or Goexit must not cost the operation
// its outcome.
func (e *Engine) finish(r *run, err error) {
	returned := false
	defer func() {
		if !returned {
			e.incident(caught(recover()), debug.Stack())
		}
	}()
	e.config.Registry.Finish(r.entry.ID, err)
	returned = true
}

// caught turns what a function that did not return left behind into an error:
// recover's value, nil if the goroutine is ending.
func caught(v any) error {
	if v == nil {
		return ErrGoexit
	}
	return &PanicError{Value: v, Stack: debug.Stack()}
}

// direct executes an operation that does not contend.
func (e *Engine) direct(ctx context.Context, op label, call func(context.Context) error, done func(error)) {
	var err error
	returned := false
	defer func() {
		if !returned {
			err = caught(recover())
		}
		e.counts.direct.Inc()
		if err != nil {
			err = &FailedError{Target: op.Target, Name: op.Name, Cause: err}
		}
		done(err)
	}()
	err = call(ctx)
	returned = true
}
