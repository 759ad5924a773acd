package fuzz

import (
	"fmt"
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

	decided   int
	meanwhile int  // operations that were let in while others were told
	calm      bool // the rules are only policies: no window closes because somebody comes
	coverage  coverage
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
		calm:  !slices.ContainsFunc(p.Rules, func(r RuleSet) bool { return r != RuleSet{Policy: r.Policy} }),
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
	for i := 0; i < len(m.program.Steps); i++ {
		s := &m.program.Steps[i]
		at = fmt.Sprintf("step %d", i)
		m.step(s)
		if s.Decide {
			i += m.decide(m.program.Steps[i+1:])
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
		m.withdraw(s.ID)
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
	case Clear:
		hash := uint32(xxhash.Sum64(s.Target[:])) & 0x1c
		m.equal(m.model.Clear(s.Target), m.core.Clear(&s.Target, hash), "cleared")
	case Close:
		m.core.Close()
		m.model.Close()
	}
}

// withdraw takes an operation back, or lets it be asked: that must make no difference.
func (m *match) withdraw(id uint64) {
	want, t := m.model.Withdraw(id), m.tickets[id]
	if t.Polled {
		q := t.To.(*quitter)
		q.quits = q.quits || want
	} else {
		got := t.Withdraw()
		m.require(want == got, "Withdraw: core %t", got)
	}
	m.gone[id] = m.gone[id] || want
}

// quitter gives up when it is asked.
type quitter struct {
	ticket shard.Ticket
	quits  bool
}

func (q *quitter) Poll() {
	if q.quits {
		q.ticket.Withdraw()
	}
}

func (*quitter) Decided(*shard.Verdict) {}

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
		Hash: uint32(xxhash.Sum64(s.Op.Target[:])) & 0x1c,
	}
	if s.Form != Tagged {
		q := new(quitter)
		op.Ticket, q.ticket.To = &q.ticket, q
		q.ticket.Withdrawable, q.ticket.Polled = s.Op.Withdrawable, s.Op.Withdrawable && s.Op.ID%2 == 0
		q.ticket.Name, q.ticket.Extra = strconv.Itoa(int(s.Op.ID)), m.extra(&s.Op)
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

// drain waits for everything to close.
func (m *match) drain() {
	for round := 1; m.model.Staged() > 0; round++ {
		m.require(round < 50, "%d operations stay", m.model.Staged())
		for _, h := range m.model.Held() {
			m.end(h, false)
		}
		m.advance(int64(farthest) + int64(round)*int64(shard.MaxWindow))
		m.decide(nil)
		m.compareState()
	}
}

// abandon compares what becomes of the rest, in any order.
func (m *match) abandon() {
	m.decide(nil)
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
