package shard

// Stats are a shard's counts. All but Staged, Open and Bytes only grow.
type Stats struct {
	Accepted  uint64 // operations
	Staged    int    // operations accepted and not decided
	Open      int    // windows, as of the owner's last look
	Groups    uint64 // decided, conflicts included
	Conflicts uint64 // groups with more than one contender
	Lost      uint64 // operations
	Stopped   uint64 // operations told so because the shard was aborted
	Withdrawn uint64 // operations found withdrawn when their group was decided
	Sleeps    uint64 // timed sleeps of the owner
	Incidents uint64 // panics and exits in the hook or a contender
	Bytes     int    // memory held for staging, the ring included, as of the last look
}

// tally is what the owner publishes of its counts; each word publishes only
// itself. Written by the owner, read by anyone.
type tally struct {
	staged    atomicInt64 // in groups, without the ring; read by every submission
	open      atomicInt64
	groups    atomicUint64
	conflicts atomicUint64
	lost      atomicUint64
	stopped   atomicUint64
	withdrawn atomicUint64
	sleeps    atomicUint64
	incidents atomicUint64
	bytes     atomicInt64
}

// count adds a batch of decisions.
func (t *tally) count(batch []Decision) {
	var groups, conflicts, lost, stopped uint64
	for i := range batch {
		d := &batch[i]
		if d.Abandoned {
			stopped += uint64(d.Contenders)
			continue
		}
		groups++
		if d.Contenders > 1 {
			conflicts++
			lost += uint64(d.Contenders - 1)
		}
	}
	t.groups.Add(groups)
	t.conflicts.Add(conflicts)
	t.lost.Add(lost)
	t.stopped.Add(stopped)
}

// publish shows what the core holds.
func (t *tally) publish(c *Core) {
	t.staged.Store(int64(c.Staged()))
	t.open.Store(int64(c.Open()))
	t.withdrawn.Store(c.Withdrawn())
	t.bytes.Store(int64(c.Bytes()))
}

// Stats returns the shard's counts. It is safe for concurrent use; the counts
// are read one after another while the shard works.
func (s *Shard) Stats() Stats {
	return Stats{
		Accepted:  s.ring.Tail(),
		Staged:    int(s.tally.staged.Load()) + s.ring.Len(),
		Open:      int(s.tally.open.Load()),
		Groups:    s.tally.groups.Load(),
		Conflicts: s.tally.conflicts.Load(),
		Lost:      s.tally.lost.Load(),
		Stopped:   s.tally.stopped.Load(),
		Withdrawn: s.tally.withdrawn.Load(),
		Sleeps:    s.tally.sleeps.Load(),
		Incidents: s.tally.incidents.Load(),
		Bytes:     int(s.tally.bytes.Load()) + s.ring.Bytes(),
	}
}
