package model

import "slices"

// Decide gives everything its turn whose time has come, and returns the
// decisions.
func (m *Model) Decide() (decisions []Decision) {
	for len(m.fired) > 0 {
		t := m.fired[0]
		m.fired = m.fired[1:]
		switch {
		case t.window != nil:
			decisions = m.decide(t.window, decisions)
		case m.abandoned:
			e := t.entry
			e.window = &window{target: e.Target, rules: &m.Rules[0], contenders: []*entry{e}}
			decisions = m.decide(e.window, decisions)
		default:
			m.resume(t.entry)
		}
		again := m.again
		m.again = nil
		for _, e := range again {
			m.enter(e, m.now)
		}
	}
	return decisions
}

// decide closes a window and adds its decision, if there is one.
func (m *Model) decide(w *window, to []Decision) []Decision {
	if m.staysOpen(w) {
		return to
	}
	m.unopen(w)
	if !w.closed {
		w.due = w.dueBy()
	}
	if !w.closed && w.due < w.end {
		w.notes |= ClosedByIdle
	}
	members := m.gather(w)
	if len(members) == 0 {
		m.undecided(w)
		return to
	}
	var winner *entry
	if !m.abandoned {
		winner = w.pick(members)
	}
	m.number++
	d := Decision{
		Target: w.target, Number: m.number, Token: m.Fence + m.number,
		Opened: w.opened, Due: w.due, Closed: max(m.now, w.opened),
		Fault: w.fault, Abandoned: m.abandoned,
		Early: w.early, Contenders: len(members) + w.early, Rules: w.index,
	}
	if w.closed {
		d.Closed = max(d.Closed, w.due)
	}
	if winner != nil {
		d.Winner = winner.standing()
	}
	m.tell(w, winner, members, &d)
	if winner == nil {
		m.undecided(w)
	} else if w.rules.Exclusive {
		m.hold(w.target, d.Token)
		w.notes |= Held
	}
	d.Notes = w.notes
	return append(to, d)
}

// gather takes everybody out of a closed window and returns who contends: not
// the withdrawn, nor the masked.
func (m *Model) gather(w *window) (members []*entry) {
	for _, e := range slices.Concat(w.contenders, w.deferred) {
		m.leave(e)
		lock := m.masking(e, m.now)
		switch {
		case lock != nil && !m.abandoned:
			m.dismiss(w, e, Dismissal{Told: e.told(Masked), Opened: w.opened, At: m.now, Lock: lock.Name})
			w.broken = true
		case e.withdrawn:
			m.drop(w)
			w.broken = true
		default:
			members = append(members, e)
		}
	}
	return members
}

// tell gives every member its outcome, or another try.
func (m *Model) tell(w *window, winner *entry, members []*entry, d *Decision) {
	for _, e := range members {
		outcome := Lost
		switch {
		case m.abandoned:
			outcome = Stopped
		case w.fault:
			outcome = Faulted
		case e == winner:
			outcome = Won
		case e.Fold != 0 && e.Fold == winner.Fold:
			outcome = Folded
			w.notes |= FoldedIn
		case m.triesAgain(e):
			d.Retried = append(d.Retried, e.ID)
			w.notes |= Retried
			m.tryAgain(e)
			continue
		}
		d.Members = append(d.Members, e.told(outcome))
	}
}

// undecided frees the target of a window that was closed early and has no
// winner.
func (m *Model) undecided(w *window) {
	if w.closed && w.rules.Exclusive && !m.abandoned {
		m.free(w.target)
	}
}
