//go:build explore

package fuzz

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/fuzz/sim"
	"example.com/contend/shard"
)

// judge holds what happened against the contract: all of it for plain windows,
// that there is one outcome for each operation and one winner for each group in
// any case.
func (w *simWorld) judge() {
	report := w.turn.Report()
	w.faults[frozen], w.faults[atSlots] = report.Frozen-report.Holes, report.Holes
	w.faults[paused], w.faults[lateTimer] = report.Pauses, report.Late
	if report.Hung {
		w.violation("hung: nobody can go on")
		return
	}
	for _, a := range w.attempts {
		w.judgeAttempt(a)
	}
	w.judgeGroups()
	if w.plain {
		for _, v := range model.Judge(w.history(&report)) {
			w.violation("%v", v)
		}
		w.judgeEvents(&report)
	}
	if s := w.engine.Stats(); s.Staged != 0 || s.Windows != 0 || s.Running != 0 {
		w.violation("stopped, but %v", s)
	}
	if completed := w.told("completed"); w.engine.Stats().Completed < completed {
		w.violation("%d operations were told completed, %d have", completed, w.engine.Stats().Completed)
	}
	if w.config.Journal != nil && w.engine.Stats().JournalLost == 0 {
		if _, err := engine.ReadJournal(&w.journal, nil); err != nil {
			w.violation("the journal: %v", err)
		}
	}
}

// told returns how many operations were told something.
func (w *simWorld) told(what string) (n uint64) {
	for _, a := range w.attempts {
		if slices.Contains(a.outcomes, what) {
			n++
		}
	}
	return n
}

// judgeAttempt checks that there is one outcome, and the right one.
func (w *simWorld) judgeAttempt(a *attempt) {
	told := len(a.outcomes)
	switch {
	case told > 1:
		w.violation("operation %d (%v) was told %q", a.number, a.door, a.outcomes)
		return
	case a.withdrawn && told > 0:
		w.violation("operation %d (%v) was withdrawn and told %q", a.number, a.door, a.outcomes)
	case a.accepted && told == 0 && !a.withdrawn:
		w.violation("operation %d (%v) was accepted and told nothing", a.number, a.door)
	case a.refused && told > 0:
		w.violation("operation %d (%v) was refused and told %q", a.number, a.door, a.outcomes)
	}
	if a.registered > 1 || a.ran > 1 {
		w.violation("operation %d was registered %d times and ran %d times", a.number, a.registered, a.ran)
	}
	if a.won == 0 && a.registered+a.ran > 0 || a.won > 1 {
		w.violation("operation %d won %d times, was registered %d times and ran %d times", a.number, a.won, a.registered, a.ran)
	}
	if told == 0 {
		return
	}
	ran := a.door == byDo || a.door == bySubmit
	switch o := a.outcomes[0]; {
	case o == "completed" && (a.won != 1 || ran && a.ran != 1),
		o == "won" && a.won != 1,
		o == "failed" && a.won != 1,
		(o == "lost" || o == "withdrawn" || o == "masked" || o == "displaced" || o == "faulted") && a.won+a.ran > 0,
		o == "withdrawn" && a.decided > 0:
		w.violation("operation %d (%v) was told %v: it won %d times, ran %d times, was in %d decisions", a.number, a.door, o, a.won, a.ran, a.decided)
	}
}

// judgeGroups checks what holds whatever the rules are.
func (w *simWorld) judgeGroups() {
	for i := range w.groups {
		g := &w.groups[i]
		r := w.rulesOf(g.target)
		mayBeEarly := r.Size > 0 || r.Decisive != 0 || r.Exclusive && r.Idle > 0
		if g.abandoned || g.fault {
			continue
		}
		if g.winner == nil {
			w.violation("a group of %d has no winner", len(g.members))
		}
		if !mayBeEarly && min(g.closed, g.at) < g.due {
			w.violation("a window of %v closed %d ns early", g.target, g.due-min(g.closed, g.at))
		}
	}
}

// judgeEvents checks what the clock, which mostly stands still, cannot say: the
// order of submission, by the order of events; and who gave up in time, which is
// certain only as long as time passes while everybody sleeps.
func (w *simWorld) judgeEvents(report *sim.Report) {
	for i := range w.groups {
		g := &w.groups[i]
		for n, later := range g.members {
			for _, earlier := range g.members[:n] {
				if later.returned > 0 && later.returned < earlier.begun {
					w.violation("operation %d stands behind %d, which began after it was accepted", later.number, earlier.number)
				}
			}
			if gaveUp := later.gaveUp; gaveUp > later.beganAt && gaveUp < g.closed && report.Pauses == 0 && !g.abandoned {
				w.violation("operation %d (%v) gave up %d ns before its window closed, but contends", later.number, later.door, g.closed-gaveUp)
			}
		}
	}
}

// history is the run as the referee sees it.
func (w *simWorld) history(report *sim.Report) *model.History {
	h := &model.History{
		End: w.engine.Now(), Tick: int64(shard.Tick), Late: int64(simLate + report.Paused),
		Entries: w.registry, Executions: w.executions,
	}
	for i := range w.groups {
		for _, a := range w.groups[i].members {
			if a.unheard && slices.Contains(a.outcomes, "lost") {
				a.toldAt = w.groups[i].at // not when somebody looked
			}
		}
	}
	for _, a := range w.attempts {
		h.Attempts = append(h.Attempts, w.asAttempt(a))
	}
	for i := range w.groups {
		h.Rulings = append(h.Rulings, asRuling(&w.groups[i]))
	}
	return h
}

// simLate is by how much more than a tick a decision may be late: an owner that is
// busy looks once a millisecond.
const simLate = time.Millisecond

func (w *simWorld) asAttempt(a *attempt) model.Attempt {
	m := model.Attempt{
		ID: a.number + 1, Target: a.op.Target, Priority: int32(a.op.Priority), Window: int64(w.windowOf(a.op.Target)),
		Begun: a.beganAt, State: model.Refused,
	}
	if a.accepted || a.withdrawn || len(a.outcomes) > 0 { // else one of a batch that was not taken
		m.State, m.Returned = model.Accepted, a.acceptedAt
	}
	if m.Returned == 0 {
		m.Returned = max(a.toldAt, a.withdrawnAt)
	}
	if a.withdrawn {
		m.Withdrawn = &model.Interval{From: a.withdrawsAt, To: a.withdrawnAt}
	}
	for _, outcome := range a.outcomes {
		if m.Withdrawn == nil && outcome == "withdrawn" {
			m.Withdrawn = &model.Interval{From: a.beganAt, To: a.toldAt}
		}
		m.Answers = append(m.Answers, model.Answer{Ending: endings[outcome], At: a.toldAt})
	}
	return m
}

// endings are the outcomes in the referee's words.
var endings = map[string]model.Ending{
	"won": model.EndWon, "completed": model.EndCompleted, "failed": model.EndFailed, "lost": model.EndRejected,
	"withdrawn": model.EndWithdrawn, "stopped": model.EndStopped,
}

func asRuling(g *simGroup) model.Ruling {
	r := model.Ruling{
		Target: g.target, Opened: g.opened, Due: g.due, Closed: g.closed, Seen: g.at, Abandoned: g.abandoned,
	}
	if g.winner != nil {
		r.Winner = g.winner.number + 1
	}
	for _, a := range g.members {
		r.Members = append(r.Members, model.Standing{ID: a.number + 1, Priority: int32(a.op.Priority)})
	}
	return r
}

func (w *simWorld) windowOf(target uuid.UUID) time.Duration {
	if w.config.WindowOf != nil {
		if own := w.config.WindowOf(target); own > 0 {
			return own
		}
	}
	return w.config.Window
}
