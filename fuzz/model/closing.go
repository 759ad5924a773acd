package model

import "slices"

// dueBy returns when a window closes that is not closed before its time, as far
// as is known.
func (w *window) dueBy() int64 {
	if w.rules.Idle == 0 {
		return w.end
	}
	return min(w.end, sum(w.last, int64(w.rules.Idle)))
}

// closeEarly closes a window, now, if the arrival of an operation asks for it.
// If its target is not free, the window waits instead.
func (m *Model) closeEarly(w *window, e *entry, at int64) {
	r := w.rules
	decisive := r.Decisive != 0 && e.priority >= r.Decisive
	full := r.Size > 0 && w.arrived >= r.Size
	if decisive && r.Preempt {
		m.preempt(w)
	}
	if !decisive && !full {
		return
	}
	if r.Exclusive && m.holdOf(w.target) != nil {
		if m.cancelTurn(w) { // else it waits, or its turn has come
			w.wait()
		}
		return
	}
	if r.Exclusive {
		m.holds = append(m.holds, &hold{target: w.target, pending: true})
	}
	if m.cancelTurn(w) { // else it keeps the one it has
		m.fired = append(m.fired, turn{window: w})
	}
	m.unopen(w)
	w.closed, w.due = true, at
	if full {
		w.notes |= ClosedBySize
	}
	if decisive {
		w.notes |= ClosedByPriority
	}
}

// cancelTurn takes back the turn that a window will have.
func (m *Model) cancelTurn(w *window) bool {
	before := len(m.turns)
	m.turns = slices.DeleteFunc(m.turns, func(t turn) bool { return t.window == w })
	return len(m.turns) < before
}

// unopen makes a window no longer the one of its target.
func (m *Model) unopen(w *window) {
	m.open = slices.DeleteFunc(m.open, func(other *window) bool { return other == w })
}

// staysOpen reports whether a window whose turn has come stays open: something
// arrived in it lately, or its target is not free.
func (m *Model) staysOpen(w *window) bool {
	if w.closed || m.abandoned {
		return false
	}
	tick := m.tickOf(w.dueBy())
	if w.rules.Idle > 0 && !w.ready && tick > m.now/m.Tick {
		m.turns = append(m.turns, turn{tick: tick, window: w})
		w.notes |= PutOff
		return true
	}
	if w.rules.Exclusive && m.holdOf(w.target) != nil {
		w.wait()
		return true
	}
	return false
}
