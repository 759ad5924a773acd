package shard

import (
	"runtime/debug"
	"time"

	"example.com/contend/ring"
)

// The owner's goroutine can end in two ways before its time. A contender or hook
// of the user's calls runtime.Goexit: what it was at has made note of how far it
// was, and the next goroutine goes on there. Or our own code panics, outside of
// everything that is known to call the user's. Then another goroutine takes over
// with the same state, after a pause:
//
//   - what the core was at, an operation or a group, is told Faulted (condemn.go);
//   - the journal ends, since a replay would not panic;
//   - a request at fault is answered as if there were nothing;
//   - if that does not help, so that no look comes to its end, the shard is given
//     up: it refuses everything, and all that is staged is told Stopped.

const (
	// maxPanics is how many panics in a row, with nothing to condemn, end the shard.
	maxPanics = 5
	// giveBackAtOnce is how many of a shard that is given up are told at a time.
	giveBackAtOnce = 1024
	// maxCondemned is how many of any kind in one look do.
	maxCondemned = 256
)

// supervision is what the owner knows of its own end. Nobody else touches it.
type supervision struct {
	panics    int    // since a look came to its end, or something was condemned
	condemned int    // since a look came to its end
	staging   bool   // operations are being staged; taken is behind the one at fault
	faulty    uint64 // sequence+1 of an operation whose staging panicked; 0: none
	fault     *Fault // that panic
	fatal     *Fault // the shard is to be given up
}

// ownPause is how long the owner is away after so many panics in a row.
func ownPause(panics int) time.Duration {
	return time.Millisecond << max(0, min(panics, maxPanics)-1)
}

// died lets another goroutine take over. It is deferred by Run, and v is what Run
// recovered from, nil if the goroutine is ending.
func (s *Shard) died(v any) {
	defer func() { go s.Run() }() // whatever becomes of the incident
	s.tally.restarts.Add(1)
	if v == nil {
		s.owner.core.interrupted()
		s.owner.staging = false
		v = errGoexit
	} else {
		s.repair(&Fault{Value: v, Stack: debug.Stack(), ours: true})
	}
	s.incident(v)
}

// repair makes the state fit to be gone on with, after a panic of our own code.
func (s *Shard) repair(fault *Fault) {
	o := &s.owner
	defer func() {
		if v := recover(); v != nil {
			o.fatal = fault
		}
	}()
	o.panics++
	o.condemned++
	if o.panics > maxPanics || o.condemned > maxCondemned {
		o.fatal = fault
		return
	}
	if journal := o.journal; journal != nil {
		o.journal = nil
		s.attempt(journal.breakOff)
	}
	o.core.tape = nil
	o.take, o.risky = o.takeRunOnce, true // the run that was being taken is handed out again
	switch {
	case o.staging:
		o.staging = false
		o.faulty, o.fault = o.taken, fault
		o.panics = 1
	case o.core.enters:
		o.core.condemnEntering(fault)
		o.panics = 1
	case o.core.current != 0:
		o.core.condemnGroup(fault)
		o.panics = 1
	case o.core.asked:
		o.fatal = fault // a plain group is lost, of which no note is taken
	}
}

// giveUp ends a shard whose looks do not come to an end. It can be called again if
// a contender or a hook ends the goroutine.
func (s *Shard) giveUp() {
	o := &s.owner
	s.failure.Store(o.fatal)
	s.Close()
	s.attempt(s.tellDecided)
	o.telling = telling{} // nothing more comes of it if that panicked
	s.attempt(s.emptyWindows)
	s.attempt(func() {
		for e, ok := o.core.again.pop(); ok; e, ok = o.core.again.pop() {
			s.giveBack(e.Standing, e.target, o.looked)
		}
	})
	for !s.ring.DrainRuns(s.ring.Tail(), s.refuseRun) {
		time.Sleep(time.Millisecond) // a producer is yet to publish what it has claimed
	}
	s.attempt(s.tellDecided)
	s.startOver()
	s.tally.publish(o.core, s.ring.Drained())
}

// emptyWindows gives everybody back who stands in a window.
func (s *Shard) emptyWindows() {
	o := &s.owner
	for index := uint32(0); ; index++ {
		if index = o.core.groups.nextUsed(index); int(index/pageItems) >= len(o.core.groups.pages) {
			return
		}
		g := o.core.groups.at(index)
		for m := o.core.membersOf(g); m.left > 0; m.advance() {
			member := m.standing()
			m.set(Standing{Ticket: &gone})
			if member.Ticket != nil && member.ID+1 == o.faulty {
				o.faulty = 0
			}
			s.giveBack(member, g.target, g.opened)
		}
	}
}

// tellDecided tells what was decided, or dismissed, before the shard was given up.
func (s *Shard) tellDecided() {
	t, c := &s.owner.telling, s.owner.core
	if !t.open {
		c.name()
		t.open, t.batch, t.dismissed = true, c.batch, c.dismissed
		if len(t.batch) > 0 {
			t.members = t.batch[0].members
		}
		s.tally.count(t.batch)
		s.tally.countDismissed(t.dismissed)
	}
	s.hooks()
	s.show()
	for !s.tell() {
	}
	for _, index := range c.decided {
		c.groups.at(index).count = 0 // told, whatever becomes of it
	}
	*t = telling{}
	c.Release()
}

// refuseRun gives operations back that were accepted for nothing.
func (s *Shard) refuseRun(first uint64, run ring.Run[queued]) {
	for i := range run.Len() {
		s.refuse(first+uint64(i), s.owner.unpack(first, run, i))
	}
	s.owner.unpacked = Op{}
}

// refuse does so with one.
func (s *Shard) refuse(sequence uint64, op *Op) {
	o := &s.owner
	if int64(sequence-o.taken) < 0 && sequence+1 != o.faulty {
		return // it is in the core, or told
	}
	if o.taken = max(o.taken, sequence+1); sequence+1 == o.faulty {
		o.faulty = 0
	}
	if o.watched {
		o.showStaged(op, sequence)
	}
	s.giveBack(Standing{Ticket: op.Ticket, ID: op.id(sequence), Priority: op.Priority}, op.Target, o.looked)
}

// giveBack lets an operation be told Stopped, unless it was withdrawn or there was
// none.
func (s *Shard) giveBack(member Standing, target [16]byte, opened int64) {
	c := s.owner.core
	switch {
	case member.Ticket == &gone:
		return
	case !member.confirmed():
		c.drop(target, member)
	default:
		c.dismissed = append(c.dismissed, Dismissal{
			Outcome: Stopped, Target: target, Op: member, Retries: member.Retries(), Opened: opened, At: s.owner.looked,
		})
		c.noteDismissed()
	}
	if max(len(c.dismissed), len(c.notices)) >= giveBackAtOnce {
		s.attempt(s.tellDecided)
	}
}

// startOver replaces the core by a new one, which knows only what outlives a shard.
func (s *Shard) startOver() {
	o := &s.owner
	old := o.core
	config := old.config
	config.Tape, config.Fence = nil, old.config.Fence+old.number
	o.core = NewCore(config)
	o.core.withdrawn = old.withdrawn
	s.attempt(func() {
		for _, h := range old.Holds() {
			o.core.Hold(h)
		}
		for _, l := range old.Locks() {
			o.core.Lock(l)
		}
	})
}

// attempt keeps a panic from whatever comes after.
func (s *Shard) attempt(f func()) {
	defer s.guard()
	f()
}
