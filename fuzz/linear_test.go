package fuzz

import (
	"cmp"
	"flag"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/contend/fuzz/model"
	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

var histories = flag.Int("histories", 20, "how many runs TestLinearizable checks")

// linearInput is one step at a target. A submission and a withdrawal are as their
// callers see them. A close is two steps in its interval, since it has two
// moments: the ring's tail is read, which says who is in the group, and then the
// group is settled, until when its members can withdraw.
type linearInput struct {
	target   int
	kind     linearKind
	id       uint64
	priority int32
	place    *model.Place  // of a submission, if known
	ruling   *model.Ruling // of both steps of a close, and of a submission that was decided
	rank     int           // of a submission among the members
	free     bool          // neither places nor the order of the members are looked at
}

type linearKind uint8

const (
	submission linearKind = iota
	withdrawal
	sealing
	settling
)

// linearState is the specification's state of a target. It is not changed, only
// replaced.
type linearState struct {
	open, sealed linearWindow // sealed: is being closed
	last         *model.Place // of the last submission, if known
}

// linearWindow is what was submitted to a window and not withdrawn.
type linearWindow struct {
	members []model.Standing // in order; if that is free, the best first, then by ID
	ruling  *model.Ruling    // what they wait for
	// leaving are those that are known to be members of no group. They have to be
	// withdrawn before the window is settled, and until then their order makes no
	// difference: they are sorted, so that there are fewer states.
	leaving []uint64
}

// linearModel is the specification: what a target does if one thing happens after
// the other.
var linearModel = porcupine.Model{
	Partition: partitionByTarget,
	Init:      func() any { return linearState{} },
	Step:      func(state, input, _ any) (bool, any) { return state.(linearState).step(input.(linearInput)) },
	Equal: func(a, b any) bool {
		s, t := a.(linearState), b.(linearState)
		return s.last == t.last && s.open.equal(&t.open) && s.sealed.equal(&t.sealed)
	},
}

func partitionByTarget(all []porcupine.Operation) [][]porcupine.Operation {
	var parts [][]porcupine.Operation
	for _, op := range all {
		target := op.Input.(linearInput).target
		for len(parts) <= target {
			parts = append(parts, nil)
		}
		parts[target] = append(parts[target], op)
	}
	return slices.DeleteFunc(parts, func(p []porcupine.Operation) bool { return len(p) == 0 })
}

func (w *linearWindow) equal(v *linearWindow) bool {
	return w.ruling == v.ruling && slices.Equal(w.members, v.members) && slices.Equal(w.leaving, v.leaving)
}

func (s linearState) step(in linearInput) (legal bool, next linearState) {
	switch in.kind {
	case submission:
		if in.place != nil {
			if s.last != nil && s.last.Sequence >= in.place.Sequence {
				return false, s
			}
			s.last = in.place
		}
		legal = s.open.submit(in)
	case withdrawal:
		legal = s.open.withdraw(in.id) || s.sealed.withdraw(in.id)
	case sealing:
		legal = len(s.sealed.members)+len(s.sealed.leaving) == 0 && s.open.decides(in)
		s.open, s.sealed = linearWindow{}, s.open
	case settling:
		legal = s.sealed.ruling == in.ruling && len(s.sealed.leaving) == 0
		s.sealed = linearWindow{}
	}
	return legal, s
}

// submit adds to the open window. What would make the window's decision illegal
// later is illegal at once, or there would be too many orders to try: the members
// of a group can only come in their order.
func (w *linearWindow) submit(in linearInput) (legal bool) {
	if in.ruling == nil {
		at, _ := slices.BinarySearch(w.leaving, in.id)
		w.leaving = slices.Insert(slices.Clone(w.leaving), at, in.id)
		return true
	}
	if len(w.members) == 0 {
		w.ruling = in.ruling
	}
	legal = w.ruling == in.ruling && (in.free || len(w.members) == in.rank)
	w.members = append(slices.Clone(w.members), model.Standing{ID: in.id, Priority: in.priority})
	if in.free {
		w.sort()
	}
	return legal
}

// sort forgets the order of the members but for the one that would win.
func (w *linearWindow) sort() {
	best, last := 0, len(w.members)-1
	if w.members[last].Priority > w.members[0].Priority {
		best = last
	}
	w.members[0], w.members[best] = w.members[best], w.members[0]
	slices.SortFunc(w.members[1:], func(a, b model.Standing) int { return cmp.Compare(a.ID, b.ID) })
}

func (w *linearWindow) withdraw(id uint64) bool {
	at, found := slices.BinarySearch(w.leaving, id)
	if found {
		w.leaving = slices.Delete(slices.Clone(w.leaving), at, at+1)
	}
	return found
}

// decides reports whether a decision is what comes of the window once those who
// leave have left: all others are members, and the first with the highest priority
// has won.
func (w *linearWindow) decides(in linearInput) bool {
	if len(w.members) == 0 || len(w.members) != len(in.ruling.Members) {
		return false
	}
	group := make([]model.Op, len(w.members))
	for i, m := range w.members {
		if in.free && !slices.Contains(in.ruling.Members, m) || !in.free && in.ruling.Members[i] != m {
			return false
		}
		group[i] = model.Op{ID: m.ID, Priority: m.Priority}
	}
	return model.Winner(group).ID == in.ruling.Winner
}

// reading is how a history is made operations of.
type reading struct {
	free      bool // see linearInput
	byOutcome bool // a submission ends when its outcome is told, not when it is accepted
}

// operations makes steps of a history, which must have no windows that are
// abandoned.
func (r reading) operations(h *model.History) []porcupine.Operation {
	var all []porcupine.Operation
	add := func(in linearInput, from, to int64) {
		in.free = r.free
		all = append(all, porcupine.Operation{Input: in, Call: from, Return: to})
	}
	targets := make(map[uuid.UUID]int)
	number := func(target uuid.UUID) int {
		n, ok := targets[target]
		if !ok {
			n = len(targets)
			targets[target] = n
		}
		return n
	}
	rulings, ranks := make(map[uint64]*model.Ruling), make(map[uint64]int)
	for i := range h.Rulings {
		d := &h.Rulings[i]
		for rank, m := range d.Members {
			rulings[m.ID], ranks[m.ID] = d, rank
		}
		// Closed was read just before the tail.
		in := linearInput{target: number(d.Target), kind: sealing, ruling: d}
		add(in, d.Closed, d.Seen)
		in.kind = settling
		add(in, d.Closed, d.Seen)
	}
	for i := range h.Attempts {
		a := &h.Attempts[i]
		in := linearInput{target: number(a.Target), id: a.ID, priority: a.Priority, ruling: rulings[a.ID], rank: ranks[a.ID]}
		if !r.free {
			in.place = a.Place
		}
		end := a.Returned
		if r.byOutcome && in.ruling != nil {
			end = in.ruling.Seen
		}
		add(in, a.Begun, end)
		if a.Withdrawn != nil {
			add(linearInput{target: in.target, kind: withdrawal, id: a.ID}, a.Withdrawn.From, a.Withdrawn.To)
		}
	}
	return all
}

// patience is when a check is given up, which counts as a failure: one takes
// milliseconds.
const patience = time.Minute

// linearCounts are what was checked.
type linearCounts struct {
	mu                                            sync.Mutex
	operations, partitions, overlaps, withdrawals int
	windows, conflicts, unknown                   int
}

// Whatever real goroutines do to an engine could have happened one after the
// other, and then the specification says the same. A submission is an interval
// that ends when it is accepted: were it to end with the outcome, all of a window
// would overlap, and who was first could not be checked; see
// TestLinearizabilityFindsLastWins.
//
//	go test ./fuzz -run TestLinearizable -cpu 1,2,8 -histories 200
func TestLinearizable(t *testing.T) {
	var all linearCounts
	begun := time.Now()
	atOnce(8*runtime.GOMAXPROCS(0), *histories, func(i int) { // they wait for windows most of the time
		load := newLinearLoad(*firstSeed + uint64(i))
		h := load.run()
		ops := reading{}.operations(h)
		result := porcupine.CheckOperationsTimeout(linearModel, ops, patience)
		assert.Equal(t, porcupine.Ok, result, load)
		assert.Empty(t, model.Judge(h), load)
		all.add(h, ops, result)
	})
	took := time.Since(begun)
	t.Logf("%d operations in %d partitions of %d histories, unknown: %d; %d withdrawn; %d windows, %d with conflicts; %d pairs of submissions overlapped; %.0f operations/s",
		all.operations, all.partitions, *histories, all.unknown, all.withdrawals, all.windows, all.conflicts, all.overlaps, float64(all.operations)/took.Seconds())
}

func (c *linearCounts) add(h *model.History, ops []porcupine.Operation, result porcupine.CheckResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if result == porcupine.Unknown {
		c.unknown++
	}
	c.operations += len(h.Attempts) + len(h.Rulings)
	parts := partitionByTarget(ops)
	c.partitions += len(parts)
	for _, p := range parts {
		c.overlaps += overlaps(p)
	}
	for i := range h.Attempts {
		if h.Attempts[i].Withdrawn != nil {
			c.operations++
			c.withdrawals++
		}
	}
	c.windows += len(h.Rulings)
	c.conflicts += conflicts(h)
}

// overlaps counts the pairs of submissions that overlap.
func overlaps(ops []porcupine.Operation) (pairs int) {
	ops = slices.DeleteFunc(slices.Clone(ops), func(op porcupine.Operation) bool {
		return op.Input.(linearInput).kind != submission
	})
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	var going []int64
	for _, op := range ops {
		going = slices.DeleteFunc(going, func(end int64) bool { return end < op.Call })
		pairs += len(going)
		going = append(going, op.Return)
	}
	return pairs
}
