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
// is added with one addition for each bucket. Groups of a batch are mostly alike in
// all but size.
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
	last, bucket := int64(-1), uint64(0)
	for i := range batch {
		d := &batch[i]
		if d.Abandoned || d.fault != nil {
			continue
		}
		m.utilisation.record(uint64(d.Contenders))
		if open := d.Closed - d.Opened; open != last {
			last, bucket = open, units(open)
		}
		m.resolution.record(bucket)
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
