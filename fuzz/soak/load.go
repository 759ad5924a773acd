package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
	"github.com/google/uuid"
)

// underLoad submits from many goroutines, and in bursts, while the engine is stopped
// and started, until the load's time is over and everybody has an outcome.
func (e *epoch) underLoad() {
	ctx, cancel := context.WithTimeout(e.ctx, e.load)
	defer cancel()
	var submitters, others sync.WaitGroup
	for i := range e.flags.Submitters {
		s := e.submitter(uint64(i))
		submitters.Go(func() {
			for !e.over.Load() {
				s.submit()
			}
			s.collect()
		})
	}
	others.Go(func() { e.restart(ctx) })
	others.Go(func() { e.lock(ctx) })
	e.pauseWithin(ctx, e.load/2)
	submitters.Go(e.burst)
	<-ctx.Done()
	others.Wait()
	e.over.Store(true)
	submitters.Wait()
	e.engine.Start() // a restart may have been cut short
}

// pauseWithin sleeps, but not longer than the context lasts.
func (e *epoch) pauseWithin(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// burst stages a lot at once, by one goroutine.
func (e *epoch) burst() {
	s := e.submitter(1 << 20)
	for range e.flags.Burst {
		s.start()
	}
	s.collect()
	e.bursts++
}

// restart stops and starts the engine, patiently or not.
func (e *epoch) restart(ctx context.Context) {
	for {
		e.pauseWithin(ctx, time.Duration(e.dice.below(int(e.load/2)+1)))
		if ctx.Err() != nil {
			return
		}
		patient := context.Background()
		if e.dice.below(2) == 0 {
			var cancel context.CancelFunc
			patient, cancel = context.WithTimeout(patient, time.Duration(e.dice.below(int(e.flags.Window))))
			defer cancel()
		}
		_ = e.engine.Restart(patient) // what it left has been told
		e.restarts++
	}
}

// lock masks targets that have rules.
func (e *epoch) lock(ctx context.Context) {
	for ctx.Err() == nil {
		l, err := e.engine.Lock(ctx, engine.LockConfig{Target: e.target(true), Below: engine.High, For: 5 * time.Millisecond})
		e.pauseWithin(ctx, 10*time.Millisecond)
		if err == nil {
			l.Unlock()
		}
	}
}

// target draws one of few targets, the first byte of which says which rules it has.
func (e *epoch) target(ruled bool) (id uuid.UUID) {
	id[15] = byte(1 + e.dice.below(20))
	if ruled {
		id[0] = byte(1 + e.dice.below(7))
	}
	return id
}

// submitter is one goroutine that submits.
type submitter struct {
	*epoch
	rng     *rand.Rand
	waiting []func() // for outcomes that come by themselves
}

func (e *epoch) submitter(n uint64) *submitter {
	return &submitter{epoch: e, rng: rand.New(rand.NewPCG(e.flags.Seed+uint64(e.dice.below(1<<30)), n))}
}

// op draws an operation; a is its attempt, nil if it is not judged.
func (s *submitter) op(ruled bool) (op engine.Op, a *model.Attempt) {
	op = engine.Op{
		Target: s.target(ruled), Priority: engine.Priority(s.rng.IntN(12)),
		Window: 1 + time.Duration(s.rng.Int64N(int64(s.flags.Window))),
	}
	if !ruled {
		return op, s.record.begin(&op)
	}
	if s.rng.IntN(4) == 0 {
		op.Retry = engine.Retry{Limit: 2, Step: 1, Backoff: time.Duration(s.rng.IntN(2)) * time.Millisecond}
	}
	return op, nil
}

// context draws one that ends at some time, or at once, or not at all.
func (s *submitter) context() (context.Context, context.CancelFunc) {
	if s.rng.IntN(3) > 0 {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), time.Duration(s.rng.Int64N(int64(2*s.flags.Window)))-1)
}

// submit submits one operation in some way, and rests a while.
func (s *submitter) submit() {
	if s.rng.IntN(3) > 0 {
		s.start()
	} else {
		s.block()
	}
	if len(s.waiting) >= 20 {
		s.collect()
	}
	time.Sleep(time.Duration(s.rng.IntN(1_000_000)))
}

// collect waits for what comes by itself.
func (s *submitter) collect() {
	for _, wait := range s.waiting {
		wait()
	}
	s.waiting = nil
}

// function makes one that ends in some way.
func (s *submitter) function(a *model.Attempt) func(context.Context) (int, error) {
	how := s.rng.IntN(20)
	return func(ctx context.Context) (int, error) {
		if a != nil {
			defer s.record.executing(a)()
		}
		switch how {
		case 0, 1:
			return 0, s.dice.fail()
		case 2:
			s.dice.pause(s.flags.Window)
		}
		return 1, nil
	}
}

// block calls Do or Contend, on a goroutine that may be ended.
func (s *submitter) block() {
	op, a := s.op(s.rng.IntN(2) == 0)
	ctx, cancel := s.context()
	defer cancel()
	contend := s.rng.IntN(3) == 0
	fn, done := s.function(a), make(chan struct{})
	go func() {
		var err error = &engine.FailedError{Cause: engine.ErrGoexit} // unless it returns
		defer close(done)
		defer func() { s.outcome(a, err, contend) }()
		if !contend {
			_, returned := engine.Do(ctx, s.engine, op, fn)
			err = returned
			return
		}
		win, returned := s.engine.Contend(ctx, op)
		if err = returned; err == nil {
			finished := false
			defer func() { // of the registry, on our own goroutine
				if _ = recover(); !finished {
					s.dice.uncounted()
				}
			}()
			win.Finish(nil)
			finished = true
		}
	}()
	<-done
}

// outcome counts and records what a submission came to.
func (s *epoch) outcome(a *model.Attempt, err error, contended bool) {
	if a != nil {
		s.record.answered(a, err, contended)
	}
	ending, accepted := endingOf(err, contended)
	name := "refused"
	switch {
	case errors.Is(err, engine.ErrMasked):
		name = "masked"
	case errors.Is(err, engine.ErrUndecided):
		name = "undecided"
	case accepted:
		name = ending.String()
	case errors.Is(err, engine.ErrWithdrawn):
		name = "gave up"
	case !errors.Is(err, engine.ErrOverloaded) && !errors.Is(err, engine.ErrStopped):
		s.violation("unexpected", "%v", err)
	}
	s.count(name)
}

func (s *epoch) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tally[name]++
}

// start submits without waiting: by Submit, or with a ticket.
func (s *submitter) start() {
	if s.rng.IntN(2) == 0 {
		s.stage()
		return
	}
	op, a := s.op(s.rng.IntN(2) == 0)
	ctx, cancel := s.context()
	h, err := engine.Submit(ctx, s.engine, op, s.function(a))
	if a != nil {
		s.record.submitted(a, err)
	}
	if err != nil {
		cancel()
		s.outcome(a, err, false)
		return
	}
	if s.rng.IntN(10) == 0 {
		h.Withdraw()
	}
	s.waiting = append(s.waiting, func() {
		defer cancel()
		_, err := h.Wait(context.Background())
		s.outcome(a, err, false)
	})
}

// seat is a ticket on a target without rules.
type seat struct {
	engine.Ticket
	epoch   *epoch
	attempt *model.Attempt
	told    chan struct{} // of size 1
}

// Decided takes the verdict, and fails at times.
func (s *seat) Decided(v *engine.Verdict) {
	s.epoch.record.told(s.attempt, v)
	s.epoch.count(map[shard.Outcome]string{engine.Won: "won", engine.Lost: "rejected", engine.Stopped: "stopped"}[v.Outcome])
	select {
	case s.told <- struct{}{}:
	default:
		s.epoch.violation(model.Duplicated, "%d was told again", s.attempt.ID)
	}
	s.epoch.dice.incident(300)
}

// stage stages a ticket, and withdraws it at times.
func (s *submitter) stage() {
	op, a := s.op(false)
	c := &seat{epoch: s.epoch, attempt: a, told: make(chan struct{}, 1)}
	c.To, c.Name, c.Withdrawable = c, op.Name, s.rng.IntN(3) == 0
	_, err := s.engine.Stage(&engine.Bid{Target: op.Target, Priority: op.Priority, Window: op.Window, Ticket: &c.Ticket})
	s.record.submitted(a, err)
	if err != nil {
		s.outcome(nil, err, false)
		return
	}
	from := s.engine.Now()
	if s.rng.IntN(3) == 0 && c.Withdraw() {
		s.record.withdrawn(a, from)
		s.count("withdrawn")
		return
	}
	s.waiting = append(s.waiting, func() { <-c.told })
}
