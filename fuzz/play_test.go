package fuzz

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// play runs a real engine of one shard in a bubble beside the model. Steps are
// apart by synctest.Wait, so that the order of submission is known, and time
// is virtual, so that every decision falls in the very tick that the model
// says: the owner is kept from being busy (see nudge), which it may be late for.
type play struct {
	t       *testing.T
	rules   []RuleSet
	engine  *engine.Engine
	epoch   time.Time
	folds   [3]*shard.Fold
	running sync.WaitGroup
	ended   context.CancelFunc // of what functions wait for
	all     context.Context

	mu        sync.Mutex // the owner's hooks and the program take turns
	model     *model.Model
	stopped   bool
	aborting  bool // some Stop has not waited for everything
	pending   []model.Decision
	decided   bool // pending holds what is decided at decidedAt, after what is dismissed
	decidedAt int64
	ops       []*playedOp // of this generation, by sequence
	every     []*playedOp
	close     bool // some window is due shortly before another
	unseen    int  // submissions that the owner may not have looked at
	decisions int
	failure   string
}

// playedOp is an operation and what it is and was told.
type playedOp struct {
	model.Op
	form     string
	want     string // what the model says of it: outcome and details
	wantAt   int64
	got      string
	gotAt    int64
	outcomes int
	calls    int
	calledAt int64
	function byte

	handle *engine.Handle[int]
	ticket *engine.Ticket
	cancel context.CancelFunc
	play   *play
}

func newPlay(t *testing.T, rules []RuleSet) *play {
	p := &play{t: t, rules: rules, folds: [3]*shard.Fold{nil, new(shard.Fold), new(shard.Fold)}, epoch: time.Now()}
	p.all, p.ended = context.WithCancel(context.Background())
	config := engine.Config{Shards: 1, RingSize: 1 << 10, HashSeed: 1, Decided: p.decidedHook, Dismissed: p.dismissedHook}
	for i := range rules {
		config.MoreRules = append(config.MoreRules, rules[i].shard(func() {}))
	}
	if len(rules) > 0 {
		config.RulesOf = p.rulesOf
	}
	var err error
	p.engine, err = engine.New(config)
	require.NoError(t, err)
	p.begin()
	return p
}

func (p *play) rulesOf(target uuid.UUID) int {
	if target == nudged {
		return 0
	}
	return int(target[1]) % (len(p.rules) + 1)
}

// begin makes the model of a new generation.
func (p *play) begin() {
	config := model.Config{Tick: int64(shard.Tick)}
	for i := range p.rules {
		config.Rules = append(config.Rules, p.rules[i].model())
	}
	p.model, p.ops, p.stopped, p.unseen = model.New(config), nil, false, 0
}

func (p *play) fail(format string, args ...any) {
	if p.failure == "" {
		p.failure = fmt.Sprintf("at %v: ", time.Duration(p.engine.Now())) + fmt.Sprintf(format, args...)
	}
}

// sync lets the model do what has its turn before now. None of that may be a
// decision: the engine would be late.
func (p *play) sync(until int64) {
	for at, ok := p.model.Next(); ok && at >= 0 && at < until; at, ok = p.model.Next() {
		p.model.Advance(at)
		if late := p.model.Decide(); len(late) > 0 {
			p.fail("late: due at %v: %+v", time.Duration(at), late)
		}
		if late := p.model.Dismissed(); len(late) > 0 {
			p.fail("late: %+v", late)
		}
	}
}

// catchUp is sync after synctest.Wait: what is due now is done, too.
func (p *play) catchUp() {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sync(p.engine.Now() + 1)
	if late := p.model.Dismissed(); len(late) > 0 {
		p.fail("not told: %+v", late)
	}
	p.pending, p.decided = nil, false
}

// turn returns what the model decides now.
func (p *play) turn(abandon bool) []model.Decision {
	if now := p.engine.Now(); !p.decided || p.decidedAt != now {
		p.sync(now)
		p.model.Advance(now)
		if abandon { // with what is due by now
			p.model.Abandon()
		}
		p.pending, p.decided, p.decidedAt = p.model.Decide(), true, now
	}
	want := p.pending
	p.pending = nil
	return want
}

func (p *play) decidedHook(batch []engine.Decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	abandoned := batch[0].Abandoned
	if abandoned && !p.aborting {
		p.fail("abandoned: %+v", batch[0])
	}
	want := p.turn(abandoned)
	p.decided = false
	var got []model.Decision
	for i := range batch {
		got = append(got, p.plainly(&batch[i]))
	}
	for i := range want {
		p.expect(&want[i])
		want[i].Token, want[i].Rules, want[i].Notes = 0, 0, 0
		if len(want[i].Retried) > 0 {
			want[i].Retried = make([]uint64, len(want[i].Retried)) // how many
		}
	}
	if abandoned {
		inOrder(want)
		inOrder(got)
	}
	if !reflect.DeepEqual(want, got) {
		p.fail("decisions:\nmodel  %+v\nengine %+v", want, got)
	}
	p.decisions += len(got)
}

// plainly puts a decision into the model's words.
func (p *play) plainly(d *engine.Decision) model.Decision {
	out := model.Decision{
		Target: d.Target, Number: d.Number, Opened: d.Opened, Due: d.Due, Closed: d.Closed,
		Winner: plain(d.Winner), Fault: d.Fault() != nil, Abandoned: d.Abandoned, Early: d.Early, Contenders: d.Contenders,
	}
	if d.Retried > 0 {
		out.Retried = make([]uint64, d.Retried)
	}
	for s := range d.All() {
		out.Members = append(out.Members, model.Told{Standing: plain(s), Outcome: model.Outcome(d.OutcomeOf(s)), Retries: s.Retries()})
	}
	return out
}

func (p *play) dismissedHook(batch []engine.Dismissal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = p.turn(false) // for the decisions that follow
	want := p.model.Dismissed()
	for i := range batch {
		d := &batch[i]
		got := model.Dismissal{
			Told:   model.Told{Standing: plain(d.Op), Outcome: model.Outcome(d.Outcome), Retries: d.Retries},
			Target: d.Target, Opened: d.Opened, At: d.At, Leader: plain(d.Leader), Lock: d.Lock, Contenders: d.Contenders,
		}
		if i >= len(want) {
			p.fail("dismissed: %+v", got)
			return
		}
		want[i].Rules, want[i].Notes = 0, 0
		if want[i] != got {
			p.fail("dismissals:\nmodel  %+v\nengine %+v", want[i], got)
		}
		p.expectOf(want[i].ID, lostTo(want[i].Leader, want[i].Contenders, want[i].Told))
	}
	if len(want) > len(batch) {
		p.fail("not dismissed: %+v", want[len(batch):])
	}
}

// expect notes what the members of a decision are to be told, now.
func (p *play) expect(d *model.Decision) {
	for _, m := range d.Members {
		if m.Outcome == model.Lost {
			p.expectOf(m.ID, lostTo(d.Winner, d.Contenders, m))
		} else {
			p.expectOf(m.ID, m.Outcome.String())
		}
	}
}

func lostTo(winner model.Standing, contenders int, m model.Told) string {
	return fmt.Sprintf("lost to %d with %d, of %d, with %d after %d retries", winner.ID, winner.Priority, contenders, m.Priority, m.Retries)
}

func (p *play) expectOf(id uint64, want string) {
	if id >= uint64(len(p.ops)) {
		p.fail("operation %d is told %s", id, want)
		return
	}
	o := p.ops[id]
	if o.want != "" {
		p.fail("operation %d is told %s and %s", id, o.want, want)
	}
	o.want, o.wantAt = want, p.engine.Now()
}

// Decided takes the verdict of a ticket.
func (o *playedOp) Decided(v *engine.Verdict) {
	got := v.Outcome.String()
	if v.Outcome == engine.Lost {
		got = fmt.Sprintf("lost to %d with %d, of %d, with %d after %d retries",
			v.Winner.Sequence, v.WinnerPriority, v.Contenders, v.Priority, v.Retries)
	}
	o.told(got)
}

func (o *playedOp) told(got string) {
	o.play.mu.Lock()
	defer o.play.mu.Unlock()
	o.got, o.gotAt = got, o.play.engine.Now()
	o.outcomes++
}

// returned takes the outcome of a call.
func (o *playedOp) returned(err error) {
	var r *engine.RejectedError
	var s *engine.StoppedError
	switch {
	case err == nil:
		o.told("won")
	case errors.As(err, &r):
		o.told(fmt.Sprintf("lost to %d with %d, of %d, with %d after %d retries",
			r.Winner.ID.Sequence, r.Winner.Priority, r.Contenders, r.Priority, r.Retries))
	case errors.As(err, &s) && s.Running:
		o.told("won, stopped")
	case errors.Is(err, engine.ErrStopped):
		o.told("stopped")
	case errors.Is(err, engine.ErrWithdrawn):
		o.told("withdrawn")
	case errors.Is(err, engine.ErrUndecided):
		o.told("faulted")
	default:
		o.told(err.Error())
	}
}

// call is an operation's function.
func (o *playedOp) call(ctx context.Context) (int, error) {
	o.play.mu.Lock()
	o.calls++
	o.calledAt = o.play.engine.Now()
	o.play.mu.Unlock()
	switch o.function % 8 {
	case 0:
		time.Sleep(time.Duration(o.function) * time.Millisecond)
	case 1:
		select {
		case <-ctx.Done():
		case <-o.play.all.Done():
		}
	}
	return 0, nil
}
