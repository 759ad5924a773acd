package shard

import (
	"slices"
	"time"

	"example.com/contend/ring"
)

// How the owner paces itself, by the number of operations that its last looks found.
const (
	// lookEvery is how much time a busy owner lets pass between two looks.
	// Deadlines in between are that much late at most; each wake-up of an idle
	// thread costs some 50 µs of processor time.
	lookEvery = int64(time.Millisecond)

	// busyOps is from how many operations in lookEvery on it is busy. Below, it wakes
	// for each deadline.
	busyOps = 16

	// ageEvery is for how long memory is kept that was needed before: longer than
	// the usual window, so that a load that comes in waves allocates nothing. Most
	// is given back after twice that time.
	ageEvery = int64(250 * time.Millisecond)

	// floodOps is from where on it is so busy that submitters are spared
	// reading the clock. A submission is then dated up to lookEvery late.
	floodOps = 1024
)

// owner is the state of the owner goroutine. Nobody else touches it.
type owner struct {
	core    *Core
	journal *recorder                                // nil for none
	take    func(first uint64, run ring.Run[queued]) // stages drained operations
	intake  *intake                                  // where they lie: the shard's
	risky   bool                                     // staging may end the goroutine: by the user's Order, or as it panicked before
	watcher Watcher                                  // Config's
	watched bool                                     // by the Watcher, until the end of the look
	shown   uint64                                   // how many operations the Watcher was shown, or could have been

	taken    uint64 // how many operations were staged, or the one being staged included
	unpacked Op     // see unpack
	looked   int64  // when the last look began
	onward   onward // while this look tells
	turns    turns  // likewise, if it is a long one
	aged     int64  // when the core's memory was last asked what it needs
	found    int64  // the time given to unstamped operations of this drain
	drained  int    // operations found by the last look
	whole    bool   // the last look drained up to its snapshot
	stuck    bool   // after Close, nothing but windows of held targets was left
	pace     pace

	backlog                   *Deferrable // taken from the shard's, and not submitted yet
	pushed                    uint64      // the tail after the last of the backlog was pushed
	mail                      []control   // taken, and to be applied
	clearings, cleared, views []control   // requests: not met yet, met, to be answered by this look

	telling   telling
	measuring *measuring // nil if nothing is measured
	supervision
}

func (o *owner) init(s *Shard) {
	config := CoreConfig{Shard: s.config.Index, Rules: s.config.Rules, Fence: max(s.config.Fence, s.config.Carried.Token)}
	if s.config.Displace {
		config.Limit = s.config.Limit
	}
	if s.config.Journal != nil {
		o.journal = newRecorder(s.config.Journal)
		o.journal.start(&config)
		config.Tape = o.journal
	}
	o.core = NewCore(config)
	for _, h := range s.config.Carried.Holds {
		s.apply(&control{kind: holdTarget, hold: h})
	}
	for _, l := range s.config.Carried.Locks {
		s.apply(&control{kind: setLock, lock: l})
	}
	o.watcher = s.config.Watcher
	if s.config.Measures != nil {
		o.measuring = &measuring{}
	}
	o.take = o.takeRun
	o.pace.prompt = slices.ContainsFunc(s.config.Rules, func(r Rules) bool { return r.prompt() })
	o.risky = slices.ContainsFunc(s.config.Rules, func(r Rules) bool { return r.Order != nil })
	if o.journal != nil || o.risky {
		o.take = o.takeRunOnce
	}
	o.intake, o.taken = s.ring, s.ring.Drained()
}

// takeRun stages operations.
func (o *owner) takeRun(first uint64, run ring.Run[queued]) {
	o.core.warm(run)
	if o.watched {
		o.showRun(first, run)
	}
	o.staging = true
	for i := range run.Len() {
		op, sequence := run.At(i), first+uint64(i)
		o.taken = sequence + 1
		id, terms, at := o.intake.besides(sequence, op, run.Mark(i), o.found)
		o.core.stage(op, id, terms, at)
	}
	o.staging = false
}

// takeRunOnce stages operations that must not be staged twice.
func (o *owner) takeRunOnce(first uint64, run ring.Run[queued]) {
	if !o.risky { // what panicked before may be that
		o.core.warm(run)
	}
	for i := range run.Len() {
		o.takeOnce(first+uint64(i), o.unpack(first, run, i))
	}
	o.unpacked = Op{}
}

// unpack makes an operation of what lies in the ring. Who has unpacked a run forgets
// the last of it.
func (o *owner) unpack(first uint64, run ring.Run[queued], i int) *Op {
	o.intake.unpack(&o.unpacked, first+uint64(i), run.At(i), run.Mark(i), o.found)
	return &o.unpacked
}

// takeOnce stages an operation and writes it down, but not again after its policy
// ended the goroutine and so the drain, nor if it panicked.
func (o *owner) takeOnce(sequence uint64, op *Op) {
	if int64(sequence-o.taken) < 0 {
		if o.faulty == sequence+1 {
			o.condemn(sequence, op)
		}
		return
	}
	o.taken, o.staging = sequence+1, true
	if o.watched {
		o.showStaged(op, sequence)
	}
	if o.journal != nil {
		o.journal.stage(op, sequence, o.found)
	}
	o.core.Stage(op, sequence, o.found)
	o.staging = false
}

// condemn gives up on an operation whose staging panicked.
func (o *owner) condemn(sequence uint64, op *Op) {
	o.faulty = 0
	o.core.condemnOp(op, op.id(sequence), o.found, o.fault)
	o.fault = nil
}

// pace tells whether the owner is so busy that it looks at regular times, however few
// each look finds: then it lets deadlines come together, and what wants to be looked at
// at once has to wait all the same.
type pace struct {
	prompt bool  // some rules ask for being looked at at once
	since  int64 // beginning of the count
	count  int   // operations found since
	before int   // and in the time before, as long
}

// found counts what a look has found.
func (p *pace) found(looked int64, n int) {
	switch age := looked - p.since; {
	case age >= 2*lookEvery:
		p.before, p.count, p.since = 0, 0, looked
	case age >= lookEvery:
		p.before, p.count, p.since = p.count, 0, looked
	}
	p.count += n
}

// busy reports whether so much was found lately.
func (p *pace) busy() bool { return max(p.before, p.count) >= busyOps }

// Run is the owner's loop. It returns when the shard was closed and everything
// it had accepted was told. Should a contender end the goroutine
// (runtime.Goexit), another one takes over where it stood; so it does after a panic
// of our own code, see supervise.go.
func (s *Shard) Run() {
	s.pulse.goroutine.Store(goroutineNumber())
	ended := false
	defer func() {
		if !ended {
			if explored {
				s.died(nil) // and our own panics end the process
			} else {
				s.died(recover())
			}
		}
	}()
	if s.owner.fatal == nil {
		s.loop()
	} else {
		s.giveUp()
	}
	s.closeBacklog() // before: if somebody ends the goroutine there, another goes on
	ended = true
	s.attempt(func() { // twice: whoever keeps the shard keeps no memory of its bursts
		s.owner.core.Age()
		s.owner.core.Age()
	})
	s.tally.open.Store(0) // windows of which nobody is left
	s.pulse.promise.Store(unpromised)
	s.bell.Close()
	close(s.done)
}

func (s *Shard) loop() {
	if n := s.owner.panics; n > 0 {
		time.Sleep(ownPause(n))
	}
	s.deliver() // what a predecessor left
	for s.look() {
		s.owner.panics, s.owner.condemned = 0, 0
		s.rest()
	}
}

// look takes what was submitted, closes the windows that are due and tells
// their contenders. It reports false when there is nothing left to do ever.
//
// The order of the first lines is the contract's: a window is due by a time
// read before the snapshot, so it cannot close early; operations found below
// the snapshot are stamped with a time read after it, so none is dated before
// its submission; and the mail is taken between the snapshot and the drain.
func (s *Shard) look() bool {
	s.beginWatching()
	closed, aborted := s.ring.Closed(), s.aborted.Load()
	s.owner.looked = readClock(s.config.Now)
	tail := s.ring.Tail()
	s.owner.found = readClock(s.config.Now)
	s.beginLook()
	before := s.ring.Drained()
	s.relieve(int(tail - before))

	s.takeMail()
	s.owner.whole = s.ring.DrainRuns(tail, s.owner.take)
	s.owner.drained = int(s.ring.Drained() - before)
	s.owner.pace.found(s.owner.looked, s.owner.drained)
	s.advance(closed, aborted)
	s.owner.age()
	s.endWatching()
	s.measureCycle()
	s.tally.publish(s.owner.core, s.ring.Drained())
	s.strict.Store(s.owner.core.Strict())
	s.takeBacklog()
	s.room.Admit(s.ring.Cap() - s.ring.Len())
	return !(closed && s.owner.whole && s.owner.core.Staged() == 0)
}

// relieve is told how much a look has to do.
func (s *Shard) relieve(operations int) {
	if operations >= longLook {
		s.bell.Relieve()
	}
}

// advance moves the core on, to the time of this look if all that was submitted
// before it is there.
func (s *Shard) advance(closed, aborted bool) {
	o := &s.owner
	if closed && !o.core.closing {
		o.note(codeClose)
		o.core.Close()
	}
	if !o.whole {
		return
	}
	if len(o.clearings) > 0 {
		s.clear()
	}
	if o.journal != nil {
		o.journal.at(codeAdvance, o.looked)
	}
	o.core.Advance(o.looked)
	s.pulse.late(o.looked, o.core.Late())
	if aborted {
		o.note(codeAbandon)
		o.core.Abandon()
	}
	s.deliver()
	if len(o.cleared)+len(o.views) > 0 {
		s.answer()
	}
	if closed && !o.stuck && o.core.OnlyOverdue() {
		o.stuck = true
		close(s.waiting)
	}
	if o.journal != nil {
		o.journal.flush(o.looked, o.core.Staged() == 0)
	}
}

// age lets the core give memory back.
func (o *owner) age() {
	if o.looked-o.aged >= ageEvery {
		o.aged = o.looked
		o.core.Age()
	}
}

// note writes down that something without arguments happened.
func (o *owner) note(c journalCode) {
	if o.journal != nil {
		o.journal.code(c)
	}
}

// rest sleeps until there is something to do.
func (s *Shard) rest() {
	s.waits.Store(s.owner.core.Overdue())
	switch {
	case s.inbox.full.Load():
		// Mail, perhaps from before waits could be seen.
	case s.owner.whole && s.ring.Len() >= max(1, s.ring.Cap()/4):
		// A batch is waiting already.
	case s.owner.drained >= floodOps || s.room.Waiting() > 0 || s.owner.pace.busy() && s.prompt():
		// Awake to submitters: they neither stamp nor ring.
		s.sleepUntil(s.owner.looked + lookEvery)
	default:
		s.restUntilDue()
	}
}

// prompt reports whether operations want to be looked at as soon as they come.
func (s *Shard) prompt() bool { return s.owner.pace.prompt || s.strict.Load() }

// restUntilDue sleeps until the next deadline, or until a submission that
// cannot wait for it.
func (s *Shard) restUntilDue() {
	due, timed := s.owner.core.Next()
	before := int64(ring.Anything)
	if timed {
		if s.owner.pace.busy() {
			due = s.owner.together(due)
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
	if s.owner.core.Surplus() { // it is given back in time
		if age := s.owner.looked + ageEvery; !timed || age < due {
			due, timed = age, true
		}
	}
	if timed {
		s.sleepUntil(due)
	} else {
		s.pulse.rests(s.owner.looked, unpromised)
		s.bell.Wait()
	}
}

// together returns when a busy owner wakes for deadlines of which the first is due: once
// for as many as its next look may be late for, right behind the last of them. So it
// wakes behind the windows that a burst has opened.
func (o *owner) together(due int64) int64 {
	return o.core.LastWithin(due, max(o.looked+lookEvery, due+lookEvery/2))
}

// sleepUntil sleeps until a time, or until the bell rings.
func (s *Shard) sleepUntil(at int64) {
	now := readClock(s.config.Now)
	if at <= now {
		return
	}
	s.tally.sleeps.Add(1)
	s.pulse.rests(now, at)
	s.bell.WaitFor(time.Duration(at - now))
}
