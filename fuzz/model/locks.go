package model

import "slices"

// Lock puts a lock into force, or replaces the one with its ID.
func (m *Model) Lock(lock Lock) {
	m.Unlock(lock.ID)
	m.locks = append(m.locks, lock)
}

// Unlock ends a lock.
func (m *Model) Unlock(id uint64) {
	m.locks = slices.DeleteFunc(m.locks, func(l Lock) bool { return l.ID == id })
}

// masking returns the lock that keeps an operation out at a time: of several
// the strictest, and of these the one with the lowest ID. What counts is the
// operation's own priority, not the aged one.
func (m *Model) masking(e *entry, at int64) (by *Lock) {
	for i := range m.locks {
		l := &m.locks[i]
		concerned := (l.All || l.Target == e.Target) && e.Priority < l.Below
		if !concerned || !l.Stay && at >= l.Expires {
			continue
		}
		if by == nil || l.Below > by.Below || l.Below == by.Below && l.ID < by.ID {
			by = l
		}
	}
	return by
}
