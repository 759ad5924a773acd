package fuzz

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
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
