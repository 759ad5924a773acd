package model

import (
	"fmt"
	"slices"
	"sort"

	"github.com/google/uuid"
)

// Judge holds a history against the contract and returns what is wrong with it,
// in words. It is the plain oracle: it has the whole run before it, sorts and
// scans. (The verifier of the load generator checks much the same while a run
// goes on, forgets what is settled, and so keeps up with 300,000 operations a
// second; it stays apart, as that is what would make this one hard to read.)
//
// Every rule is sound for what the times in a history mean: that something had
// happened by then, or had not. Where two intervals overlap either order is
// right.
func Judge(h *History) []Violation {
	r := referee{history: h, attempts: make(map[uint64]*attempt), targets: make(map[uuid.UUID]*targetLine)}
	r.gather()
	for _, t := range r.order {
		r.judgeOrder(t)
		r.judgeGroups(t)
	}
	for i := range h.Rulings {
		r.judgeWinner(&h.Rulings[i])
	}
	r.judgeEntries()
	for _, a := range r.all {
		r.judgeOutcome(a)
		r.judgeExecution(a)
	}
	return r.violations
}

// referee is a history, put together by attempt and by target.
type referee struct {
	history    *History
	attempts   map[uint64]*attempt
	all        []*attempt
	targets    map[uuid.UUID]*targetLine
	order      []*targetLine
	violations []Violation
}

// attempt is an Attempt and all that happened to it.
type attempt struct {
	*Attempt
	ruling     *Ruling // nil: in none
	turn       int     // of the ruling among its target's
	entry      *Entry
	executions []*Execution
}

// targetLine is what happened at a target.
type targetLine struct {
	attempts []*attempt
	rulings  []*Ruling
}

func (r *referee) violation(kind Kind, format string, args ...any) {
	r.violations = append(r.violations, Violation{kind, fmt.Sprintf(format, args...)})
}

func (r *referee) target(id uuid.UUID) *targetLine {
	t := r.targets[id]
	if t == nil {
		t = &targetLine{}
		r.targets[id] = t
		r.order = append(r.order, t)
	}
	return t
}

// gather puts the history together.
func (r *referee) gather() {
	for i := range r.history.Attempts {
		a := &attempt{Attempt: &r.history.Attempts[i]}
		if r.attempts[a.ID] != nil {
			r.violation(Duplicated, "two attempts with ID %d", a.ID)
		}
		r.attempts[a.ID] = a
		r.all = append(r.all, a)
		t := r.target(a.Target)
		t.attempts = append(t.attempts, a)
	}
	for i := range r.history.Rulings {
		d := &r.history.Rulings[i]
		t := r.target(d.Target)
		t.rulings = append(t.rulings, d)
		for _, m := range d.Members {
			r.gatherMember(d, len(t.rulings)-1, m)
		}
	}
	for i := range r.history.Executions {
		x := &r.history.Executions[i]
		if a := r.attempts[x.Attempt]; a != nil {
			a.executions = append(a.executions, x)
		} else {
			r.violation(Misexecuted, "%d was executed and never submitted", x.Attempt)
		}
	}
}

func (r *referee) gatherMember(d *Ruling, turn int, m Standing) {
	a := r.attempts[m.ID]
	switch {
	case a == nil:
		r.violation(WronglyWon, "%d is in a group and was never submitted", m.ID)
		return
	case a.Target != d.Target || a.Priority != m.Priority:
		r.violation(WronglyWon, "%d contends for %v with priority %d; submitted for %v with %d", a.ID, d.Target, m.Priority, a.Target, a.Priority)
	case a.ruling != nil:
		r.violation(Duplicated, "%d is in two groups, or twice in one", a.ID)
	case a.State == Refused:
		r.violation(Duplicated, "%d was refused and is in a group", a.ID)
	case a.Withdrawn != nil:
		r.violation(Duplicated, "%d was withdrawn and is in a group", a.ID)
	}
	a.ruling, a.turn = d, turn
}

// judgeWinner checks that the best won.
func (r *referee) judgeWinner(d *Ruling) {
	switch {
	case len(d.Members) == 0:
		r.violation(WronglyWon, "a decision on %v without contenders", d.Target)
		return
	case d.Abandoned:
		if d.Winner != 0 {
			r.violation(WronglyWon, "%d won an abandoned group", d.Winner)
		}
		return
	}
	group := make([]Op, len(d.Members))
	for i, m := range d.Members {
		group[i] = Op{ID: m.ID, Priority: m.Priority}
	}
	if best := Winner(group); best.ID != d.Winner {
		r.violation(WronglyWon, "%d won over %d, of %v", d.Winner, best.ID, d.Members)
	}
}

// judgeOutcome checks that an attempt was told once, and the right thing.
func (r *referee) judgeOutcome(a *attempt) {
	switch {
	case a.State == Pending:
		r.violation(Hung, "the submission of %d did not return", a.ID)
	case a.State == Refused:
		if len(a.Answers) > 0 || a.Withdrawn != nil {
			r.violation(Duplicated, "%d was refused, and has another outcome", a.ID)
		}
	case len(a.Answers) == 0 && a.Withdrawn == nil:
		if a.ruling != nil {
			r.violation(Hung, "%d was decided and not told", a.ID)
		} else {
			r.violation(Vanished, "%d was accepted, and neither decided nor told", a.ID)
		}
	case len(a.Answers) > 1:
		r.violation(Duplicated, "%d was told %v and %v", a.ID, a.Answers[0].Ending, a.Answers[1].Ending)
	}
	for i := range a.Answers {
		r.judgeAnswer(a, &a.Answers[i])
	}
}

func (r *referee) judgeAnswer(a *attempt, told *Answer) {
	if told.At > r.history.End {
		r.violation(Leftover, "%d was told %v after the end", a.ID, told.Ending)
	}
	if a.Withdrawn != nil || told.Ending == EndWithdrawn {
		if (a.Withdrawn == nil) != (told.Ending != EndWithdrawn) {
			r.violation(Duplicated, "%d was told %v; withdrawn: %v", a.ID, told.Ending, a.Withdrawn != nil)
		}
		return
	}
	d := a.ruling
	if d == nil {
		r.violation(WronglyWon, "%d was told %v without a decision", a.ID, told.Ending)
		return
	}
	if !d.allows(a.ID, told.Ending) {
		r.violation(WronglyWon, "%d was told %v, but %d won (0: nobody)", a.ID, told.Ending, d.Winner)
	}
	if told.Ending == EndRejected {
		r.judgeRejection(a, told)
	}
	r.judgeTold(a, told)
}

// allows reports whether a member's answer fits the decision. A winner that Stop
// does not wait for is told that it was stopped.
func (d *Ruling) allows(id uint64, e Ending) bool {
	switch {
	case d.Abandoned:
		return e == EndStopped
	case d.Winner == id:
		return e == EndWon || e == EndCompleted || e == EndFailed || e == EndStopped
	}
	return e == EndRejected
}

// judgeRejection checks to whom an attempt is told to have lost.
func (r *referee) judgeRejection(a *attempt, told *Answer) {
	if told.Winner != 0 && told.Winner != a.ruling.Winner {
		r.violation(WronglyWon, "%d was told that it lost to %d, not to %d", a.ID, told.Winner, a.ruling.Winner)
	}
	winner := r.attempts[a.ruling.Winner]
	if told.Entry != uuid.Nil && winner != nil && winner.entry != nil && winner.entry.ID != told.Entry {
		r.violation(Misregistered, "%d was told that entry %v won, not %v", a.ID, told.Entry, winner.entry.ID)
	}
}

// judgeEntries checks that only winners have an entry, and one each.
func (r *referee) judgeEntries() {
	seen := make(map[uuid.UUID]bool)
	for i := range r.history.Entries {
		e := &r.history.Entries[i]
		a := r.attempts[e.Attempt]
		switch {
		case e.ID == uuid.Nil || seen[e.ID]:
			r.violation(Misregistered, "%d has the entry ID %v, which is not its own", e.Attempt, e.ID)
		case a == nil || a.ruling == nil || a.ruling.Abandoned || a.ruling.Winner != a.ID:
			r.violation(Misregistered, "%d has an entry and did not win", e.Attempt)
		case a.entry != nil:
			r.violation(Misregistered, "%d has two entries", e.Attempt)
		case e.Registered < a.ruling.Seen:
			r.violation(TooEarly, "%d was registered before it was decided", e.Attempt)
		}
		if e.Finished == 0 || max(e.Registered, e.Finished) > r.history.End {
			r.violation(Leftover, "%d is in the registry as running after the end", e.Attempt)
		}
		seen[e.ID] = true
		if a != nil {
			a.entry = e
		}
	}
}

// judgeExecution checks that a winner was executed once, and nobody else.
func (r *referee) judgeExecution(a *attempt) {
	ending := Ending(0)
	if len(a.Answers) > 0 {
		ending = a.Answers[0].Ending
	}
	if ending == EndCompleted && len(a.executions) == 0 {
		r.violation(Misexecuted, "%d was told completed and was not executed", a.ID)
	}
	if len(a.executions) == 0 {
		return
	}
	x := a.executions[0]
	switch {
	case len(a.executions) > 1:
		r.violation(Misexecuted, "%d was executed %d times", a.ID, len(a.executions))
	case a.ruling == nil || a.ruling.Winner != a.ID:
		r.violation(Misexecuted, "%d was executed and did not win", a.ID)
	case a.entry == nil:
		r.violation(Misregistered, "%d was executed without an entry", a.ID)
	case x.Start < a.entry.Registered || a.entry.Finished != 0 && a.entry.Finished < x.End:
		r.violation(Misregistered, "%d was executed while it was not in the registry", a.ID)
	case ending == EndCompleted && a.Answers[0].At < x.End:
		r.violation(TooEarly, "%d was told completed before it was", a.ID)
	}
	if x.End == 0 || max(x.Start, x.End) > r.history.End {
		r.violation(Leftover, "%d is executing after the end", a.ID)
	}
}

// firstAfter returns the first of a target's decisions that closed after a time.
func (t *targetLine) firstAfter(at int64) int {
	return sort.Search(len(t.rulings), func(i int) bool { return t.rulings[i].Closed > at })
}

// inLine returns a target's attempts whose place is known, in that order.
func (t *targetLine) inLine() []*attempt {
	var line []*attempt
	for _, a := range t.attempts {
		if a.Place != nil {
			line = append(line, a)
		}
	}
	slices.SortStableFunc(line, func(a, b *attempt) int { return a.Place.compare(b.Place) })
	return line
}
