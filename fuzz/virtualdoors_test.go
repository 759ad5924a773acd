package fuzz

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
)

// doors are the ways into an engine that is watched. Each notes what its caller
// learns, as the referee wants to know it. Its methods are safe for concurrent use.
type doors struct {
	e *engine.Engine
	w *witness

	// prompt says that accepting takes no time, in a bubble where only sleeping
	// does: then a blocking call was accepted when it began.
	prompt bool
	// places says that the engine is not restarted, so that places are of one run.
	places bool

	going sync.WaitGroup // what waits for outcomes

	mu         sync.Mutex
	attempts   []*candidate
	executions []*model.Execution
	inPart     []partly
	panics     int // of functions, that no caller was told of
}

// candidate is an attempt. While it is going on it belongs to the goroutine that
// makes it.
type candidate struct {
	model.Attempt
	holder *ticketHolder // nil for none
	tagged bool
	errors []error // what cannot be
}

// fate is how a winner's function fares.
type fate struct {
	takes time.Duration
	fails error
	panic bool
	then  func() // called inside; nil for nothing
}

// next makes an attempt.
func (d *doors) next(a model.Attempt) *candidate {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &candidate{Attempt: a}
	c.ID = uint64(len(d.attempts) + 1)
	d.attempts = append(d.attempts, c)
	return c
}

func (c *candidate) op() engine.Op {
	return engine.Op{Target: c.Target, Priority: engine.Priority(c.Priority), Window: time.Duration(c.Window), Name: attemptName(c.ID)}
}

func (c *candidate) bid() *engine.Bid {
	return &engine.Bid{Target: c.Target, Priority: engine.Priority(c.Priority), Window: time.Duration(c.Window), Tag: c.ID}
}

// patience makes a context that ends after a while, never if that is 0, and says
// when that is: not before.
func (d *doors) patience(while time.Duration) (ctx context.Context, ends int64, cancel func()) {
	if while == 0 {
		return context.Background(), 0, func() {}
	}
	ends = d.e.Now() + int64(while)
	ctx, cancel = context.WithTimeout(context.Background(), while)
	return ctx, ends, cancel
}

// function is what a candidate does when it has won.
func (d *doors) function(c *candidate, l fate) func(context.Context) (int, error) {
	return func(context.Context) (int, error) {
		x := &model.Execution{Attempt: c.ID, Start: d.e.Now()}
		d.mu.Lock()
		d.executions = append(d.executions, x)
		d.mu.Unlock()
		defer func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			x.End = d.e.Now()
		}()
		if l.takes > 0 {
			time.Sleep(l.takes)
		}
		if l.then != nil {
			l.then()
		}
		if l.panic {
			d.panicked(1)
			panic(l.fails)
		}
		return 1, l.fails
	}
}

func (d *doors) panicked(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.panics += n
}

var errLuck = errors.New("out of fate")

// do goes through Do, with a context that ends after a while.
func (d *doors) do(c *candidate, while time.Duration, l fate) (accepted bool) {
	ctx, ends, cancel := d.patience(while)
	defer cancel()
	d.begin(c)
	_, err := engine.Do(ctx, d.e, c.op(), d.function(c, l))
	return d.end(c, err, ends)
}

// contend goes through Contend and executes by itself.
func (d *doors) contend(c *candidate, while time.Duration, l fate) (accepted bool) {
	ctx, ends, cancel := d.patience(while)
	defer cancel()
	d.begin(c)
	win, err := d.e.Contend(ctx, c.op())
	if accepted = d.end(c, err, ends); err != nil {
		return accepted
	}
	c.Answers[0].Ending = model.EndWon
	defer func() {
		if recover() != nil {
			d.panicked(-1)
		}
		win.Finish(nil)
		accepted = true
	}()
	d.function(c, l)(ctx)
	return true
}

// begin notes that a blocking call begins.
func (d *doors) begin(c *candidate) {
	c.Begun = d.e.Now()
	if d.prompt {
		c.State, c.Returned = model.Accepted, c.Begun
	}
}

// end notes what a blocking call, whose context was to end then, has returned.
func (d *doors) end(c *candidate, err error, ends int64) (accepted bool) {
	at := d.e.Now()
	if !d.prompt {
		c.Returned = at
	}
	return d.answer(c, err, at, ends)
}

func (d *doors) answer(c *candidate, err error, at, ends int64) (accepted bool) {
	if p := (*engine.PanicError)(nil); errors.As(err, &p) {
		d.panicked(-1)
	}
	answer, accepted := answerOf(err, at)
	if !accepted {
		c.State = model.Refused
		if errors.Is(err, engine.ErrInvalid) {
			c.errors = append(c.errors, err)
		}
		return false
	}
	c.State = model.Accepted
	c.Answers = append(c.Answers, answer)
	if answer.Ending == model.EndWithdrawn && c.Withdrawn == nil {
		c.Withdrawn = &model.Interval{From: ends, To: at}
	}
	return true
}

// submit goes through Submit, with a context that ends after a while, and tries to
// withdraw after another; 0 means never.
func (d *doors) submit(c *candidate, while, withdraw time.Duration, l fate) (accepted bool) {
	ctx, ends, cancel := d.patience(while)
	c.Begun = d.e.Now()
	h, err := engine.Submit(ctx, d.e, c.op(), d.function(c, l))
	c.Returned = d.e.Now()
	if err != nil {
		cancel()
		return d.answer(c, err, c.Returned, ends)
	}
	c.State = model.Accepted
	d.at(c, h.ID())
	d.going.Go(func() {
		defer cancel()
		from := int64(0)
		if withdraw > 0 && !doneWithin(h.Done(), withdraw) {
			from = d.e.Now()
			if h.Withdraw() {
				c.Withdrawn = &model.Interval{From: from, To: d.e.Now()}
			}
		}
		<-h.Done()
		at := d.e.Now()
		_, err := h.Wait(context.Background())
		d.answer(c, err, at, ends)
	})
	return true
}

// doneWithin reports whether a channel is closed within a while.
func doneWithin(done <-chan struct{}, while time.Duration) bool {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func (d *doors) at(c *candidate, id engine.OpID) {
	if d.places {
		c.Place = &model.Place{Shard: id.Shard, Sequence: id.Sequence}
	}
}

// stage goes through Stage with a ticket, and tries to withdraw after a while; 0
// means never.
func (d *doors) stage(c *candidate, withdraw time.Duration) (accepted bool) {
	c.holder = newTicketHolder(c.ID, d.e.Now)
	bid := c.bid()
	bid.Ticket = &c.holder.Ticket
	if accepted = d.stageBid(c, bid); accepted && withdraw > 0 {
		d.going.Go(func() {
			if !doneWithin(c.holder.told, withdraw) {
				c.Withdrawn = c.holder.withdraw()
			}
		})
	}
	return accepted
}

// stageTag goes through Stage with a tag.
func (d *doors) stageTag(c *candidate) (accepted bool) {
	c.tagged = true
	return d.stageBid(c, c.bid())
}

func (d *doors) stageBid(c *candidate, bid *engine.Bid) (accepted bool) {
	c.Begun = d.e.Now()
	id, err := d.e.Stage(bid)
	c.Returned = d.e.Now()
	if err != nil {
		return d.answer(c, err, c.Returned, 0)
	}
	c.State = model.Accepted
	d.at(c, id)
	return true
}

// stageAll goes through a Batch. Nobody learns which of it is refused, only how
// many.
func (d *doors) stageAll(all []*candidate) (accepted bool) {
	b := d.e.NewBatch(len(all) + 1)
	for _, c := range all {
		c.tagged = true
		if err := b.Add(c.bid()); err != nil {
			c.errors = append(c.errors, err)
		}
	}
	from := d.e.Now()
	err := b.Flush()
	to := d.e.Now()
	for _, c := range all {
		c.Begun, c.Returned, c.State = from, to, model.Accepted
	}
	if err != nil {
		d.mu.Lock()
		d.inPart = append(d.inPart, partly{all, len(all) - b.Len()})
		d.mu.Unlock()
	}
	b.Discard()
	return err == nil
}

// partly is a batch of which so many were accepted.
type partly struct {
	all      []*candidate
	accepted int
}

// settle says of those of a batch that were told something that they were accepted,
// and of the others that they were refused, if it is the right number.
func (p *partly) settle(told map[uint64][]model.Answer) error {
	n := 0
	for _, c := range p.all {
		if len(told[c.ID]) > 0 {
			n++
		} else {
			c.State = model.Refused
		}
	}
	if n != p.accepted {
		return fmt.Errorf("of a batch %d were accepted and %d told", p.accepted, n)
	}
	return nil
}

// history ends the taking of notes. Everything must be over.
func (d *doors) history() (*model.History, []error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var attempts []model.Attempt
	var wrong []error
	for i := range d.inPart {
		if err := d.inPart[i].settle(d.w.told); err != nil {
			wrong = append(wrong, err)
		}
	}
	for _, c := range d.attempts {
		if c.holder != nil {
			c.Answers = c.holder.given()
		}
		if c.tagged {
			c.Answers = d.w.told[c.ID]
		}
		wrong = append(wrong, c.errors...)
		attempts = append(attempts, c.Attempt)
	}
	executions := make([]model.Execution, len(d.executions))
	for i, x := range d.executions {
		executions[i] = *x
	}
	return d.w.history(attempts, executions), wrong
}
