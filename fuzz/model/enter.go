package model

import (
	"slices"

	"github.com/google/uuid"
)

// Stage adds an operation that was submitted at its own time or, if it is not
// stamped, now.
func (m *Model) Stage(op Op, now int64) {
	if op.At >= 0 {
		now = op.At
	}
	m.enter(&entry{Op: op, priority: op.Priority}, max(now, m.now))
}

// enter lets an operation into its target's window, unless a lock or the limit
// keeps it out.
func (m *Model) enter(e *entry, at int64) {
	w := m.windowOf(e.Target)
	if lock := m.masking(e, at); lock != nil {
		m.dismiss(w, e, Dismissal{Told: e.told(Masked), Opened: at, At: at, Lock: lock.Name})
		return
	}
	if !m.makeRoom(e, at) {
		m.dismiss(w, e, Dismissal{Told: e.told(Displaced), Opened: at, At: at})
		return
	}
	if w == nil {
		w = m.openWindow(e, at)
	}
	w.arrived++
	w.last = max(w.last, at)
	w.noteEntry(e)
	e.window = w
	w.contenders = append(w.contenders, e)
	m.staged = append(m.staged, e)
	switch {
	case w.fault:
	case w.rules.Early:
		m.contest(w, at)
	case w.rules.Choose == nil:
		w.compare(e)
	}
	m.closeEarly(w, e, at)
}

// openWindow opens the window of an operation whose target has none.
func (m *Model) openWindow(e *entry, at int64) *window {
	w := &window{
		target: e.Target, rules: &m.Rules[e.Rules], index: e.Rules,
		opened: at, last: at, end: sum(at, e.Window),
	}
	m.open = append(m.open, w)
	m.turns = append(m.turns, turn{tick: m.tickOf(w.dueBy()), window: w})
	return w
}

func (m *Model) windowOf(target uuid.UUID) *window {
	for _, w := range m.open {
		if w.target == target {
			return w
		}
	}
	return nil
}

// leave takes a staged operation out of wherever it is.
func (m *Model) leave(e *entry) {
	isIt := func(other *entry) bool { return other == e }
	m.staged = slices.DeleteFunc(m.staged, isIt)
	if e.window == nil {
		pauses := func(t turn) bool { return t.entry == e }
		m.turns, m.fired = slices.DeleteFunc(m.turns, pauses), slices.DeleteFunc(m.fired, pauses)
		return
	}
	e.window.contenders = slices.DeleteFunc(e.window.contenders, isIt)
	e.window.deferred = slices.DeleteFunc(e.window.deferred, isIt)
	e.window = nil
}

// dismiss tells an operation that has left, of a window if any, unless it was
// withdrawn.
func (m *Model) dismiss(w *window, e *entry, d Dismissal) (told bool) {
	d.Target, d.Rules = e.Target, e.Rules
	if w != nil {
		w.noteDismissal(d.Outcome)
		d.Rules, d.Notes = w.index, w.notes
	}
	if e.withdrawn {
		m.drop(w)
		return false
	}
	m.dismissals = append(m.dismissals, d)
	return true
}

// drop counts an operation that has left and was found withdrawn.
func (m *Model) drop(w *window) {
	m.withdrawn++
	if w != nil {
		w.notes |= Withdrawn
	}
}

// Withdraw takes a staged operation back. It reports false if it is decided,
// withdrawn already or was never staged.
func (m *Model) Withdraw(id uint64) bool {
	for _, e := range m.staged {
		if e.ID == id && e.Withdrawable && !e.withdrawn {
			e.withdrawn = true
			return true
		}
	}
	return false
}
