package shard

import (
	"math"
	"sync/atomic"
)

// Stats are a shard's counts. All but Staged, Open and Bytes only grow.
type Stats struct {
	Accepted  uint64 // operations
	Staged    int    // operations accepted and not decided
	Open      int    // windows, as of the owner's last look
	Groups    uint64 // decided, conflicts included
	Conflicts uint64 // groups with more than one contender
	Lost      uint64 // operations, for good
	Early     uint64 // of these, told before their window closed
	Retried   uint64 // losses that were made up for by trying again
	Folded    uint64 // operations carried out by their winner
	Masked    uint64 // operations that a lock kept out
	Displaced uint64 // operations that had to make room
	Faulted   uint64 // operations whose group's policy failed
	Cleared   uint64 // operations whose target was cleared
	Stopped   uint64 // operations told so because the shard was aborted or given up
	Withdrawn uint64 // operations found withdrawn, mostly when their group is decided
	GaveUp    uint64 // operations withdrawn from the backlog, for which no room came: not in Accepted
	Sleeps    uint64 // timed sleeps of the owner
	Restarts  uint64 // of the owner, after a panic or Goexit
	Incidents uint64 // panics and exits in policies, hooks and contenders, and panics of our own code
	Bytes     int    // memory held for staging, the ring included, as of the last look
}

// tally is what the owner publishes of its counts; each word publishes only
// itself. Written by the owner, read by anyone. Those that nobody decides by
// are no scheduling points of the explorer's.
type tally struct {
	staged    atomicInt64   // in groups, without the ring; read by every submission
	account   atomic.Uint64 // staged, and up to where the ring was drained then; see unsettled
	floor     atomicInt64   // what exceeds it may displace; read by submissions when full
	open      atomic.Int64
	groups    atomic.Uint64
	conflicts atomic.Uint64
	lost      atomic.Uint64
	early     atomic.Uint64
	retried   atomic.Uint64
	folded    atomic.Uint64
	masked    atomic.Uint64
	displaced atomic.Uint64
	faulted   atomic.Uint64
	cleared   atomic.Uint64
	stopped   atomic.Uint64
	withdrawn atomic.Uint64
	gaveUp    atomic.Uint64
	sleeps    atomic.Uint64
	restarts  atomic.Uint64
	incidents atomic.Uint64
	bytes     atomic.Int64
}

// count adds a batch of decisions.
func (t *tally) count(batch []Decision) {
	var groups, conflicts, lost, retried, folded, faulted, stopped uint64
	for i := range batch {
		d := &batch[i]
		told := uint64(d.Contenders - d.Early - d.Retried)
		switch {
		case d.Abandoned:
			stopped += told
			continue
		case d.fault != nil:
			faulted += told
			continue
		}
		groups++
		if d.Contenders > 1 {
			conflicts++
			lost += told - 1 - uint64(d.Folded)
			retried += uint64(d.Retried)
			folded += uint64(d.Folded)
		}
	}
	t.groups.Add(groups)
	t.conflicts.Add(conflicts)
	t.lost.Add(lost)
	add(&t.retried, retried)
	add(&t.folded, folded)
	add(&t.faulted, faulted)
	add(&t.stopped, stopped)
}

// add spares the counters of what is rare.
func add(counter *atomic.Uint64, n uint64) {
	if n > 0 {
		counter.Add(n)
	}
}

// countDismissed adds what is told apart from decisions.
func (t *tally) countDismissed(batch []Dismissal) {
	for i := range batch {
		switch batch[i].Outcome {
		case Lost:
			t.lost.Add(1)
			t.early.Add(1)
		case Masked:
			t.masked.Add(1)
		case Displaced:
			t.displaced.Add(1)
		case Cleared:
			t.cleared.Add(1)
		case Faulted:
			t.faulted.Add(1)
		case Stopped:
			t.stopped.Add(1)
		}
	}
}

// publish shows what the core holds, with what was drained from the ring up to a
// position.
func (t *tally) publish(c *Core, drained uint64) {
	floor := int64(math.MinInt64)
	if priority, full := c.Floor(); full {
		floor = int64(priority)
	}
	t.floor.Store(floor)
	t.staged.Store(int64(c.Staged()))
	t.account.Store(uint64(c.Staged())<<32 | uint64(uint32(drained)))
	t.open.Store(int64(c.Open()))
	t.withdrawn.Store(c.Withdrawn())
	t.bytes.Store(int64(c.Bytes()))
}

// unsettled returns how many operations were accepted and are not decided, as of the
// owner's last look: what was staged then, and what was submitted since. Both are of one
// moment, so that nothing is left out while the owner takes it from the ring.
func (s *Shard) unsettled() int {
	account := s.tally.account.Load() // before the tail, which only grows
	return int(account>>32) + int(uint32(s.ring.Tail())-uint32(account))
}

// Stats returns the shard's counts. It is safe for concurrent use; the counts
// are read one after another while the shard works.
func (s *Shard) Stats() Stats {
	return Stats{
		Accepted:  s.ring.Tail(),
		Staged:    s.unsettled(),
		Open:      int(s.tally.open.Load()),
		Groups:    s.tally.groups.Load(),
		Conflicts: s.tally.conflicts.Load(),
		Lost:      s.tally.lost.Load(),
		Early:     s.tally.early.Load(),
		Retried:   s.tally.retried.Load(),
		Folded:    s.tally.folded.Load(),
		Masked:    s.tally.masked.Load(),
		Displaced: s.tally.displaced.Load(),
		Faulted:   s.tally.faulted.Load(),
		Cleared:   s.tally.cleared.Load(),
		Stopped:   s.tally.stopped.Load(),
		Withdrawn: s.tally.withdrawn.Load(),
		GaveUp:    s.tally.gaveUp.Load(),
		Sleeps:    s.tally.sleeps.Load(),
		Restarts:  s.tally.restarts.Load(),
		Incidents: s.tally.incidents.Load(),
		Bytes:     int(s.tally.bytes.Load()) + s.ring.Bytes(),
	}
}
