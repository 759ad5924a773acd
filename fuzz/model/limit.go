package model

// makeRoom sees to it that a newcomer finds room: if the model is full, the
// lowest of the staged operations goes, if it is lower than the newcomer. Among
// equals it is the one that entered, was deferred or began to pause last.
func (m *Model) makeRoom(newcomer *entry, at int64) bool {
	if m.Limit == 0 || len(m.staged) < m.Limit {
		return true
	}
	lowest := m.staged[0]
	for _, e := range m.staged {
		if e.priority <= lowest.priority {
			lowest = e
		}
	}
	if newcomer.priority <= lowest.priority {
		return false
	}
	w, opened := lowest.window, at
	m.leave(lowest)
	if w != nil {
		opened = w.opened
		w.broken = true
		if w.best == lowest {
			w.best = nil
		}
	}
	m.dismiss(w, lowest, Dismissal{Told: lowest.told(Displaced), Opened: opened, At: at})
	return true
}
