package shard

import "slices"

// ranking knows the ranks of the contenders of the group that is being told. It
// is worked out when the first of them asks, for all of them. It belongs to the
// owner.
type ranking struct {
	decision *Decision
	at       uint32 // members.left of the one that is being told
	worked   *Decision
	scratch  []uint32 // ranks in the order of members; reused
	fault    *Fault   // the order failed, and that is not reported yet
}

// keptRanks is for how many contenders memory is kept, and how large a group is
// sorted: the shard stands still meanwhile.
const keptRanks = 4096

// Rank returns the operation's place among those that are told with it, by their
// group's policy: 1 is the winner. It is 0 where that is not known: if it was told
// apart from a decision, its policy failed, the user chose the winner from the
// whole group, nobody's Ticket.Ranked asked for a sort, or the group is too large
// for one. It must be called from within Contender.Decided; the first call for a
// group works the ranks out for all of it, in memory that is reused.
func (v *Verdict) Rank() int {
	if v.ranks == nil || v.ranks.decision == nil {
		return 0
	}
	return v.ranks.rank()
}

// kept returns the memory that is worth keeping.
func (r *ranking) kept() []uint32 {
	if cap(r.scratch) > keptRanks {
		return nil
	}
	return r.scratch[:0]
}

// Kept returns a copy that can be kept after the call: its Rank is 0.
func (v *Verdict) Kept() Verdict {
	kept := *v
	kept.ranks = nil
	return kept
}

// begin turns to the group that is told next. Ranks that depend on tickets are
// worked out before the first of them is its submitter's again.
func (r *ranking) begin(d *Decision) {
	r.decision = d
	rules := &d.members.core.rules[d.rules]
	if r.worked == d || rules.Order == nil && rules.Policy != EarliestDeadline {
		return
	}
	if d.members.left <= keptRanks && d.ranked() {
		r.work()
		return
	}
	r.worked, r.scratch = d, r.scratch[:0]
}

// ranked reports whether somebody of the group wants to know its rank.
func (d *Decision) ranked() bool {
	for m := d.members; m.left > 0; m.advance() {
		if t := m.standing().Ticket; t != nil && t.Ranked {
			return true
		}
	}
	return false
}

func (r *ranking) rank() int {
	d := r.decision
	if r.worked != d {
		r.work()
	}
	if len(r.scratch) == 0 {
		return 0
	}
	return int(r.scratch[d.members.left-r.at])
}

// work sorts the group.
func (r *ranking) work() {
	d := r.decision
	r.worked = d
	n := int(d.members.left)
	if d.Abandoned || d.fault != nil {
		n = 0
	}
	r.scratch = r.scratch[:0]
	rules := &d.members.core.rules[d.rules]
	if n == 0 || rules.Choose != nil {
		return
	}
	r.scratch = slices.Grow(r.scratch, n)[:n]
	if rules.Order == nil && (r.byArrival() || r.compared() || r.few()) {
		return
	}
	if n > keptRanks {
		r.scratch = r.scratch[:0]
		return
	}
	r.sort(rules)
}

// byArrival ranks a group whose policy looks at nothing else.
func (r *ranking) byArrival() bool {
	policy := r.decision.policy()
	if policy != FirstWins && policy != LastWins {
		return false
	}
	n := len(r.scratch)
	for i := range r.scratch {
		if policy == FirstWins {
			r.scratch[i] = uint32(i + 1)
		} else {
			r.scratch[i] = uint32(n - i)
		}
	}
	return true
}

// compared ranks a small group by comparing each with those before it: no sort.
func (r *ranking) compared() bool {
	const most = 8
	if len(r.scratch) > most || r.decision.policy() != HighestPriority {
		return false
	}
	var priorities [most]int32
	i := 0
	for m := r.decision.members; m.left > 0; m.advance() {
		priority, rank := m.standing().Priority, uint32(1)
		for earlier := range i {
			if priorities[earlier] >= priority {
				rank++
			} else {
				r.scratch[earlier]++
			}
		}
		priorities[i], r.scratch[i] = priority, rank
		i++
	}
	return true
}

// few ranks a group of few different priorities by counting them: no sort.
func (r *ranking) few() bool {
	if r.decision.policy() != HighestPriority {
		return false
	}
	const most = 16
	var priorities [most]int32
	var counts [most]uint32
	different := 0
	for m := r.decision.members; m.left > 0; m.advance() {
		at, ok := slices.BinarySearchFunc(priorities[:different], m.standing().Priority, descending)
		if !ok {
			if different == most {
				return false
			}
			copy(priorities[at+1:different+1], priorities[at:different])
			copy(counts[at+1:different+1], counts[at:different])
			priorities[at], counts[at] = m.standing().Priority, 0
			different++
		}
		counts[at]++
	}
	next := uint32(1)
	for i := range different {
		next, counts[i] = next+counts[i], next
	}
	i := 0
	for m := r.decision.members; m.left > 0; m.advance() {
		at, _ := slices.BinarySearchFunc(priorities[:different], m.standing().Priority, descending)
		r.scratch[i] = counts[at]
		counts[at]++
		i++
	}
	return true
}

func descending(a, b int32) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}

// sort ranks a group by its policy.
func (r *ranking) sort(rules *Rules) {
	d := r.decision
	core := d.members.core
	defer func(tape Tape) { core.tape = tape }(core.tape)
	core.tape = nil // this decides nothing
	type numbered struct {
		Standing
		at int
	}
	group := make([]numbered, 0, len(r.scratch))
	r.scratch = r.scratch[:0] // until it is done: the order may not return
	for m := d.members; m.left > 0; m.advance() {
		group = append(group, numbered{m.standing(), len(group)})
	}
	var x more // takes the fault of an order that fails only now
	slices.SortStableFunc(group, func(a, b numbered) int {
		earlier, later := a, b
		if b.at < a.at {
			earlier, later = b, a
		}
		first := earlier
		if x.fault == nil && core.beats(rules, &x, later.Standing, earlier.Standing) {
			first = later
		}
		if first.at == a.at {
			return -1
		}
		return 1
	})
	if x.fault != nil {
		r.fault = x.fault
		return
	}
	r.scratch = r.scratch[:len(group)]
	for i := range group {
		r.scratch[group[i].at] = uint32(i + 1)
	}
	// An order that is not transitive may have named another winner.
	if at := slices.IndexFunc(group, func(n numbered) bool { return n.Standing == d.Winner }); at > 0 {
		for _, n := range group[:at] {
			r.scratch[n.at]++
		}
		r.scratch[group[at].at] = 1
	}
}

func (d *Decision) policy() Policy { return d.members.core.rules[d.rules].Policy }
