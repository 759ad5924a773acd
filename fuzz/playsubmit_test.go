package fuzz

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
	"example.com/contend/shard"
)

// accepted puts an operation into the model, before the owner can see it. It
// reports false if the engine is stopped.
func (p *play) accepted(o *playedOp) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		return false
	}
	p.close = p.close || p.isClose(o)
	o.ID = uint64(len(p.ops))
	p.ops, p.every = append(p.ops, o), append(p.every, o)
	p.model.Stage(o.Op, o.At)
	return true
}

// isClose reports whether a window would be due so shortly before the owner
// wakes anyhow that nobody wakes it for that: it is a tick late then.
func (p *play) isClose(o *playedOp) bool {
	const dealt = 1 << 10 // every so many ticks the wheel may have something to do
	length, tick := o.Window, int64(shard.Tick)
	if o.Rules > 0 && p.rules[o.Rules-1].Idle > 0 {
		length = min(length, int64(p.rules[o.Rules-1].Idle))
	}
	due := o.At + length
	next, ok := p.model.Next()
	deal := (due/tick/dealt + 1) * dealt * tick
	return ok && next-due <= 2*tick && next > due || deal-due <= 2*tick
}

func (p *play) engineOp(o *playedOp) engine.Op {
	op := engine.Op{
		Target: o.Target, Priority: engine.Priority(o.Priority), Window: time.Duration(o.Window),
		Deadline: p.epoch.Add(time.Duration(o.Deadline)),
	}
	if o.Retry != nil {
		op.Retry = o.retry()
	}
	return op
}

func (o *playedOp) retry() engine.Retry {
	return engine.Retry{Limit: o.Retry.Limit, Backoff: o.Retry.Backoff, MaxBackoff: o.Retry.MaxBackoff, Step: engine.Priority(o.Retry.Step)}
}

func (p *play) submit(o *playedOp, kind byte) {
	switch kind {
	case 0, 1:
		p.submitHandle(o)
	case 2, 3, 4:
		p.submitBlocking(o, kind)
	case 5, 6:
		p.stage(o, kind == 6)
	case 7:
		p.stageTag(o)
	}
}

// refused checks that nothing is accepted if and only if the engine is stopped.
func (p *play) refused(accepted bool, err error) {
	if accepted {
		require.NoError(p.t, err)
	} else {
		require.ErrorIs(p.t, err, engine.ErrStopped)
	}
}

func (p *play) submitHandle(o *playedOp) {
	o.form, o.Withdrawable = "Submit", true
	accepted := p.accepted(o)
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel = cancel
	h, err := engine.Submit(ctx, p.engine, p.engineOp(o), o.call)
	p.refused(accepted, err)
	if o.handle = h; !accepted {
		cancel()
		return
	}
	require.Equal(p.t, o.ID, h.ID().Sequence)
	p.running.Go(func() {
		<-h.Done()
		_, err := h.Wait(context.Background())
		o.returned(err)
	})
}

func (p *play) submitBlocking(o *playedOp, kind byte) {
	ctx, cancel := context.Background(), context.CancelFunc(nil)
	if kind != 3 {
		ctx, cancel = context.WithCancel(ctx)
	}
	o.form, o.Withdrawable, o.cancel = "Do", cancel != nil, cancel
	accepted := p.accepted(o)
	p.running.Go(func() {
		var err error
		if kind == 4 {
			err = o.contend(ctx)
		} else {
			_, err = engine.Do(ctx, p.engine, p.engineOp(o), o.call)
		}
		if accepted {
			o.returned(err)
		} else {
			assert.ErrorIs(p.t, err, engine.ErrStopped)
		}
	})
}

// contend is Do, by hand.
func (o *playedOp) contend(ctx context.Context) error {
	win, err := o.play.engine.Contend(ctx, o.play.engineOp(o))
	if err == nil {
		o.play.mu.Lock()
		o.calls, o.calledAt = o.calls+1, o.play.engine.Now()
		o.play.mu.Unlock()
		win.Finish(nil)
	}
	return err
}

func (p *play) bid(o *playedOp, withdrawable bool) engine.Bid {
	o.form, o.Withdrawable = "Stage", withdrawable
	o.Fold = int(o.function) % 3
	o.ticket = &engine.Ticket{To: o, Withdrawable: withdrawable, Extra: &engine.Extra{Deadline: o.Deadline, Fold: p.folds[o.Fold]}}
	if o.Retry != nil {
		o.ticket.Extra.Retry = o.retry()
	}
	return engine.Bid{Target: o.Target, Priority: engine.Priority(o.Priority), Window: time.Duration(o.Window), Ticket: o.ticket}
}

func (p *play) stage(o *playedOp, withdrawable bool) {
	bid := p.bid(o, withdrawable)
	accepted := p.accepted(o)
	id, err := p.engine.Stage(&bid)
	p.refused(accepted, err)
	require.True(p.t, !accepted || id.Sequence == o.ID)
}

// tagged makes the bid of an operation that is known by its number.
func (p *play) tagged(o *playedOp) (bid engine.Bid, accepted bool) {
	o.form, o.Retry, o.Deadline = "tag", nil, 0
	accepted = p.accepted(o)
	return engine.Bid{Target: o.Target, Priority: engine.Priority(o.Priority), Window: time.Duration(o.Window), Tag: o.ID}, accepted
}

func (p *play) stageTag(o *playedOp) {
	bid, accepted := p.tagged(o)
	_, err := p.engine.Stage(&bid)
	p.refused(accepted, err)
}

func (p *play) submitBatch(f *feed) {
	n := 1 + int(f.next())%4
	p.nudge()
	p.unseen = n
	b := p.engine.NewBatch(8)
	accepted := false
	for range n {
		o := p.decodeOp(f)
		var bid engine.Bid
		if o.function&8 != 0 {
			bid, accepted = p.tagged(o)
		} else {
			bid = p.bid(o, o.function&16 != 0)
			accepted = p.accepted(o)
		}
		require.NoError(p.t, b.Add(&bid))
	}
	p.refused(accepted, b.Flush())
}
