//go:build explore

package fuzz

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"example.com/contend/engine"
)

// simFault is a kind of trouble that the simulation makes.
type simFault int

const (
	inFunction  simFault = iota // a winner's function fails in some way
	inPolicy                    // Order or Choose does
	inHook                      // Decided or Dismissed
	inContender                 // Contender.Decided
	inRegistry                  // Register or Finish
	inExecutor                  // the executor does not take a winner
	twice                       // the executor calls a function twice
	slow                        // a callback takes its time
	cancelled                   // a context ends
	takenBack                   // somebody takes an operation back
	fullRing                    // a submission found no room
	lifecycle                   // stop, start, restart, lock
	frozen                      // a goroutine is kept from going on
	atSlots                     // likewise, between claim and publish or while it drains
	paused                      // time passes while nobody can run
	lateTimer                   // a sleeper wakes after its time
	reentrant                   // a callback submits
	simFaultKinds
)

var simFaultNames = [simFaultKinds]string{
	"functions", "policies", "hooks", "contenders", "registry", "executors", "run twice", "slow callbacks",
	"contexts ended", "withdrawn", "rings full", "stops, starts, locks", "frozen", "frozen at a slot", "paused", "late timers", "reentry",
}

type simFaults [simFaultKinds]int

func (f *simFaults) total() (n int) {
	for _, count := range f {
		n += count
	}
	return n
}

func (f *simFaults) add(other *simFaults) {
	for kind := range f {
		f[kind] += other[kind]
	}
}

func (f *simFaults) String() string {
	var parts []string
	for kind, n := range f {
		parts = append(parts, fmt.Sprintf("%s %d", simFaultNames[kind], n))
	}
	return strings.Join(parts, ", ")
}

// count counts a fault.
func (w *simWorld) count(f simFault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults[f]++
}

// dice are drawn by code of the user's that runs wherever the engine wants: from
// the seed and what the code is about, so that they do not depend on who comes
// first.
type dice struct{ state uint64 }

func (w *simWorld) dice(where simFault, about uint64) *dice {
	return &dice{w.seed<<40 ^ uint64(where)<<32 ^ about}
}

func (d *dice) draw(n int) int {
	d.state += 0x9e3779b97f4a7c15
	x := (d.state ^ d.state>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) >> 33 % uint64(n))
}

// fault makes a callback fail, be slow or submit, at times.
func (w *simWorld) fault(where simFault, about uint64) {
	d := w.dice(where, about)
	switch d.draw(12) {
	case 0:
		w.count(where)
		misbehave(d.draw(4))
	case 1:
		w.count(slow)
		for range d.draw(30) {
			w.turn.Yield()
		}
	case 2:
		w.count(reentrant)
		w.stage(w.newAttempt(w.rng(1e6+d.state), byTag))
	}
}

// Register is the registry's, which is the world itself.
func (w *simWorld) Register(entry engine.Entry) error {
	d := w.dice(inRegistry, uint64(entry.Op.Shard)<<16^entry.Op.Sequence)
	if d.draw(10) == 0 {
		w.count(inRegistry)
		if d.draw(2) == 0 {
			return errSimulated
		}
		misbehave(d.draw(4))
	}
	w.registered(entry)
	return nil
}

// Finish is the registry's, too.
func (w *simWorld) Finish(id uuid.UUID, _ error) {
	d := w.dice(inRegistry, 1<<24|w.finished(id))
	if d.draw(16) == 0 {
		w.count(inRegistry)
		misbehave(d.draw(4))
	}
}
