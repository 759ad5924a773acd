package fuzz

import (
	"cmp"
	"math"
	"slices"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// decide compares everything that is decided or told by now, in order. Where the core lets
// operations in while others are told, the next of the program are staged meanwhile, in the
// model behind its decisions: it returns how many.
func (m *match) decide(next []Step) (staged int) {
	want := m.model.Decide()
	dismissed, preempted := m.model.Dismissed(), m.model.Preempted()
	open := m.calm && m.core.CloseFired()
	decide := func() []shard.Decision {
		if open && staged < len(next) && next[staged].Kind == Stage && !next[staged].Decide {
			m.step(&next[staged])
			staged++
			m.meanwhile++
		}
		return m.core.Decide()
	}
	for batch := decide(); len(batch)+len(m.core.Dismissed())+len(m.core.Preempted()) > 0; batch = decide() {
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
	return staged
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
