package bench

import (
	"fmt"
	"slices"

	"example.com/contend/fuzz/model"
	"github.com/google/uuid"
)

// Verifier holds every decision of a run against the reference model's rule
// and every outcome against the decision, while the run goes on: who won, that
// nobody was left out or counted twice, that no window closed early, that each
// operation was told once and the right thing.
//
// Producers report what was accepted and how far they are; a decision is
// checked when all producers are past the time at which it was made, so that
// everything that should be in its group, or was withdrawn from it, is known. It belongs to one
// goroutine.
type Verifier struct {
	window  int64
	ordered bool // acceptances are reported in time: groups can be checked for gaps

	ops     map[key]*record
	targets map[uuid.UUID]*targetRecord
	free    []*record

	result Verified
}

// record is what is known about an operation that is not accounted for yet.
type record struct {
	staged
	told     outcome
	expected outcome // by the decision; toldNothing before it
}

// targetRecord is what is known about a target.
type targetRecord struct {
	pending []*record // accepted and not in a decision, in order
	hot     HotTarget
}

// HotTarget is what happened at one target.
type HotTarget struct {
	Target     uuid.UUID
	Operations int64 // decided
	Groups     int64
	Conflicts  int64
	Largest    int // contenders in the largest group
}

// Verified is what a Verifier found.
type Verified struct {
	Operations int64 // accounted for: staged, decided or withdrawn, and told
	Decisions  int64 // held against the model
	Conflicts  int64
	Violations int64
	Messages   []string // the first violations, in words
	Unsettled  int64    // accepted and without an outcome at the end
}

func newVerifier(window int64, ordered bool) *Verifier {
	return &Verifier{
		window: window, ordered: ordered,
		ops: make(map[key]*record), targets: make(map[uuid.UUID]*targetRecord),
	}
}

const keptMessages = 10

func (v *Verifier) violation(format string, args ...any) {
	v.result.Violations++
	if len(v.result.Messages) < keptMessages {
		v.result.Messages = append(v.result.Messages, fmt.Sprintf(format, args...))
	}
}

// accept takes an accepted operation.
func (v *Verifier) accept(s staged) {
	r := v.record(s.key)
	if r.target != uuid.Nil {
		v.violation("operation %v was accepted twice", s.key)
		return
	}
	r.staged = s
	if t := v.target(s.target); v.ordered {
		at := len(t.pending)
		for at > 0 && t.pending[at-1].order > s.order {
			at--
		}
		t.pending = slices.Insert(t.pending, at, r)
	}
	v.settle(r)
}

// tell takes a delivered outcome.
func (v *Verifier) tell(o told) {
	r := v.record(o.key)
	if r.told != toldNothing {
		v.violation("operation %v was told %v after it was told %v", o.key, o.outcome, r.told)
		return
	}
	r.told = o.outcome
	v.settle(r)
}

// record returns what is known about an operation. An outcome can be known
// before the acceptance is reported.
func (v *Verifier) record(k key) *record {
	r := v.ops[k]
	if r == nil {
		if n := len(v.free); n > 0 {
			r, v.free = v.free[n-1], v.free[:n-1]
		} else {
			r = new(record)
		}
		v.ops[k] = r
		r.key = k
	}
	return r
}

func (v *Verifier) target(id uuid.UUID) *targetRecord {
	t := v.targets[id]
	if t == nil {
		t = &targetRecord{hot: HotTarget{Target: id}}
		v.targets[id] = t
	}
	return t
}

// settle closes an operation's record when its outcome is both known and
// explained.
func (v *Verifier) settle(r *record) {
	switch {
	case r.target == uuid.Nil || r.told == toldNothing:
		return
	case r.told == toldStopped: // a run's engine stops when all windows have closed
		v.violation("operation %v was neither decided nor withdrawn: it was told %v", r.key, r.told)
	case r.told == toldWithdrawn:
		if r.expected != toldNothing {
			v.violation("operation %v was told %v but is in a decision", r.key, r.told)
		}
	case r.expected == toldNothing:
		return
	case r.told != r.expected:
		v.violation("operation %v was told %v; by the decision it %v", r.key, r.told, r.expected)
	}
	v.result.Operations++
	if r.expected != toldNothing || !v.ordered {
		v.forget(r) // otherwise it still stands in its target's line
	}
}

func (v *Verifier) forget(r *record) {
	delete(v.ops, r.key)
	*r = record{}
	v.free = append(v.free, r)
}

// known reports whether all members of a decision have been accepted as far as
// the verifier knows.
func (v *Verifier) known(d *decided) bool {
	for _, m := range d.members {
		if r := v.ops[m.key]; r == nil || r.target == uuid.Nil {
			return false
		}
	}
	return true
}

// decide checks a decision. Everything accepted before it closed is known.
func (v *Verifier) decide(d *decided) {
	v.result.Decisions++
	t := v.target(d.target)
	t.hot.Operations += int64(len(d.members))
	t.hot.Groups++
	t.hot.Largest = max(t.hot.Largest, len(d.members))
	if len(d.members) > 1 {
		t.hot.Conflicts++
		v.result.Conflicts++
	}
	v.checkTime(d, t)
	v.checkMembers(d, t)
	v.checkWinner(d)
	for _, m := range d.members {
		r := v.ops[m.key]
		if r == nil {
			continue // reported by checkMembers
		}
		if r.expected != toldNothing {
			v.violation("operation %v is in two decisions", m.key)
		}
		r.expected = toldLost
		if m.key == d.winner {
			r.expected = toldWon
		}
		v.settle(r)
	}
}

// checkTime checks that a window was neither short nor closed early. The
// operation that opened it is the first that is pending, or, where groups of
// withdrawn operations leave no decision, a later one.
func (v *Verifier) checkTime(d *decided, t *targetRecord) {
	if d.due-d.opened != v.window {
		v.violation("the window of %v is %d ns, want %d", d.target, d.due-d.opened, v.window)
	}
	if d.closed < d.due {
		v.violation("the window of %v closed %d ns early", d.target, d.due-d.closed)
	}
	if d.settled < d.due { // by the clock, whatever the engine says
		v.violation("the decision on %v was told %d ns before its window's end", d.target, d.due-d.settled)
	}
	if v.ordered && len(t.pending) > 0 && d.opened < t.pending[0].begun {
		v.violation("the window of %v opened %d ns before its first operation", d.target, t.pending[0].begun-d.opened)
	}
}

// checkMembers checks that a group is what it should be: the first pending
// operations of its target that were not withdrawn, and at least all whose
// submission had returned when the window closed.
func (v *Verifier) checkMembers(d *decided, t *targetRecord) {
	if !v.ordered {
		v.checkUnordered(d)
		return
	}
	rest := t.pending
	for _, m := range d.members {
		rest = v.skipWithdrawn(rest)
		if len(rest) == 0 || rest[0].key != m.key {
			v.violation("decision on %v: operation %v is not next in line of %d", d.target, m.key, len(rest))
			continue
		}
		v.checkPriority(m, rest[0])
		rest = rest[1:]
	}
	// Withdrawn ones stay in line here: the first may have opened the window of
	// the next group.
	left := slices.IndexFunc(rest, (*record).contends)
	if left >= 0 && rest[left].returned < d.closed {
		v.violation("decision on %v left out operation %v, accepted %d ns before", d.target, rest[left].key, d.closed-rest[left].returned)
	}
	n := copy(t.pending, rest)
	clear(t.pending[n:])
	t.pending = t.pending[:n]
}

// checkUnordered checks only that the members are pending on the target, since
// acceptances are reported with the outcome.
func (v *Verifier) checkUnordered(d *decided) {
	for _, m := range d.members {
		r := v.ops[m.key]
		if r == nil || r.target != d.target || r.expected != toldNothing {
			v.violation("decision on %v: operation %v is not pending there", d.target, m.key)
			continue
		}
		v.checkPriority(m, r)
	}
}

func (v *Verifier) checkPriority(m member, r *record) {
	if r.priority != m.priority {
		v.violation("operation %v has priority %d in the decision, %d when staged", m.key, m.priority, r.priority)
	}
}

// skipWithdrawn forgets withdrawn operations at the head of a line.
func (v *Verifier) skipWithdrawn(line []*record) []*record {
	for len(line) > 0 && !line[0].contends() {
		v.forget(line[0])
		line = line[1:]
	}
	return line
}

// contends reports whether an operation still counts, as far as is known.
func (r *record) contends() bool { return r.told != toldWithdrawn && r.told != toldStopped }

// checkWinner asks the reference model who should have won.
func (v *Verifier) checkWinner(d *decided) {
	contenders := make([]model.Op, len(d.members))
	for i, m := range d.members {
		contenders[i] = model.Op{ID: uint64(i), Target: d.target, Priority: m.priority}
	}
	if best := d.members[model.Winner(contenders).ID]; best.key != d.winner {
		v.violation("decision on %v: %v won, the model says %v", d.target, d.winner, best.key)
	}
}

// finish returns the result: whatever is not accounted for now is lost.
func (v *Verifier) finish() Verified {
	for _, r := range v.ops {
		if r.target != uuid.Nil && !r.contends() {
			continue // it stands in its target's line until the next decision
		}
		if r.target == uuid.Nil {
			v.violation("operation %v was told %v, but was told before or never accepted", r.key, r.told)
			continue
		}
		v.result.Unsettled++
		v.violation("operation %v on %v: told %v, by the decisions %v", r.key, r.target, r.told, r.expected)
	}
	return v.result
}

// hottest returns the k targets with the most operations.
func (v *Verifier) hottest(k int) []HotTarget {
	var all []HotTarget
	for _, t := range v.targets {
		all = append(all, t.hot)
	}
	slices.SortFunc(all, func(a, b HotTarget) int {
		if a.Operations != b.Operations {
			return int(b.Operations - a.Operations)
		}
		return slices.Compare(a.Target[:], b.Target[:])
	})
	return all[:min(k, len(all))]
}
