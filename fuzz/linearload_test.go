package fuzz

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
)

// linearLoad is what goroutines do to an engine.
type linearLoad struct {
	seed       uint64
	shards     int
	ringSize   int // small: submitters park, and their submissions overlap
	producers  int
	targets    int
	rounds     int // of each producer
	priorities int
	withdraw   float64
	policy     engine.Policy // the default, unless something wrong is wanted
	doors      int           // of stage, tags, batch, Submit: the first so many are used
	burst      int           // after about so many submissions a producer waits for an outcome
}

func newLinearLoad(seed uint64) *linearLoad {
	rng := rand.New(rand.NewPCG(seed, 11))
	return &linearLoad{
		seed:       seed,
		shards:     1 + rng.IntN(2),
		ringSize:   []int{1, 4, 16, 8192}[rng.IntN(4)],
		producers:  2 + rng.IntN(11),
		targets:    1 + rng.IntN(8),
		rounds:     120,
		priorities: 1 + rng.IntN(2)*rng.IntN(3),
		withdraw:   []float64{0, 0.1, 0.5}[rng.IntN(3)],
		doors:      4,
		burst:      2 << rng.IntN(4),
	}
}

func (l *linearLoad) String() string {
	return fmt.Sprintf("-histories 1 -seed %d -cpu %d: %+v", l.seed, runtime.GOMAXPROCS(0), *l)
}

// run lets the goroutines work and the engine come to an end.
func (l *linearLoad) run() *model.History {
	e, w := witnessed(engine.Config{Shards: l.shards, RingSize: l.ringSize, Rules: engine.Rules{Policy: l.policy}})
	producers := make([]*linearProducer, l.producers)
	var wg sync.WaitGroup
	for i := range producers {
		p := &linearProducer{
			load: l, e: e, rng: rand.New(rand.NewPCG(l.seed, uint64(100+i))),
			next: uint64(i*2*16*l.rounds + 1),
		}
		p.batch = e.NewBatch(16)
		producers[i] = p
		wg.Go(p.work)
	}
	wg.Wait()
	if err := e.Stop(context.Background()); err != nil {
		panic(err)
	}
	var attempts []model.Attempt
	var executions []model.Execution
	for _, p := range producers {
		for _, a := range p.attempts {
			a.finish(w)
			attempts = append(attempts, a.Attempt)
		}
		executions = append(executions, p.executions...)
	}
	return w.history(attempts, executions)
}

// linearProducer is one goroutine that submits.
type linearProducer struct {
	load  *linearLoad
	e     *engine.Engine
	rng   *rand.Rand
	next  uint64 // attempt
	batch *engine.Batch

	attempts   []*linearAttempt
	standing   []*linearAttempt // that might be withdrawn yet
	mu         sync.Mutex
	executions []model.Execution
}

// linearAttempt is an attempt whose outcome is to be asked for.
type linearAttempt struct {
	model.Attempt
	holder *ticketHolder
	handle *engine.Handle[int]
}

func (p *linearProducer) work() {
	for range p.load.rounds {
		door := p.rng.IntN(p.load.doors)
		switch {
		case door == 0:
			p.stage(true)
		case door == 1:
			p.stage(false)
		case door == 2 && p.rng.IntN(4) == 0:
			p.stageAll(2 + p.rng.IntN(10))
		case door == 3:
			p.submit()
		}
		if len(p.standing) > 0 && p.rng.Float64() < p.load.withdraw {
			p.withdraw()
		}
		if p.rng.IntN(p.load.burst) == 0 {
			p.rest()
		}
	}
}

// rest waits until an attempt has its outcome, so that there are many windows
// rather than large ones.
func (p *linearProducer) rest() {
	if len(p.standing) == 0 {
		runtime.Gosched()
		return
	}
	if a := p.standing[len(p.standing)-1]; a.holder != nil {
		<-a.holder.told
	} else {
		<-a.handle.Done()
	}
	p.standing = nil
}

// attempt makes the next attempt.
func (p *linearProducer) attempt() *linearAttempt {
	a := &linearAttempt{Attempt: model.Attempt{
		ID: p.next, Target: somewhere(p.rng.IntN(p.load.targets)),
		Priority: int32(p.rng.IntN(p.load.priorities)),
		Window:   int64(time.Millisecond) + p.rng.Int64N(int64(3*time.Millisecond)),
		State:    model.Accepted,
	}}
	p.next++
	p.attempts = append(p.attempts, a)
	return a
}

func (a *linearAttempt) bid() *engine.Bid {
	return &engine.Bid{Target: a.Target, Priority: engine.Priority(a.Priority), Window: time.Duration(a.Window), Tag: a.ID}
}

func (a *linearAttempt) at(id engine.OpID) {
	a.Place = &model.Place{Shard: id.Shard, Sequence: id.Sequence}
}

// stage submits an operation with a ticket, or with a tag.
func (p *linearProducer) stage(ticket bool) {
	a := p.attempt()
	bid := a.bid()
	if ticket {
		a.holder = newTicketHolder(a.ID, p.e.Now)
		bid.Ticket = &a.holder.Ticket
		p.standing = append(p.standing, a)
	}
	a.Begun = p.e.Now()
	id, err := p.e.Stage(bid)
	a.Returned = p.e.Now()
	if err != nil {
		panic(err)
	}
	a.at(id)
}

// stageAll submits several operations whose intervals are the same.
func (p *linearProducer) stageAll(n int) {
	var some []*linearAttempt
	for range n {
		a := p.attempt()
		some = append(some, a)
		if err := p.batch.Add(a.bid()); err != nil {
			panic(err)
		}
	}
	from := p.e.Now()
	if err := p.batch.Flush(); err != nil {
		panic(err)
	}
	to := p.e.Now()
	for _, a := range some {
		a.Begun, a.Returned = from, to
	}
}

func (p *linearProducer) submit() {
	a := p.attempt()
	op := engine.Op{
		Target: a.Target, Priority: engine.Priority(a.Priority), Window: time.Duration(a.Window), Name: attemptName(a.ID),
	}
	p.standing = append(p.standing, a)
	a.Begun = p.e.Now()
	h, err := engine.Submit(context.Background(), p.e, op, func(context.Context) (int, error) {
		x := model.Execution{Attempt: a.ID, Start: p.e.Now(), End: p.e.Now()}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.executions = append(p.executions, x)
		return 1, nil
	})
	a.Returned = p.e.Now()
	if err != nil {
		panic(err)
	}
	a.handle = h
	a.at(h.ID())
}

// withdraw tries to take one of the last attempts back.
func (p *linearProducer) withdraw() {
	i := len(p.standing) - 1 - p.rng.IntN(min(len(p.standing), 8))
	a := p.standing[i]
	p.standing = slices.Delete(p.standing, i, i+1)
	if a.holder != nil {
		a.Withdrawn = a.holder.withdraw()
		return
	}
	from := p.e.Now()
	if a.handle.Withdraw() {
		a.Withdrawn = &model.Interval{From: from, To: p.e.Now()}
	}
}

// finish notes what an attempt was told, which must have happened. Who has only a
// tag is told by the decision.
func (a *linearAttempt) finish(w *witness) {
	switch {
	case a.holder != nil:
		a.Answers = a.holder.given()
	case a.handle != nil:
		if !doneWithin(a.handle.Done(), patience) { // Stop does not wait until a winner's outcome is told
			return // the referee will say so
		}
		_, err := a.handle.Wait(context.Background())
		answer, _ := answerOf(err, w.now())
		a.Answers = []model.Answer{answer}
	default:
		a.Answers = w.told[a.ID]
	}
}

// atOnce calls a function for 0 to n-1 on so many goroutines.
func atOnce(workers, n int, call func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				call(int(i))
			}
		})
	}
	wg.Wait()
}
