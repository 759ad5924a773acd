//go:build explore

package fuzz

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"example.com/contend/engine"
)

// door is a way into the engine.
type door int

const (
	byDo door = iota
	bySubmit
	byContend
	byTicket
	byTag
	byBatch
	simDoors
)

func (d door) String() string {
	return [simDoors]string{"Do", "Submit", "Contend", "Stage with a ticket", "Stage with a tag", "Batch"}[d]
}

// attempt is an operation that somebody tries to have executed, and what became
// of it. Guarded by the world's lock once it is submitted.
type attempt struct {
	engine.Ticket
	world  *simWorld
	number uint64
	door   door
	op     engine.Op
	deed   int

	begun, returned   int   // events: the submission
	beganAt           int64 // the same on the engine's clock
	acceptedAt        int64 // at the latest
	accepted, refused bool  // for certain
	gaveUp            int64 // when its context ended; 0: not yet
	withdrawn         bool
	withdrawsAt       int64
	withdrawnAt       int64
	outcomes          []string        // that it was told
	done              <-chan struct{} // of its handle, if it has one
	life              int             // in which it was accepted
	toldAt            int64
	unheard           bool // nobody was waiting when it was told
	registered, ran   int  // times
	decided, won      int  // groups that it was in, and won
}

// deeds of a function.
const (
	returns0 = iota
	fails
	panics
	panicsNil
	exits
	sleeps
	dawdles
	nests
	operates
	deeds
)

// newAttempt draws an operation.
func (w *simWorld) newAttempt(rng *rand.Rand, d door) *attempt {
	a := &attempt{world: w, door: d, deed: rng.IntN(deeds)}
	if a.deed == operates && rng.IntN(4) > 0 {
		a.deed = returns0
	}
	a.op = engine.Op{
		Target:   oneOf(rng, w.targets...),
		Priority: oneOf(rng, 5, 5, engine.High, 0, -1, math.MaxInt32, math.MinInt32),
	}
	if w.retries && rng.IntN(4) == 0 {
		a.op.Retry = engine.Retry{Limit: 1 + rng.IntN(2), Backoff: oneOf(rng, 0, time.Millisecond), Step: 1}
	}
	w.mu.Lock()
	a.number = uint64(len(w.attempts))
	a.op.Name = fmt.Sprint(a.number)
	w.attempts = append(w.attempts, a)
	w.names[a.op.Name] = a
	w.mu.Unlock()
	return a
}

// submitter submits one operation after another.
func (w *simWorld) submitter(actor uint64) {
	rng := w.rng(10 + actor)
	for !w.enough() {
		w.turn.Yield()
		d := door(rng.IntN(int(simDoors)))
		a := w.newAttempt(rng, d)
		switch d {
		case byBatch:
			w.batch(rng, a)
		case byTicket, byTag:
			w.stage(a)
			if d == byTicket && a.Withdrawable && rng.IntN(2) == 0 {
				w.turn.Yield()
				w.withdraw(a)
			}
		default:
			apart(func() { w.contend(rng, a) }) // its function may end the goroutine
		}
	}
}

// contend goes through the simDoors that have a context.
func (w *simWorld) contend(rng *rand.Rand, a *attempt) {
	ctx, cancel := w.contextOf(rng)
	defer cancel()
	context.AfterFunc(ctx, func() {
		now := w.engine.Now()
		w.mu.Lock()
		defer w.mu.Unlock()
		a.gaveUp = now
	})
	w.begin(a)
	switch a.door {
	case byDo:
		defer w.diedWith(a)
		_, err := engine.Do(ctx, w.engine, a.op, a.function)
		w.settle(a, err)
	case bySubmit:
		h, err := engine.Submit(ctx, w.engine, a.op, a.function)
		w.accept(a, err)
		if err != nil {
			return
		}
		w.listen(rng, a, ctx, h)
		if rng.IntN(4) == 0 {
			w.turn.Yield()
			h.Withdraw()
		}
		_, err = h.Wait(context.Background())
		w.settle(a, err)
	case byContend:
		defer w.diedWith(a)
		win, err := w.engine.Contend(ctx, a.op)
		w.settle(a, err)
		if err == nil {
			leave := w.enter(a)
			w.turn.Yield()
			leave()
			defer func() { _ = recover() }() // the registry's panics are the caller's
			win.Finish(nil)
		}
	}
}

// moment makes a duration unlike all others of the same seed: the runtime fires
// timers that are due at the same time in any order.
func (w *simWorld) moment(d time.Duration) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.moments++
	return d + w.moments
}

// listen asks for Done, or leaves all to Wait, or begins to wait only when the context has
// ended long ago: then it is up to the owner to ask.
func (w *simWorld) listen(rng *rand.Rand, a *attempt, ctx context.Context, h *engine.Handle[int]) {
	switch rng.IntN(3) {
	case 0:
		w.owe(a, h.Done())
	case 1:
		if ctx.Done() != nil {
			w.mu.Lock()
			a.unheard = true
			w.mu.Unlock()
			<-ctx.Done()
			time.Sleep(w.moment(200 * time.Millisecond))
		}
	}
}

// contextOf draws a context that ends some day, or not.
func (w *simWorld) contextOf(rng *rand.Rand) (context.Context, context.CancelFunc) {
	switch rng.IntN(6) {
	case 0:
		w.count(cancelled)
		after := oneOf(rng, 0, 1, time.Millisecond, 3*time.Millisecond, 120*time.Millisecond)
		return context.WithTimeout(context.Background(), w.moment(after))
	case 1:
		ctx, cancel := context.WithCancel(context.Background())
		w.count(cancelled)
		after := rng.IntN(120)
		go func() {
			for range after {
				w.turn.Yield()
			}
			cancel()
		}()
		return ctx, cancel
	case 2, 3:
		w.count(cancelled)
		return w.commonContext(rng), func() {}
	}
	return context.Background(), func() {}
}

// function is what the operation is there for.
func (a *attempt) function(ctx context.Context) (int, error) {
	w := a.world
	w.mu.Lock()
	a.ran++
	w.mu.Unlock()
	defer w.enter(a)()
	switch a.deed {
	case fails:
		w.count(inFunction)
		return 0, errSimulated
	case panics, panicsNil, exits:
		w.count(inFunction)
		misbehave(a.deed - panics)
	case sleeps:
		time.Sleep(w.moment(time.Duration(1+a.number%3) * 40 * time.Millisecond))
		w.turn.Yield()
	case dawdles:
		for range a.number % 50 {
			w.turn.Yield()
		}
	case nests:
		w.nest(a)
	case operates:
		w.count(reentrant)
		w.operate(w.rng(5000+a.number), nil)
	}
	return 1, nil
}

// nest submits from inside a winner, on the same target, and does not wait.
func (w *simWorld) nest(outer *attempt) {
	w.count(reentrant)
	a := w.newAttempt(w.rng(9000+outer.number), bySubmit)
	a.op.Target = outer.op.Target
	if a.deed == nests {
		a.deed = returns0
	}
	w.begin(a)
	h, err := engine.Submit(context.Background(), w.engine, a.op, a.function)
	w.accept(a, err)
	if err != nil {
		return
	}
	w.owe(a, h.Done())
	go func() {
		_, err := h.Wait(context.Background())
		w.settle(a, err)
	}()
}

// stage goes the lean way.
func (w *simWorld) stage(a *attempt) {
	w.begin(a)
	_, err := w.engine.Stage(a.bid())
	w.accept(a, err)
}

// bid returns the operation as the lean way wants it.
func (a *attempt) bid() *engine.Bid {
	bid := &engine.Bid{Target: a.op.Target, Priority: a.op.Priority, Tag: a.number}
	if a.door == byTicket || a.door == byBatch && a.number%2 == 0 {
		a.To, a.Name, a.Withdrawable = a, a.op.Name, a.number%3 > 0
		if a.op.Retry.Limit > 0 {
			a.Extra = &engine.Extra{Retry: a.op.Retry}
		}
		bid.Ticket = &a.Ticket
	}
	return bid
}

// withdraw takes an operation back that is staged with a ticket.
func (w *simWorld) withdraw(a *attempt) {
	begun := w.engine.Now()
	if a.Ticket.Withdraw() {
		w.count(takenBack)
		now := w.engine.Now()
		w.mu.Lock()
		a.withdrawn, a.withdrawsAt, a.withdrawnAt = true, begun, now
		w.mu.Unlock()
	}
}

// batch submits several operations at a time. Of those that are refused it is not
// known which they are, only how many.
func (w *simWorld) batch(rng *rand.Rand, first *attempt) {
	b := w.engine.NewBatch(1 + rng.IntN(4))
	all := []*attempt{first}
	for range rng.IntN(6) {
		all = append(all, w.newAttempt(rng, byBatch))
	}
	for i, a := range all {
		w.begin(a)
		if err := b.Add(a.bid()); err != nil {
			w.refuse(all[i:]...)
			all = all[:i]
			break
		}
	}
	err := b.Flush()
	if b.Len() == 0 {
		for _, a := range all {
			w.accept(a, nil)
		}
		return
	}
	if err == nil {
		w.violation("Flush left %d bids and no error", b.Len())
	}
	b.Discard()
}

// Decided is what a ticket is told.
func (a *attempt) Decided(v *engine.Verdict) {
	w := a.world
	w.outcome(a, v.Outcome.String())
	if v.Outcome == engine.Won && v.Exclusive {
		w.releaseLater(v.Target, v.Token)
	}
	if a.number%5 == 0 && !w.enough() {
		w.count(reentrant)
		rng := w.rng(7000 + a.number)
		for range 1 + rng.IntN(4) { // among those that are told
			w.stage(w.newAttempt(rng, oneOf(rng, byTicket, byTag)))
		}
	}
	w.fault(inContender, a.number)
}

// releaseLater frees an exclusive target some time later.
func (w *simWorld) releaseLater(target uuid.UUID, token uint64) {
	go func() {
		w.turn.Yield()
		w.engine.Release(target, token)
	}()
}

// diedWith settles an operation whose goroutine ended with it.
func (w *simWorld) diedWith(a *attempt) {
	w.mu.Lock()
	open := len(a.outcomes) == 0 && !a.refused
	w.mu.Unlock()
	if open {
		w.outcome(a, "failed")
	}
}

// settle notes what a blocking call or a handle returned.
func (w *simWorld) settle(a *attempt, err error) {
	var stopped *engine.StoppedError
	var withdrawn *engine.WithdrawnError
	var overloaded *engine.OverloadedError
	switch {
	case err == nil && a.door == byContend:
		w.outcome(a, "won")
	case err == nil:
		w.outcome(a, "completed")
	case errors.As(err, &stopped) && stopped.Accepted:
		w.outcome(a, "stopped")
	case errors.As(err, &withdrawn) && withdrawn.Accepted:
		w.outcome(a, "withdrawn")
	case errors.As(err, &overloaded) && overloaded.Displaced:
		w.outcome(a, "displaced")
	case errors.Is(err, engine.ErrUndecided):
		w.outcome(a, "faulted")
	case errors.Is(err, engine.ErrFailed):
		w.outcome(a, "failed")
	case errors.Is(err, engine.ErrMasked):
		w.outcome(a, "masked")
	case errors.Is(err, engine.ErrRejected):
		w.outcome(a, "lost")
	case errors.Is(err, engine.ErrInvalid):
		w.violation("operation %d: %v", a.number, err)
		w.refuse(a)
	default:
		w.accept(a, err)
	}
}
