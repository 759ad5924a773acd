package model

import "slices"

// contest finds out who is last in a window that tells early and has more than
// it keeps, now that a newcomer arrived. There is one too many at most, as
// withdrawn ones are found first.
func (m *Model) contest(w *window, at int64) {
	keeps := 1 + w.rules.RunnersUp
	if len(w.contenders) <= keeps {
		return
	}
	for _, e := range slices.Clone(w.contenders) {
		if e.withdrawn {
			m.leave(e)
			m.drop(w)
		}
	}
	if len(w.contenders) <= keeps {
		return
	}
	leader, ok := w.rules.bestOf(w.contenders)
	if !ok {
		w.faulted()
		return
	}
	worst, ok := w.rules.worstOf(without(w.contenders, leader))
	if !ok {
		w.faulted()
		return
	}
	if m.triesAgain(worst) || worst.Fold != 0 {
		w.contenders = without(w.contenders, worst)
		w.deferred = append(w.deferred, worst)
		m.staged = append(without(m.staged, worst), worst) // as if it had just come
		w.notes |= Deferred
		return
	}
	m.leave(worst)
	w.early++
	m.dismiss(w, worst, Dismissal{
		Told: worst.told(Lost), Opened: w.opened, At: at, Leader: leader.standing(), Contenders: w.arrived,
	})
}
