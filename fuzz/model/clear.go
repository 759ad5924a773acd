package model

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
)

// Clear takes everything out that is staged for a target, and what pauses before it
// tries again on it, and closes its window without a decision. It returns how many
// operations were told so.
func (m *Model) Clear(target uuid.UUID) (n int) {
	before := len(m.dismissals)
	if w := m.windowOf(target); w != nil {
		m.cancelTurn(w)
		m.fired = slices.DeleteFunc(m.fired, func(t turn) bool { return t.window == w })
		m.unopen(w)
		for _, e := range slices.Concat(w.contenders, w.deferred) {
			m.leave(e)
			m.dismiss(w, e, Dismissal{Told: e.told(Cleared), Opened: w.opened, At: m.now})
		}
	}
	for _, e := range m.pausing(target) {
		m.leave(e)
		m.dismiss(nil, e, Dismissal{Told: e.told(Cleared), Opened: m.now, At: m.now})
	}
	return len(m.dismissals) - before
}

// pausing returns the operations that pause before they try again on a target, in
// the order of submission.
func (m *Model) pausing(target uuid.UUID) (all []*entry) {
	for _, e := range m.staged {
		if e.window == nil && e.Target == target {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
