package fuzz

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// FuzzEngine plays programs against an engine in a bubble, and compares with
// the model who wins, when, and that each outcome comes once: through all ways
// to submit, with withdrawals, contexts that end, stops and restarts, and rules
// but Exclusive ones, where the order in which ends are heard of is not known.
func FuzzEngine(f *testing.F) {
	for seed := range uint64(24) {
		f.Add(playProgram(seed))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		const longest = 1 << 9
		program = program[:min(len(program), longest)]
		synctest.Test(t, func(t *testing.T) { playOut(t, program) })
	})
}

// Random programs of the same kind.
func TestEngineAgainstModel(t *testing.T) {
	decisions := 0
	for seed := range uint64(*programs / 40) {
		synctest.Test(t, func(t *testing.T) { decisions += playOut(t, playProgram(*firstSeed+seed)) })
		require.False(t, t.Failed(), "seed %d", *firstSeed+seed)
	}
	t.Logf("%d programs, %d decisions", *programs/40, decisions)
	if *programs >= 10_000 {
		require.Greater(t, decisions, 2_000, "too little was compared")
	}
}

func playProgram(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 6))
	program := make([]byte, 20+rng.IntN(300))
	for i := range program {
		program[i] = byte(rng.Uint32())
	}
	return program
}

func playOut(t *testing.T, program []byte) (decisions int) {
	f := &feed{bytes: program}
	var rules []RuleSet
	for range f.next() % 4 {
		r := (&decoder{}).rules(f.next(), f.next())
		r.Exclusive, r.Preempt = false, false
		rules = append(rules, r)
	}
	p := newPlay(t, rules)
	for len(f.bytes) > 0 && p.failure == "" {
		p.step(f)
		if p.catchUp(); p.close && !p.stopped {
			p.ring()
		}
	}
	p.finish()
	return p.decisions
}

func (p *play) step(f *feed) {
	switch kind := f.next() % 16; kind {
	case 0, 1, 2, 3, 4, 5, 6, 7:
		if p.unseen++; p.unseen > mostUnseen {
			p.nudge()
		}
		p.submit(p.decodeOp(f), kind)
	case 8:
		p.submitBatch(f)
	case 9, 10:
		if n := len(p.ops); n > 0 {
			p.withdraw(p.ops[n-1-int(f.next())%n])
		}
	case 11:
		p.lifecycle(f)
	default:
		time.Sleep(calmGaps[f.next()%16])
	}
}

// mostUnseen is how much waits for the owner at a time: it is busy from 16 on,
// counted over up to two nudges.
const mostUnseen = 7

// nudged is a target that nobody contends for.
var nudged = uuid.UUID{15: 1}

// nudge makes the owner look: else so much could wait for it that it counts as
// busy, and may be late.
func (p *play) nudge() {
	if p.unseen = 1; p.stopped {
		return
	}
	time.Sleep(2 * time.Millisecond) // the pace is counted by the millisecond
	p.catchUp()
	p.ring()
}

// ring makes the owner look, now.
func (p *play) ring() {
	l, err := p.engine.Lock(context.Background(), engine.LockConfig{Target: nudged, For: time.Hour, Below: 1})
	require.NoError(p.t, err)
	l.Unlock()
	p.catchUp()
	p.close = false
}

func (p *play) decodeOp(f *feed) *playedOp {
	who, how, more := f.next(), f.next(), f.next()
	o := &playedOp{play: p, function: f.next()}
	o.Op = model.Op{
		Target: uuid.UUID{1, who % 4}, Priority: priorities[who>>5], At: p.engine.Now(),
		Window: int64(calmWindows[how&0x0f]), Deadline: int64(1 + how>>6),
	}
	o.Rules = 0
	if len(p.rules) > 0 {
		o.Rules = p.rulesOf(o.Target)
	}
	if more&1 != 0 {
		r := backoffs[more>>2&3]
		r.Limit, r.Step = 1+int(more>>1&1), max(0, steps[more>>5])
		o.Retry = &r
	}
	return o
}

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
	id, err := p.engine.Stage(bid)
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
	_, err := p.engine.Stage(bid)
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
		require.NoError(p.t, b.Add(bid))
	}
	p.refused(accepted, b.Flush())
}

// withdraw gives an operation up, in the way that it allows.
func (p *play) withdraw(o *playedOp) {
	p.mu.Lock()
	undecided := p.model.Withdraw(o.ID)
	if undecided {
		o.want, o.wantAt = "withdrawn", p.engine.Now()
	}
	p.mu.Unlock()
	switch {
	case o.ticket != nil:
		if undecided {
			o.told("withdrawn") // nobody else does
		}
		require.Equal(p.t, undecided, o.ticket.Withdraw())
	case o.handle != nil && o.function&32 != 0:
		require.Equal(p.t, undecided, o.handle.Withdraw())
	case o.cancel != nil:
		o.cancel()
	}
}

// lifecycle stops the engine for a while, or starts it.
func (p *play) lifecycle(f *feed) {
	pause := calmGaps[f.next()%16]
	if p.stopped {
		p.engine.Start() // waits for open windows
		p.catchUp()
		p.mu.Lock()
		p.begin()
		p.mu.Unlock()
		return
	}
	p.mu.Lock()
	p.model.Close()
	p.stopped, p.aborting = true, true
	p.mu.Unlock()
	p.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pause)
		defer cancel()
		_ = p.engine.Stop(ctx)
	})
}

// finish stops the engine and compares what everybody was told.
func (p *play) finish() {
	defer p.ended()
	p.mu.Lock()
	p.model.Close()
	p.aborting = true
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	_ = p.engine.Stop(ctx)
	cancel()
	p.ended()
	time.Sleep(time.Second) // longer than any function
	p.running.Wait()
	p.catchUp()
	if p.failure != "" {
		p.t.Fatal(p.failure)
	}
	p.model.Abandon() // windows that were abandoned with withdrawn ones only
	require.Empty(p.t, p.model.Decide(), "not abandoned")
	require.Zero(p.t, p.model.Staged())
	for _, o := range p.every {
		if err := o.check(); err != "" {
			p.t.Errorf("operation %d, %s for target %d, at %v: %s", o.ID, o.form, o.Target[1], time.Duration(o.At), err)
		}
	}
}

// check compares what an operation was told with what the model says. Only
// decisions tell of a tag.
func (o *playedOp) check() string {
	won := o.want == "won"
	switch {
	case o.cancel != nil:
		o.cancel()
	}
	switch {
	case o.want == "":
		return "the model says nothing"
	case o.form == "tag":
		return ""
	case o.outcomes != 1:
		return fmt.Sprintf("%d outcomes", o.outcomes)
	case won && o.got == "won, stopped" || won && o.got == "stopped":
		// Stop did not wait for its function.
	case o.want != o.got:
		return fmt.Sprintf("told %s, want %s", o.got, o.want)
	case !won && o.wantAt != o.gotAt:
		return fmt.Sprintf("told %s at %v, want it at %v", o.got, time.Duration(o.gotAt), time.Duration(o.wantAt))
	}
	called := 0
	if won && o.form != "Stage" && o.got != "stopped" {
		called = 1
	}
	if o.calls != called || called > 0 && o.calledAt != o.wantAt {
		return fmt.Sprintf("called %d times, at %v; want %d, at %v", o.calls, time.Duration(o.calledAt), called, time.Duration(o.wantAt))
	}
	return ""
}
