package shard

import (
	"time"

	"example.com/contend/ring"
)

// How the owner paces itself, by the number of operations that its last look
// found.
const (
	// lookEvery is how much time a busy owner lets pass between two looks.
	// Deadlines in between are that much late at most; each wake-up of an idle
	// thread costs some 50 µs of processor time.
	lookEvery = int64(time.Millisecond)

	// busyOps is from where on it is busy. Below, it wakes for each deadline.
	busyOps = 16

	// floodOps is from where on it is so busy that submitters are spared
	// reading the clock. A submission is then dated up to lookEvery late.
	floodOps = 1024
)

// owner is the state of the owner goroutine. Nobody else touches it.
type owner struct {
	core  *Core
	timer *time.Timer
	take  func(sequence uint64, op *Op) // stages one drained operation

	looked  int64 // when the last look began
	found   int64 // the time given to unstamped operations of this drain
	drained int   // operations found by the last look
	whole   bool  // the last look drained up to its snapshot

	telling telling
}

func (o *owner) init(s *Shard) {
	o.core = NewCore(s.config.Index)
	o.take = func(sequence uint64, op *Op) { o.core.Stage(op, sequence, o.found) }
}

// Run is the owner's loop. It returns when the shard was closed and everything
// it had accepted was told. Should a contender end the goroutine
// (runtime.Goexit), another one takes over where it stood.
func (s *Shard) Run() {
	ended := false
	defer func() {
		if !ended {
			s.incident(errGoexit)
			go s.Run()
		}
	}()
	if s.owner.timer == nil {
		s.owner.timer = time.NewTimer(time.Hour)
	}
	s.deliver() // what a predecessor left
	for s.look() {
		s.rest()
	}
	s.owner.timer.Stop()
	ended = true
	close(s.done)
}

// look takes what was submitted, closes the windows that are due and tells
// their contenders. It reports false when there is nothing left to do ever.
//
// The order of the four lines is the contract's: a window is due by a time
// read before the snapshot, so it cannot close early; operations found below
// the snapshot are stamped with a time read after it, so none is dated before
// its submission.
func (s *Shard) look() bool {
	closed, aborted := s.ring.Closed(), s.aborted.Load()
	s.owner.looked = s.config.Now()
	tail := s.ring.Tail()
	s.owner.found = s.config.Now()

	before := s.ring.Drained()
	s.owner.whole = s.ring.Drain(tail, s.owner.take)
	s.owner.drained = int(s.ring.Drained() - before)
	if s.owner.whole {
		s.owner.core.Advance(s.owner.looked)
		if aborted {
			s.owner.core.Abandon()
		}
		s.deliver()
	}
	s.tally.publish(s.owner.core)
	s.room.Admit(s.ring.Cap() - s.ring.Len())
	return !(closed && s.owner.whole && s.owner.core.Open() == 0)
}

// rest sleeps until there is something to do.
func (s *Shard) rest() {
	switch {
	case s.owner.whole && s.ring.Len() >= max(1, s.ring.Cap()/4):
		// A batch is waiting already.
	case s.owner.drained >= floodOps || s.room.Waiting():
		// Awake to submitters: they neither stamp nor ring.
		s.sleepUntil(s.owner.looked + lookEvery)
	default:
		s.restUntilDue()
	}
}

// restUntilDue sleeps until the next deadline, or until a submission that
// cannot wait for it.
func (s *Shard) restUntilDue() {
	due, timed := s.owner.core.Next()
	before := int64(ring.Anything)
	if timed {
		if s.owner.drained >= busyOps {
			due = max(due, s.owner.looked+lookEvery)
		}
		before = due - int64(Tick)
	}
	s.bell.Arm(before)
	defer s.bell.Disarm()
	if s.ring.Ready() {
		return
	}
	if s.ring.Tail() != s.ring.Drained() {
		// In front of a hole, which may hide operations that rang nobody.
		s.bell.Arm(ring.Anything)
		if s.ring.Ready() {
			return
		}
		timed = timed && s.owner.whole
	}
	if timed {
		s.sleepUntil(due)
	} else {
		<-s.bell.C()
	}
}

// sleepUntil sleeps until a time, or until the bell rings.
func (s *Shard) sleepUntil(at int64) {
	d := at - s.config.Now()
	if d <= 0 {
		return
	}
	s.tally.sleeps.Add(1)
	s.owner.timer.Reset(time.Duration(d))
	select {
	case <-s.bell.C():
	case <-s.owner.timer.C:
	}
}
