package fuzz

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// match runs a program against the core and the model.
type match struct {
	program *Program
	core    *shard.Core
	model   *model.Model
	tickets []*shard.Ticket // by ID of the operation; nil for tags
	folds   [3]*shard.Fold
	told    []model.Outcome // by ID; 0: nothing yet
	gone    []bool          // by ID: Withdraw succeeded
	now     int64           // of the last Advance

	decided  int
	coverage coverage
}

func newMatch(p *Program) *match {
	core := shard.CoreConfig{Limit: p.Limit, Fence: p.Fence}
	plain := model.Config{Tick: int64(shard.Tick), Limit: p.Limit, Fence: p.Fence}
	for i := range p.Rules {
		core.Rules = append(core.Rules, p.Rules[i].shard(func() {}))
		plain.Rules = append(plain.Rules, p.Rules[i].model())
	}
	m := &match{
		program: p, core: shard.NewCore(core), model: model.New(plain),
		folds: [3]*shard.Fold{nil, new(shard.Fold), new(shard.Fold)},
	}
	if p.Carried {
		m.core.Hold(shard.Hold{Token: carriedToken})
		m.model.Hold(model.Hold{Token: carriedToken})
	}
	return m
}

// carriedToken is an earlier winner's.
const carriedToken = 7

// mismatch is how a program fails.
type mismatch string

func (m mismatch) Error() string { return string(m) }

func (m *match) require(ok bool, format string, args ...any) {
	if !ok {
		panic(mismatch(fmt.Sprintf(format, args...)))
	}
}

func (m *match) equal(want, got any, what string) {
	m.require(reflect.DeepEqual(want, got), "%s:\nmodel %+v\ncore  %+v", what, want, got)
}

// run executes the program and, at the end, closes everything. It returns the
// first mismatch.
func (m *match) run() (err error) {
	at := "at the beginning"
	defer func() {
		switch p := recover().(type) {
		case nil:
		case mismatch:
			err = fmt.Errorf("%s: %w", at, p)
		default:
			err = fmt.Errorf("%s: panic: %v\n%s", at, p, debug.Stack())
		}
	}()
	for i := range m.program.Steps {
		s := &m.program.Steps[i]
		at = fmt.Sprintf("step %d", i)
		m.step(s)
		if s.Decide {
			m.decide()
		}
		m.compareState()
	}
	at = "at the end"
	if !m.program.Abandon {
		m.drain()
	}
	m.abandon()
	return nil
}

func (m *match) step(s *Step) {
	switch s.Kind {
	case Stage:
		m.stage(s)
	case Withdraw:
		got := m.tickets[s.ID].Withdraw()
		m.require(m.model.Withdraw(s.ID) == got, "Withdraw: core %t", got)
		m.gone[s.ID] = m.gone[s.ID] || got
	case Advance:
		m.advance(s.Now)
	case End:
		if held := m.model.Held(); len(held) > 0 {
			m.end(held[s.Held%len(held)], s.Stale)
		}
	case Lock:
		m.core.Lock(shard.Lock(s.Lock))
		m.model.Lock(s.Lock)
	case Unlock:
		m.core.Unlock(s.ID)
		m.model.Unlock(s.ID)
	case Close:
		m.core.Close()
		m.model.Close()
	}
}

func (m *match) stage(s *Step) {
	op := m.op(s)
	m.require(op.Begin(), "Begin")
	m.tickets = append(m.tickets, op.Ticket)
	m.told, m.gone = append(m.told, 0), append(m.gone, false)
	m.core.Stage(&op, s.Op.ID, s.Now)
	m.model.Stage(s.Op, s.Now)
}

// op returns the core's operation.
func (m *match) op(s *Step) shard.Op {
	op := shard.Op{
		Target: s.Op.Target, Tag: s.Op.ID, At: s.Op.At, Priority: s.Op.Priority,
		Terms: shard.NewTerms(time.Duration(s.Op.Window), uint8(s.Op.Rules)),
		// Few hash values, so that targets meet in the table.
		Hash: uint32(xxhash.Sum64(s.Op.Target[:])) & 0xe,
	}
	if s.Form != Tagged {
		op.Ticket = &shard.Ticket{
			Withdrawable: s.Op.Withdrawable, Name: strconv.Itoa(int(s.Op.ID)), Extra: m.extra(&s.Op),
		}
	}
	return op
}

// extra returns what the ticket of an operation keeps apart, if anything.
func (m *match) extra(op *model.Op) *shard.Extra {
	if op.Deadline == 0 && op.Fold == 0 && op.Retry == nil {
		return nil
	}
	x := &shard.Extra{Deadline: op.Deadline, Fold: m.folds[op.Fold]}
	if op.Retry != nil {
		r := op.Retry
		x.Retry = shard.Retry{
			Limit: r.Limit, Backoff: r.Backoff, MaxBackoff: r.MaxBackoff, Step: shard.Priority(r.Step),
		}
	}
	return x
}

func (m *match) advance(now int64) {
	m.now = max(m.now, now)
	m.core.Advance(now)
	m.model.Advance(now)
}

func (m *match) end(h model.Hold, stale bool) {
	if stale {
		h.Token--
	}
	m.equal(m.model.Ended(h.Target, h.Token), m.core.Ended(h.Target, h.Token), "Ended")
}

// decide compares everything that is decided or told by now, in order.
func (m *match) decide() {
	want := m.model.Decide()
	dismissed, preempted := m.model.Dismissed(), m.model.Preempted()
	for batch := m.core.Decide(); len(batch)+len(m.core.Dismissed())+len(m.core.Preempted()) > 0; batch = m.core.Decide() {
		for i := range m.core.Dismissed() {
			m.require(len(dismissed) > 0, "more dismissals: %+v", m.core.Dismissed()[i])
			m.compareDismissal(&dismissed[0], &m.core.Dismissed()[i])
			dismissed = dismissed[1:]
		}
		for _, p := range m.core.Preempted() {
			m.require(len(preempted) > 0, "more preemptions: %+v", p)
			m.equal(preempted[0], model.Preemption(p), "preemption")
			preempted = preempted[1:]
		}
		for i := range batch {
			m.require(len(want) > 0, "more decisions: %+v", batch[i])
			m.compareDecision(&want[0], &batch[i])
			want = want[1:]
		}
		m.core.Release()
	}
	m.require(len(want) == 0, "fewer decisions: %+v", want)
	m.require(len(dismissed) == 0, "fewer dismissals: %+v", dismissed)
	m.require(len(preempted) == 0, "fewer preemptions: %+v", preempted)
}

func (m *match) compareDismissal(want *model.Dismissal, d *shard.Dismissal) {
	got := model.Dismissal{
		Told:   model.Told{Standing: m.standing(d.Op), Outcome: model.Outcome(d.Outcome), Retries: d.Retries},
		Target: d.Target, Opened: d.Opened, At: d.At, Leader: plain(d.Leader), Lock: d.Lock, Contenders: d.Contenders,
		Rules: want.Rules, Notes: want.Notes,
	}
	m.equal(*want, got, "dismissal")
	if want.Outcome == model.Lost {
		m.equal(m.nameOf(want.Leader.ID), d.LeaderName, "leader's name")
	}
	m.tell(&got.Told)
	m.coverage.add(m.program, want.Rules, want.Notes)
}

func (m *match) compareDecision(want *model.Decision, d *shard.Decision) {
	got := m.translate(want, d)
	m.equal(*want, got, "decision")
	m.equal(len(want.Retried), d.Retried, "retried")
	folded := 0
	for i := range got.Members {
		m.tell(&got.Members[i])
		if got.Members[i].Outcome == model.Folded {
			folded++
		}
		if got.Members[i].Outcome == model.Won {
			m.equal(m.nameOf(want.Winner.ID), d.WinnerName, "winner's name")
		}
	}
	m.equal(folded, d.Folded, "folded")
	m.decided++
	m.coverage.add(m.program, want.Rules, want.Notes)
}

// translate puts a decision of the core into the model's words.
func (m *match) translate(want *model.Decision, d *shard.Decision) model.Decision {
	out := model.Decision{
		Target: d.Target, Number: d.Number, Token: d.Token(),
		Opened: d.Opened, Due: d.Due, Closed: d.Closed,
		Winner: plain(d.Winner), Fault: d.Fault() != nil, Abandoned: d.Abandoned,
		Early: d.Early, Contenders: d.Contenders,
		Retried: want.Retried, Rules: want.Rules, Notes: want.Notes,
	}
	for s := range d.All() {
		out.Members = append(out.Members, model.Told{
			Standing: m.standing(s), Outcome: model.Outcome(d.OutcomeOf(s)), Retries: s.Retries(),
		})
	}
	return out
}

// standing checks that an operation of the core's is the one that was staged.
func (m *match) standing(s shard.Standing) model.Standing {
	m.require(s.ID < uint64(len(m.tickets)) && m.tickets[s.ID] == s.Ticket, "operation %d has another's ticket", s.ID)
	return plain(s)
}

func (m *match) nameOf(id uint64) string {
	if m.tickets[id] == nil {
		return ""
	}
	return m.tickets[id].Name
}

// tell notes an outcome: there is one for each operation, and none for those
// that were withdrawn.
func (m *match) tell(t *model.Told) {
	m.require(!m.gone[t.ID], "operation %d was withdrawn and is told %v", t.ID, t.Outcome)
	m.require(m.told[t.ID] == 0, "operation %d is told %v and %v", t.ID, m.told[t.ID], t.Outcome)
	m.told[t.ID] = t.Outcome
}

// compareState compares what can be asked at any time. The core may ask to be
// woken earlier than it has something to do, but not later and not for the
// past.
func (m *match) compareState() {
	m.require(m.model.Staged() == m.core.Staged(), "staged: model %d, core %d", m.model.Staged(), m.core.Staged())
	m.require(m.model.Withdrawn() == int(m.core.Withdrawn()), "withdrawn: model %d, core %d", m.model.Withdrawn(), m.core.Withdrawn())
	want, open := m.model.Next()
	got, ok := m.core.Next()
	m.require(ok || !open, "Next: model %d, core nothing", want)
	// A displaced operation's pause goes on for nobody.
	m.require(open || !ok || m.program.Limit > 0, "Next: core %d, model nothing", got)
	if open && want >= 0 { // else it lies beyond the end of time
		m.require(got <= want, "Next: model %d, core %d", want, got)
		m.require(got > m.now, "Next: core %d, is over", got)
	}
}

// drain waits for everything to close.
func (m *match) drain() {
	for round := 1; m.model.Staged() > 0; round++ {
		m.require(round < 50, "%d operations stay", m.model.Staged())
		for _, h := range m.model.Held() {
			m.end(h, false)
		}
		m.advance(int64(farthest) + int64(round)*int64(shard.MaxWindow))
		m.decide()
		m.compareState()
	}
}

// abandon compares what becomes of the rest, in any order.
func (m *match) abandon() {
	m.decide()
	m.core.Abandon()
	m.model.Abandon()
	want := m.model.Decide()
	var got []model.Decision
	for batch := m.core.Decide(); len(batch) > 0; batch = m.core.Decide() {
		for i := range batch {
			got = append(got, m.translate(&model.Decision{}, &batch[i]))
		}
		m.core.Release()
	}
	inOrder(want)
	inOrder(got)
	for i := range min(len(want), len(got)) {
		for j := range got[i].Members {
			m.tell(&got[i].Members[j])
		}
	}
	m.equal(want, got, "abandoned")
	m.require(m.core.Staged() == 0, "%d operations stay", m.core.Staged())
	m.require(m.model.Withdrawn() == int(m.core.Withdrawn()), "withdrawn: model %d, core %d", m.model.Withdrawn(), m.core.Withdrawn())
	for id, o := range m.told {
		m.require((o == 0) == m.gone[id], "operation %d: told %v, withdrawn: %t", id, o, m.gone[id])
	}
}

// inOrder orders abandoned decisions by their first members, and leaves out
// what depends on the order in which they are made, or says when those would
// have closed that never will.
func inOrder(all []model.Decision) {
	for i := range all {
		d := &all[i]
		d.Number, d.Token, d.Opened, d.Due, d.Closed = 0, 0, 0, 0, 0
		d.Fault, d.Rules, d.Notes = false, 0, 0
	}
	slices.SortFunc(all, func(a, b model.Decision) int {
		return cmp.Compare(first(a), first(b))
	})
}

func first(d model.Decision) uint64 {
	if len(d.Members) == 0 {
		return math.MaxUint64
	}
	return d.Members[0].ID
}
