//go:build explore

package fuzz

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// simGroup is a decision as the hook saw it.
type simGroup struct {
	target              uuid.UUID
	opened, due, closed int64
	at                  int64 // the hook's time
	winner              *attempt
	members             []*attempt
	abandoned, fault    bool
}

// begin notes that a submission begins.
func (w *simWorld) begin(a *attempt) {
	now := w.engine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	a.begun, a.beganAt = w.events, now
}

// accept notes what a submission returned.
func (w *simWorld) accept(a *attempt, err error) {
	now := w.engine.Now()
	if err != nil {
		var overloaded *engine.OverloadedError
		if errors.As(err, &overloaded) && overloaded.Ring {
			w.count(fullRing)
		}
		if errors.Is(err, engine.ErrInvalid) {
			w.violation("operation %d: %v", a.number, err)
		}
		w.refuse(a)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	a.returned, a.accepted, a.acceptedAt = w.events, true, now
}

func (w *simWorld) refuse(refused ...*attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range refused {
		a.refused = true
	}
}

// outcome notes what an operation is told.
func (w *simWorld) outcome(a *attempt, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.outcomes = append(a.outcomes, what)
}

// enter and leave bracket a winner's function.
func (w *simWorld) enter(a *attempt) {
	w.mu.Lock()
	w.busy++
	w.turnover++
	w.running[a.op.Target]++
	crowd := w.running[a.op.Target]
	w.mu.Unlock()
	if crowd > 1 && w.config.Rules.Exclusive {
		w.violation("operation %d runs beside another winner of an exclusive target", a.number)
	}
}

func (w *simWorld) leave(a *attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	w.turnover++
	w.running[a.op.Target]--
}

// registered notes that a winner reached the registry.
func (w *simWorld) registered(entry engine.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.names[entry.Name]
	if a == nil {
		w.violations = append(w.violations, "a registered entry of nobody")
		return
	}
	w.entries[entry.ID] = a.number
	if a.registered++; a.ran > 0 {
		w.violations = append(w.violations, "operation "+entry.Name+" was registered after it ran")
	}
}

// numberOf returns the number of the operation that an entry is of.
func (w *simWorld) numberOf(id uuid.UUID) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.entries[id]
}

// decided is the engine's hook.
func (w *simWorld) decided(batch []engine.Decision) {
	now := w.engine.Now()
	for i := range batch {
		d := &batch[i]
		g := simGroup{
			target: d.Target, opened: d.Opened, due: d.Due, closed: d.Closed, at: now,
			abandoned: d.Abandoned, fault: d.Fault() != nil,
		}
		w.mu.Lock()
		for s := range d.All() {
			a := w.attemptOf(s)
			g.members = append(g.members, a)
			a.decided++
			outcome := d.OutcomeOf(s)
			if outcome == shard.Won {
				g.winner = a
				a.won++
			}
			if s.Ticket == nil {
				a.outcomes = append(a.outcomes, outcome.String())
			}
		}
		w.groups = append(w.groups, g)
		w.mu.Unlock()
		if g.winner != nil && d.Winner.Ticket == nil && d.Exclusive() {
			w.releaseLater(d.Target, d.Token())
		}
	}
	w.fault(inHook, uint64(batch[0].Shard)<<16^batch[0].Number)
}

// attemptOf finds an operation; with the lock.
func (w *simWorld) attemptOf(s engine.Standing) *attempt {
	if s.Ticket == nil {
		return w.attempts[s.ID]
	}
	return w.names[s.Ticket.Name]
}

// dismissed is the engine's other hook.
func (w *simWorld) dismissed(batch []engine.Dismissal) {
	w.mu.Lock()
	for i := range batch {
		if d := &batch[i]; d.Op.Ticket == nil {
			a := w.attempts[d.Op.ID]
			a.outcomes = append(a.outcomes, d.Outcome.String())
		}
	}
	w.mu.Unlock()
	w.fault(inHook, 1<<30|batch[0].Op.ID)
}

// judge holds what happened against the contract.
func (w *simWorld) judge() {
	report := w.turn.Report()
	w.faults[frozen], w.faults[paused], w.faults[lateTimer] = report.Frozen, report.Pauses, report.Late
	if report.Hung {
		w.violation("hung: nobody can go on")
		return
	}
	for _, a := range w.attempts {
		w.judgeAttempt(a)
	}
	for i := range w.groups {
		w.judgeGroup(&w.groups[i], report.Paused)
	}
	w.judgeOrder()
	w.judgeStats()
	if w.config.Journal != nil && w.engine.Stats().JournalLost == 0 {
		if _, err := engine.ReadJournal(&w.journal, nil); err != nil {
			w.violation("the journal: %v", err)
		}
	}
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

// judgeGroup checks who won, and when.
func (w *simWorld) judgeGroup(g *simGroup, paused time.Duration) {
	if g.abandoned || g.fault {
		return
	}
	if r := &w.config.Rules; r.Size == 0 && r.Decisive == 0 && min(g.closed, g.at) < g.due {
		w.violation("a window of %v closed %d ns early", g.target, g.due-min(g.closed, g.at))
	}
	if g.winner == nil {
		w.violation("a group of %d has no winner", len(g.members))
		return
	}
	if !w.plain {
		return
	}
	if late := time.Duration(g.at - g.due); late > shard.Tick+time.Millisecond+paused {
		w.violation("a window of %v was decided %v late; %v of that may be pauses", g.target, late, paused)
	}
	if g.due-g.opened != int64(w.windowOf(g.target)) {
		w.violation("a window of %v was %v long", g.target, time.Duration(g.due-g.opened))
	}
	for _, a := range g.members {
		if a.gaveUp > 0 && a.gaveUp < g.closed && a.beganAt < a.gaveUp && paused == 0 {
			w.violation("operation %d (%v) gave up %d ns before its window closed, but contends", a.number, a.door, g.closed-a.gaveUp)
		}
	}
	var contenders []model.Op
	for i, a := range g.members {
		contenders = append(contenders, model.Op{ID: uint64(i), Priority: int32(a.op.Priority)})
	}
	if best := g.members[model.Winner(contenders).ID]; best != g.winner {
		w.violation("operation %d won, the model says %d", g.winner.number, best.number)
	}
}

func (w *simWorld) windowOf(target uuid.UUID) time.Duration {
	if w.config.WindowOf != nil {
		if own := w.config.WindowOf(target); own > 0 {
			return own
		}
	}
	return w.config.Window
}

// judgeOrder checks the order of submission in a group, and that nobody was left
// out whose submission had returned before the window closed.
func (w *simWorld) judgeOrder() {
	if !w.plain {
		return
	}
	for i := range w.groups {
		g := &w.groups[i]
		for n, later := range g.members {
			for _, earlier := range g.members[:n] {
				if later.returned > 0 && later.returned < earlier.begun {
					w.violation("operation %d stands behind %d, which began after it was accepted", later.number, earlier.number)
				}
			}
		}
		for _, a := range w.attempts {
			if a.op.Target == g.target && a.accepted && a.door != byDo && a.door != byContend &&
				a.beganAt >= g.opened && a.acceptedAt < g.closed && !a.abandonedOrGone() && w.groupOf(a) > i {
				w.violation("operation %d, accepted %d ns before the window of %v closed, was left out", a.number, g.closed-a.acceptedAt, g.target)
			}
		}
	}
}

// abandonedOrGone reports whether an operation never had to be in a group.
func (a *attempt) abandonedOrGone() bool {
	return a.withdrawn || slices.Contains(a.outcomes, "withdrawn") || a.decided == 0
}

// groupOf returns which group an operation is in.
func (w *simWorld) groupOf(a *attempt) int {
	return slices.IndexFunc(w.groups, func(g simGroup) bool { return slices.Contains(g.members, a) })
}

// judgeStats checks the engine's own account.
func (w *simWorld) judgeStats() {
	s := w.engine.Stats()
	if s.Staged != 0 || s.Windows != 0 || s.Running != 0 {
		w.violation("stopped, but %v", s)
	}
}
