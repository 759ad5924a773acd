package shard

import (
	"math"
	"sync/atomic"
	"time"
)

// latenessKept is for how long the worst lateness is remembered at least, and half
// as long as it is at most.
const latenessKept = int64(time.Second)

// unpromised is the promise of an owner that waits to be woken.
const unpromised = math.MaxInt64

// pulse is what tells from outside whether the owner is alive: when it promised to
// look again, and how late its last looks were. Each word publishes only itself.
// Written by the owner, read by anyone; nobody decides about operations by them,
// so they are no scheduling points of the explorer's.
type pulse struct {
	promise atomic.Int64 // when it is to look again; the beginning of a look that goes on
	since   atomic.Int64 // beginning of the time that latest is of
	latest  atomic.Int64 // worst lateness in that time
	before  atomic.Int64 // and in the time before, as long

	goroutine atomic.Uint64 // the owner's; see Goroutine

	idle bool // the owner's: it slept for longRest, or without a timer
}

// longRest is from which length on a sleep is reported to be over.
const longRest = int64(time.Second)

func (p *pulse) init() {
	p.promise.Store(unpromised)
	p.idle = true
}

// late takes note of how late a look was.
func (p *pulse) late(now, by int64) {
	if age := now - p.since.Load(); age >= latenessKept {
		before := int64(0)
		if age < 2*latenessKept {
			before = p.latest.Load()
		}
		p.before.Store(before)
		p.latest.Store(0)
		p.since.Store(now)
	}
	if by > p.latest.Load() {
		p.latest.Store(by)
	}
}

// worst returns the worst lateness lately.
func (p *pulse) worst(now int64) int64 {
	switch age := now - p.since.Load(); {
	case age < latenessKept:
		return max(p.latest.Load(), p.before.Load())
	case age < 2*latenessKept:
		return p.latest.Load()
	}
	return 0
}

// rests takes note that the owner is about to sleep until a time.
func (p *pulse) rests(now, until int64) {
	p.promise.Store(until)
	p.idle = until-now >= longRest
}

// beginLook takes note that the owner is awake, and tells whoever watches it if it
// had been idle.
func (s *Shard) beginLook() {
	if promise := s.pulse.promise.Load(); promise < s.owner.looked {
		s.pulse.late(s.owner.looked, s.owner.looked-promise)
	}
	s.pulse.promise.Store(s.owner.looked)
	if s.pulse.idle {
		s.pulse.idle = false
		if s.config.Busy != nil {
			s.config.Busy()
		}
	}
}

// Vitals tell whether a shard is alive.
type Vitals struct {
	// Staged is how many operations were accepted and are not decided.
	Staged int
	// Lateness is by how much windows closed after their time, or looks came after
	// theirs, at worst, in the last one to two seconds. It includes Overdue, and
	// nothing that waits for a winner's end.
	Lateness time.Duration
	// Overdue is for how long the owner should have looked again: it is in one
	// look ever since, in code of the user's perhaps. 0 if it waits in time.
	Overdue time.Duration
	// Wakes is when the owner is to look again, on the shard's clock; Resting means
	// that this is a second ahead or more, or never: if it looks before that, it
	// calls Config.Busy.
	Wakes   int64
	Resting bool
	// Restarts is how often the owner was restarted.
	Restarts uint64
	Failure  error // see Shard.Failure
}

// Vitals returns how the shard is. It is safe for concurrent use and asks nothing
// of the owner.
func (s *Shard) Vitals() Vitals {
	wakes := s.pulse.promise.Load()
	now := s.config.Now() // later than what it is compared with
	overdue := max(0, now-wakes)
	v := Vitals{
		Staged:   s.unsettled(),
		Lateness: time.Duration(max(s.pulse.worst(now), overdue)),
		Overdue:  time.Duration(overdue),
		Wakes:    wakes,
		Restarts: s.tally.restarts.Load(),
		Resting:  wakes-now >= longRest,
	}
	v.Failure = s.Failure()
	return v
}

// Failure returns why the shard was given up, nil if it was not. Safe for concurrent
// use.
func (s *Shard) Failure() error {
	if fault := s.failure.Load(); fault != nil {
		return fault
	}
	return nil
}
