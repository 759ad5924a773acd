package engine

// Sub returns the counts since an earlier snapshot of the same engine. Staged,
// Windows, Running and Bytes, which do not only grow, stay as they are now.
func (s Stats) Sub(earlier Stats) Stats {
	before := earlier.counters()
	for i, c := range s.counters() {
		*c -= *before[i]
	}
	return s
}

// counters returns those that only grow.
func (s *Stats) counters() []*uint64 {
	return []*uint64{
		&s.Submitted, &s.Refused, &s.Overloaded, &s.Won, &s.Conflicts, &s.Rejected, &s.Early, &s.Retried, &s.Folded,
		&s.Masked, &s.Displaced, &s.Undecided, &s.Cleared, &s.Withdrawn, &s.Stopped, &s.Completed, &s.Failed, &s.Direct,
		&s.Incidents, &s.Restarts, &s.JournalLost, &s.EventsDropped, &s.Sleeps,
	}
}
