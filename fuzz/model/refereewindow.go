package model

import "cmp"

// judgeOrder checks that the order of submission is total and that of the
// intervals: that nobody stands behind one whose submission began after its own
// had returned.
func (r *referee) judgeOrder(t *targetLine) {
	var last *attempt
	begun := &attempt{Attempt: &Attempt{}} // of those so far in this run, who began last
	for _, a := range t.inLine() {
		if last == nil || last.Place.Run != a.Place.Run {
			last, begun = a, a
			continue
		}
		switch {
		case *last.Place == *a.Place:
			r.violation(Disordered, "%d and %d have the same place", last.ID, a.ID)
		case last.Place.Shard != a.Place.Shard:
			r.violation(Disordered, "%d and %d, of one target, are in different shards", last.ID, a.ID)
		}
		r.judgePair(begun, a)
		if last = a; a.Begun > begun.Begun {
			begun = a
		}
	}
	r.judgeMembers(t)
}

// judgePair checks two attempts of which the first is said to be earlier.
func (r *referee) judgePair(first, second *attempt) {
	if second.State == Accepted && second.Returned < first.Begun {
		r.violation(Disordered, "%d stands before %d, whose submission had returned before", first.ID, second.ID)
	}
}

// judgeMembers checks that a target's groups, one after the other, are in the
// order of submission.
func (r *referee) judgeMembers(t *targetLine) {
	var last, begun *attempt
	for _, d := range t.rulings {
		for _, m := range d.Members {
			a := r.attempts[m.ID]
			if a == nil {
				continue
			}
			if last != nil {
				r.judgePair(begun, a)
				if last.Place != nil && a.Place != nil && last.Place.Run == a.Place.Run && last.Place.Sequence > a.Place.Sequence {
					r.violation(Disordered, "%d is before %d in the decisions and behind it in line", last.ID, a.ID)
				}
			}
			if last = a; begun == nil || a.Begun > begun.Begun {
				begun = a
			}
			if a.Begun > d.Seen {
				r.violation(TooEarly, "%d was decided before its submission began", a.ID)
			}
		}
	}
}

func (p *Place) compare(q *Place) int {
	return cmp.Or(cmp.Compare(p.Run, q.Run), cmp.Compare(p.Sequence, q.Sequence))
}

// judgeGroups checks a target's windows and who is in them.
func (r *referee) judgeGroups(t *targetLine) {
	for i, d := range t.rulings {
		if i > 0 && d.Opened < t.rulings[i-1].Closed {
			r.violation(Disordered, "the window of %v that opened at %d overlaps the one before", d.Target, d.Opened)
		}
		r.judgeTime(d)
		r.judgeOpening(t, i)
	}
	for _, a := range t.attempts {
		if a.State != Accepted {
			continue
		}
		at := t.firstAfter(a.Returned)
		if at < len(t.rulings) && r.missing(a, at, t.rulings[at]) {
			d := t.rulings[at]
			r.violation(LeftOut, "%d, submitted by %d, is not in the group that closed at %d", a.ID, a.Returned, d.Closed)
		}
	}
}

// missing reports whether an attempt should have been decided by a window of its
// target, and was neither, nor withdrawn by then.
func (r *referee) missing(a *attempt, turn int, d *Ruling) bool {
	if a.ruling != nil {
		return a.turn > turn
	}
	return a.Withdrawn == nil || a.Withdrawn.From > d.Seen
}

// judgeTime checks when a window was closed and decided.
func (r *referee) judgeTime(d *Ruling) {
	h := r.history
	if d.Closed < d.Due && !d.Abandoned {
		r.violation(TooEarly, "the window of %v closed %d before it was due", d.Target, d.Due-d.Closed)
	}
	if d.Seen < d.Closed {
		r.violation(TooEarly, "the window of %v was decided %d before it closed", d.Target, d.Closed-d.Seen)
	}
	if late := d.Seen - d.Due - h.Tick; h.Late > 0 && late > h.Late {
		r.violation(TooLate, "the window of %v was decided %d after it was due and a tick", d.Target, late)
	}
	if d.Seen > h.End {
		r.violation(Leftover, "the window of %v was decided after the end", d.Target)
	}
}

// judgeOpening checks that somebody can have opened a window when it was opened
// and for as long: the first of its group, or one that was withdrawn.
func (r *referee) judgeOpening(t *targetLine, turn int) {
	d := t.rulings[turn]
	if len(d.Members) == 0 || r.attempts[d.Members[0].ID] == nil {
		return
	}
	first := r.attempts[d.Members[0].ID]
	kind, why := r.opened(first, d)
	if why == "" {
		return
	}
	for _, a := range t.attempts {
		if a.Withdrawn == nil || turn > 0 && a.Returned < t.rulings[turn-1].Closed || a.behind(first) {
			continue
		}
		if _, wrong := r.opened(a, d); wrong == "" {
			return
		}
	}
	r.violation(kind, "the window of %v, opened at %d by %d or somebody withdrawn: %s", d.Target, d.Opened, first.ID, why)
}

// behind reports whether an attempt is known to be later than another one.
func (a *attempt) behind(b *attempt) bool {
	if a.Place != nil && b.Place != nil && a.Place.Run == b.Place.Run {
		return a.Place.Sequence > b.Place.Sequence
	}
	return a.Begun > b.Returned
}

// opened says why an attempt cannot have opened a window.
func (r *referee) opened(a *attempt, d *Ruling) (kind Kind, why string) {
	switch late := r.history.Late; {
	case d.Due-d.Opened != a.Window:
		return TooEarly, "its length is another"
	case d.Opened < a.Begun:
		return TooEarly, "that is before it was submitted"
	case late > 0 && d.Opened > a.Returned+late:
		return TooLate, "that is long after it was submitted"
	}
	return "", ""
}

// judgeTold checks when an attempt was told: not before the decision and, if it
// lost, not long after either.
func (r *referee) judgeTold(a *attempt, told *Answer) {
	d := a.ruling
	if told.At < d.Seen {
		r.violation(TooEarly, "%d was told %v before it was decided", a.ID, told.Ending)
	}
	if r.history.Late > 0 && told.Ending == EndRejected && told.At > d.Seen+r.history.Late {
		r.violation(TooLate, "%d was told that it lost %d after it was decided", a.ID, told.At-d.Seen)
	}
}
