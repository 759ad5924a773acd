package shard

// Measures are how a shard's decisions and looks are distributed. They outlive the
// shard: the next one goes on with them.
type Measures struct {
	Utilisation Recorder // operations in each group decided
	Resolution  Recorder // from the opening of each window to its decision
	Lateness    Recorder // of each decision beyond its window's end
	Cycle       Recorder // duration of each of the owner's looks
}

// measuring is the owner's part of the measures: what the groups of a batch come to
// is added with one addition for each bucket. Groups are mostly small, and mostly as
// long open as the one before; by how much they are late differs from one to the next.
type measuring struct {
	utilisation, resolution, lateness gathering
}

// measure adds a batch of decisions. Of windows that waited for a winner's end, or
// were not decided, nothing is known of interest.
func (s *Shard) measure(batch []Decision) {
	to := s.config.Measures
	if to == nil || len(batch) == 0 {
		return
	}
	m := s.owner.measuring
	for i := range batch {
		d := &batch[i]
		if d.Abandoned || d.fault != nil {
			continue
		}
		m.utilisation.recordSmall(uint64(d.Contenders))
		m.resolution.recordNear(units(d.Closed - d.Opened))
		if d.rules == 0 || !d.Exclusive() {
			m.lateness.record(units(d.Closed - d.Due))
		}
	}
	m.utilisation.addTo(&to.Utilisation)
	m.resolution.addTo(&to.Resolution)
	m.lateness.addTo(&to.Lateness)
}

// measureCycle counts a look that has come to its end.
func (s *Shard) measureCycle() {
	if m := s.config.Measures; m != nil {
		m.Cycle.Seconds(readClock(s.config.Now) - s.owner.looked)
	}
}
