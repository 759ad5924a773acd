package engine

import (
	"fmt"

	"example.com/contend/shard"
	"go.uber.org/atomic"
)

// Stats is a snapshot of an engine's counts. All but Staged, Windows,
// Running and Bytes only grow, over restarts too. When nothing is staged or running,
//
//	Submitted = Won + Rejected + Folded + Masked + Displaced + Undecided +
//	            Cleared + Withdrawn + (Stopped before the verdict)
//
// and every winner of Do and Submit is Completed, Failed or Stopped.
type Stats struct {
	Submitted  uint64 // operations accepted for staging
	Refused    uint64 // submissions refused
	Overloaded uint64 // of these, with an OverloadedError
	Won        uint64 // groups decided
	Conflicts  uint64 // of these, with more than one contender
	Rejected   uint64 // operations that lost
	Early      uint64 // of these, told before their window closed
	Retried    uint64 // losses that were made up for by trying again
	Folded     uint64 // operations that their winner carried out, too
	Masked     uint64 // operations that a lock kept out
	Displaced  uint64 // operations that made room for higher-ranked ones
	Undecided  uint64 // operations whose group's policy failed
	Cleared    uint64 // operations whose target was cleared
	Withdrawn  uint64 // operations; counted when they are found, at the latest when their window closes
	Stopped    uint64 // operations, before the verdict or while running
	Completed  uint64 // winners whose function returned without error
	Failed     uint64 // winners whose function failed
	Direct     uint64 // functions executed without contention
	Incidents  uint64 // failures of the user's code that were survived: each is logged
	Restarts   uint64 // of shards' loops, after a panic in one or its end (runtime.Goexit)

	// JournalLost counts the blocks of Config.Journal that were not written,
	// because it was too slow or failed. A shard's journal ends with the first.
	JournalLost uint64
	// EventsDropped counts events that did not reach the hooks or a subscription that
	// was to get them, because they did not keep up. What a subscription misses that
	// is a Sample is not among them.
	EventsDropped uint64

	Staged  int // operations accepted and not decided
	Windows int // targets with an open window, as of the last look at the ring
	Running int // winners of Do and Submit between verdict and end
	Bytes   int // memory held for staging: rings, windows and their operations, likewise

	// Sleeps counts how often a shard's goroutine slept with a timer.
	Sleeps uint64
}

// String returns the counts in one line, those of rules only if they are not zero.
func (s Stats) String() string {
	line := fmt.Sprintf("submitted %d, refused %d, won %d (conflicts %d), rejected %d, withdrawn %d, stopped %d, completed %d, failed %d, direct %d; staged %d, windows %d, running %d",
		s.Submitted, s.Refused, s.Won, s.Conflicts, s.Rejected, s.Withdrawn, s.Stopped, s.Completed, s.Failed, s.Direct, s.Staged, s.Windows, s.Running)
	for _, n := range []struct {
		what  string
		count uint64
	}{
		{"overloaded", s.Overloaded}, {"early", s.Early}, {"retried", s.Retried}, {"folded", s.Folded}, {"masked", s.Masked}, {"displaced", s.Displaced},
		{"undecided", s.Undecided}, {"cleared", s.Cleared}, {"incidents", s.Incidents}, {"restarts", s.Restarts}, {"journal blocks lost", s.JournalLost},
		{"events dropped", s.EventsDropped},
	} {
		if n.count > 0 {
			line += fmt.Sprintf(", %s %d", n.what, n.count)
		}
	}
	return line
}

// counts are the engine's own counters; each publishes only itself.
type counts struct {
	refused    atomic.Uint64
	overloaded atomic.Uint64
	direct     atomic.Uint64
	incidents  atomic.Uint64

	journalLost atomic.Uint64

	eventsDropped atomic.Uint64 // once for each hook or subscriber that missed it
	eventsLost    atomic.Uint64 // of these, to all that read, whoever they are
}

// cell holds the counters of one shard's winners, apart so that shards do not
// share a word.
type cell struct {
	completed atomic.Uint64
	failed    atomic.Uint64
	stopped   atomic.Uint64

	measures  shard.Measures
	execution shard.Recorder
}

// Stats returns the engine's counts. It is safe for concurrent use; the counts
// are read one after another while the engine works.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	total, g, all := e.past, e.current.Load(), e.generations()
	e.mu.Unlock()
	s := Stats{
		Refused:    e.counts.refused.Load(),
		Overloaded: e.counts.overloaded.Load(),
		Direct:     e.counts.direct.Load(),
		Incidents:  e.counts.incidents.Load(),

		JournalLost:   e.counts.journalLost.Load(),
		EventsDropped: e.counts.eventsDropped.Load(),
	}
	if g != nil {
		for _, sh := range g.shards {
			total = plus(total, sh.Stats())
		}
	}
	for _, g := range all {
		s.Running += g.running()
	}
	s.Submitted, s.Won, s.Conflicts = total.Accepted+total.GaveUp, total.Groups, total.Conflicts
	s.Rejected, s.Withdrawn, s.Stopped = total.Lost, total.Withdrawn+total.GaveUp, total.Stopped
	s.Early, s.Retried, s.Folded = total.Early, total.Retried, total.Folded
	s.Masked, s.Displaced, s.Undecided = total.Masked, total.Displaced, total.Faulted
	s.Cleared, s.Restarts = total.Cleared, total.Restarts
	s.Staged, s.Windows, s.Bytes, s.Sleeps = total.Staged, total.Open, total.Bytes, total.Sleeps
	for _, c := range e.cells {
		s.Completed += c.completed.Load()
		s.Failed += c.failed.Load()
		s.Stopped += c.stopped.Load()
	}
	return s
}

func plus(a, b shard.Stats) shard.Stats {
	return shard.Stats{
		Accepted:  a.Accepted + b.Accepted,
		Staged:    a.Staged + b.Staged,
		Open:      a.Open + b.Open,
		Groups:    a.Groups + b.Groups,
		Conflicts: a.Conflicts + b.Conflicts,
		Lost:      a.Lost + b.Lost,
		Early:     a.Early + b.Early,
		Retried:   a.Retried + b.Retried,
		Folded:    a.Folded + b.Folded,
		Masked:    a.Masked + b.Masked,
		Displaced: a.Displaced + b.Displaced,
		Faulted:   a.Faulted + b.Faulted,
		Cleared:   a.Cleared + b.Cleared,
		Restarts:  a.Restarts + b.Restarts,
		Stopped:   a.Stopped + b.Stopped,
		Withdrawn: a.Withdrawn + b.Withdrawn,
		GaveUp:    a.GaveUp + b.GaveUp,
		Sleeps:    a.Sleeps + b.Sleeps,
		Incidents: a.Incidents + b.Incidents,
		Bytes:     a.Bytes + b.Bytes,
	}
}
