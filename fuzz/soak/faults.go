package main

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// dice decides about faults, for all goroutines of an epoch.
type dice struct {
	mu        sync.Mutex
	rng       *rand.Rand
	incidents uint64 // faults that the engine has to count as incidents
	perhaps   uint64 // that it counts unless there is nothing to tell, or somebody is told
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rng.IntN(n)
}

// pause sleeps for less than a duration.
func (d *dice) pause(most time.Duration) { time.Sleep(time.Duration(d.below(max(1, int(most))))) }

var errFault = errors.New("soak: a fault")

// fail returns an error, panics with something or nothing, or ends the goroutine.
func (d *dice) fail() error {
	switch d.below(4) {
	case 0:
		d.perhapsCounted()
		panic(errFault)
	case 1:
		d.perhapsCounted()
		panic(nil)
	case 2:
		runtime.Goexit()
	}
	return errFault
}

// incident fails, once in so many times, in a way that the engine has to survive and
// to count.
func (d *dice) incident(oneIn int) {
	if d.below(oneIn) > 0 {
		return
	}
	d.mu.Lock()
	d.incidents++
	how := d.rng.IntN(3)
	d.mu.Unlock()
	switch how {
	case 0:
		panic(errFault)
	case 1:
		panic(nil)
	}
	runtime.Goexit()
}

// perhapsCounted notes a fault of a policy, which is counted unless nobody is left in
// its group, or of a function, which is counted if Stop has given up on it.
func (d *dice) perhapsCounted() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.perhaps++
}

// uncounted takes back a fault that the engine did not have to survive.
func (d *dice) uncounted() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.incidents--
}

// registry is slow and fails at times. Who could not be registered is in no history.
type registry struct {
	*dice
	record *recorder
	plain  func(uuid.UUID) bool
}

func (r *registry) Register(e engine.Entry) error {
	switch r.below(60) {
	case 0:
		return r.fail()
	case 1:
		r.pause(5 * time.Millisecond)
	}
	if r.plain(e.Target) {
		r.record.registered(&e)
	}
	return nil
}

func (r *registry) Finish(id uuid.UUID, _ error) {
	r.record.finished(id)
	r.incident(60)
}

// rules are those of targets that are not judged, only counted.
func (d *dice) rules() []engine.Rules {
	return []engine.Rules{
		{Early: true, RunnersUp: 2},
		{Exclusive: true},
		{Size: 3, Decisive: engine.Critical},
		{Idle: 2 * time.Millisecond, Policy: engine.LastWins},
		{Exclusive: true, Decisive: engine.Critical, Preempt: true},
		{Choose: func(group []engine.Standing) int {
			switch d.below(60) {
			case 0:
				d.perhapsCounted()
				panic(nil)
			case 1:
				d.perhapsCounted()
				return -1 // nobody
			case 2:
				d.mu.Lock()
				d.incidents++ // this ends the shard's goroutine
				d.mu.Unlock()
				runtime.Goexit()
			}
			return len(group) - 1
		}},
		{Order: func(a, b engine.Standing) bool {
			if d.below(100) == 0 {
				d.perhapsCounted()
				panic(errFault)
			}
			return a.Priority > b.Priority
		}},
	}
}
