package model

import (
	"math"
	"slices"
)

// Winner returns the winner among contenders in the order of staging, of which
// there must be one at least, by the plain rules.
func Winner(contenders []Op) Op {
	winner := contenders[0]
	for _, op := range contenders[1:] {
		if op.Priority > winner.Priority {
			winner = op
		}
	}
	return winner
}

// beats reports whether a challenger takes the place of the best so far, who
// came earlier. It is not ok if the user's code panics.
func (r *Rules) beats(challenger, best *entry) (beats, ok bool) {
	if r.Order != nil {
		return r.beatsByOrder(challenger.standing(), best.standing())
	}
	switch r.Policy {
	case FirstWins:
		return false, true
	case LastWins:
		return true, true
	case EarliestDeadline:
		a, b := deadline(challenger), deadline(best)
		return a < b || a == b && challenger.priority > best.priority, true
	}
	return challenger.priority > best.priority, true
}

// beatsByOrder asks the user both ways, so that what is no strict order is a
// tie.
func (r *Rules) beatsByOrder(challenger, best Standing) (beats, ok bool) {
	defer func() {
		if recover() != nil {
			beats, ok = false, false
		}
	}()
	return r.Order(challenger, best) && !r.Order(best, challenger), true
}

func deadline(e *entry) int64 {
	if e.Deadline == 0 {
		return math.MaxInt64
	}
	return e.Deadline
}

// compare holds a newcomer against the best so far.
func (w *window) compare(e *entry) {
	if w.best == nil {
		w.best = e
		return
	}
	beats, ok := w.rules.beats(e, w.best)
	if !ok {
		w.faulted()
	} else if beats {
		w.best = e
	}
}

// bestOf holds each of a group against the best of those before it.
func (r *Rules) bestOf(group []*entry) (best *entry, ok bool) {
	best = group[0]
	for _, e := range group[1:] {
		beats, ok := r.beats(e, best)
		if !ok {
			return nil, false
		}
		if beats {
			best = e
		}
	}
	return best, true
}

// worstOf returns the last of a group who does not beat the worst of those
// before it.
func (r *Rules) worstOf(group []*entry) (worst *entry, ok bool) {
	worst = group[0]
	for _, e := range group[1:] {
		beats, ok := r.beats(e, worst)
		if !ok {
			return nil, false
		}
		if !beats {
			worst = e
		}
	}
	return worst, true
}

// pick names the winner of a window's last members, nil if it is at fault.
func (w *window) pick(members []*entry) *entry {
	if w.fault {
		return nil
	}
	winner, ok := w.best, true
	switch {
	case w.rules.Choose != nil:
		winner, ok = w.rules.chosenOf(members)
	case w.rules.Early || w.broken:
		winner, ok = w.rules.bestOf(members)
	}
	if !ok {
		w.faulted()
		return nil
	}
	return winner
}

// chosenOf lets the user choose. It is not ok if that panics or names nobody.
func (r *Rules) chosenOf(group []*entry) (chosen *entry, ok bool) {
	defer func() {
		if recover() != nil {
			chosen, ok = nil, false
		}
	}()
	var standings []Standing
	for _, e := range group {
		standings = append(standings, e.standing())
	}
	i := r.Choose(standings)
	if i < 0 || i >= len(group) {
		return nil, false
	}
	return group[i], true
}

// faulted puts a window at fault: nobody is compared any more.
func (w *window) faulted() {
	w.fault = true
	w.notes |= AtFault
}

// without returns a group without one of it.
func without(group []*entry, one *entry) []*entry {
	return slices.DeleteFunc(slices.Clone(group), func(e *entry) bool { return e == one })
}
