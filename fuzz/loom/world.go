//go:build explore

package loom

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"time"
	"unsafe"

	"example.com/contend/ring/interleave"
)

// Scenario puts fresh state into a world, starts threads with World.Go and
// returns what is to be checked when all of them have ended, nil for nothing.
// It has to be deterministic: nothing but the order of steps differs from one
// execution to the next.
type Scenario func(w *World) (check func())

// World is where a scenario's threads run, one at a time. It is the
// interleave.Scheduler. Its methods are called by the threads and by the
// scenario; there is one world in force at a time per process.
type World struct {
	threads  [maxThreads]thread
	n        int  // threads of this execution
	live     mask // that have not ended
	parked   mask // that sleep in Await
	current  int  // who runs; nobody while the scenario is built and checked
	next     int  // whom the driver resumes
	starting bool // threads run up to their first choice

	strategy strategy
	reduce   bool // words that only one thread touches are no choice
	limit    int  // steps an execution may have

	now     int64
	events  int
	history byte // stands for the order of events
	steps   int  // and sleeps and ends
	choices int  // steps at which the strategy was asked
	taken   []deviation
	failure string
	trace   *[]line // nil unless it is written down

	words words
}

// maxThreads is how many threads a scenario can have.
const maxThreads = 8

// nobody is the thread that there is not.
const nobody = -1

// mask is a set of threads.
type mask uint8

func bit(thread int) mask         { return 1 << thread }
func (m mask) has(t int) bool     { return m&bit(t) != 0 }
func (m mask) first() int         { return bits.TrailingZeros8(uint8(m)) }
func (m mask) several() bool      { return m&(m-1) != 0 }
func (m mask) without(t int) mask { return m &^ bit(t) }

// thread is a coroutine that runs one body after another, an execution each:
// making one costs more than all switches of a small execution.
type thread struct {
	name   string
	body   func()
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool

	// What it does when it goes on.
	kind interleave.Kind
	word int32

	ready    func() bool // while parked
	deadline int64       // while parked

	clock clock
}

// strategy decides who goes on.
type strategy interface {
	begin(w *World)
	// pick returns one of those who are able to go on. If the one that ran stays
	// able, able is not filled in, as finding out takes time.
	pick(w *World, stays bool, able mask) int
}

// deviation is a choice that is not the usual one: to stay, or else the first
// thread that is able.
type deviation struct{ step, thread int }

// Go adds a thread.
func (w *World) Go(name string, body func()) {
	t := &w.threads[w.n]
	t.name, t.body = name, body
	w.n++
}

// Now is the time: nanoseconds that pass when nobody can do anything else, and
// when Pass is called. Reading it is a step.
func (w *World) Now() int64 {
	w.Step(interleave.Load, unsafe.Pointer(&w.now))
	return w.now
}

// Time is Now without a step, for checks.
func (w *World) Time() int64 { return w.now }

// Pass lets time pass although others could go on: they are late.
func (w *World) Pass(d time.Duration) {
	w.Step(interleave.Swap, unsafe.Pointer(&w.now))
	w.now += int64(d)
}

// Event is a step that counts: one that returns less happened before. A call
// whose beginning counts (for it must not come late) begins with it.
func (w *World) Event() int {
	w.Step(interleave.Swap, unsafe.Pointer(&w.history))
	return w.Happened()
}

// Happened counts, too, as part of the step before. It is for the ends of calls,
// that count as early as they can be.
func (w *World) Happened() int {
	w.events++
	return w.events
}

// Until sleeps until something holds.
func (w *World) Until(holds func() bool) {
	w.Await(unsafe.Pointer(&w.history), holds, interleave.Forever)
}

// Sleep sleeps for a time.
func (w *World) Sleep(d time.Duration) {
	w.Await(unsafe.Pointer(&w.now), func() bool { return false }, d)
}

// Current returns the name of the thread that runs, "" if none does.
func (w *World) Current() string {
	if w.current == nobody {
		return ""
	}
	return w.threads[w.current].name
}

// able returns who can go on.
func (w *World) able() mask {
	able := w.live &^ w.parked
	for p := w.parked; p != 0; p &= p - 1 {
		if w.awake(&w.threads[p.first()]) {
			able |= p & -p
		}
	}
	return able
}

// awake reports whether a parked thread can go on.
func (w *World) awake(t *thread) bool { return w.now >= t.deadline || t.ready() }

// decide finds out who goes on after a thread that is about to make a step, or
// has parked, or ended.
func (w *World) decide(me int) {
	stays := me != nobody && w.live.has(me) && (!w.parked.has(me) || w.awake(&w.threads[me]))
	able, usual := mask(0), me
	if !stays {
		for able = w.able(); able == 0; able = w.able() {
			if w.live == 0 {
				w.next = nobody
				return
			}
			if !w.passTime() {
				w.current = nobody // nobody's fault in particular
				w.fail("deadlock, nobody goes on: %s", w.sleepers())
				return
			}
		}
		usual = able.first()
	}
	w.choices++
	w.next = w.strategy.pick(w, stays, able)
	if w.next != usual {
		w.taken = append(w.taken, deviation{w.steps, w.next})
	}
}

// passTime lets time pass up to the next deadline, if there is one.
func (w *World) passTime() bool {
	next := int64(math.MaxInt64)
	for p := w.parked; p != 0; p &= p - 1 {
		next = min(next, w.threads[p.first()].deadline)
	}
	if next == math.MaxInt64 {
		return false
	}
	w.now = next
	return true
}

// sleepers names those who sleep, and where.
func (w *World) sleepers() string {
	var all []string
	for p := w.parked; p != 0; p &= p - 1 {
		t := &w.threads[p.first()]
		all = append(all, fmt.Sprintf("%s sleeps at %s", t.name, w.words.name(t.word)))
	}
	return strings.Join(all, ", ")
}

// count bounds an execution.
func (w *World) count() {
	if w.steps++; w.steps > w.limit {
		w.Failf("livelock: still running after %d steps", w.limit)
	}
}

// pause lets another thread go on if that is whose turn it is.
func (w *World) pause(me int) {
	if w.starting {
		w.threads[me].yield(struct{}{})
		return
	}
	if w.decide(me); w.next != me {
		w.threads[me].yield(struct{}{})
	}
}

// Step is that of interleave.Scheduler.
func (w *World) Step(kind interleave.Kind, at unsafe.Pointer) {
	me := w.current
	if me == nobody {
		return // the scenario is built or checked
	}
	w.count()
	t := &w.threads[me]
	t.kind, t.word = kind, w.words.find(at)
	if !w.reduce || w.words.isShared(t.word) {
		w.pause(me)
	}
	w.access(me)
}

// Await is that of interleave.Scheduler. To sleep costs no preemption, to be
// made to wait though ready does.
func (w *World) Await(at unsafe.Pointer, ready func() bool, d time.Duration) bool {
	me := w.current
	if me == nobody {
		if !ready() {
			panic("loom: would sleep while nobody runs")
		}
		return true
	}
	w.count()
	t := &w.threads[me]
	t.kind, t.word = interleave.Swap, w.words.find(at)
	t.ready, t.deadline = ready, math.MaxInt64
	if d != interleave.Forever {
		t.deadline = w.now + int64(d)
	}
	w.parked |= bit(me)
	w.pause(me)
	w.parked = w.parked.without(me)
	w.access(me)
	return ready()
}

// access makes a step count: for who has to happen before whom, and for which
// words are shared.
func (w *World) access(me int) {
	t := &w.threads[me]
	if w.trace != nil {
		*w.trace = append(*w.trace, line{w.steps, me, t.kind, t.word, w.now})
	}
	if other := w.words.access(me, t.kind, t.word, &t.clock); other != nobody {
		w.Failf("data race: it makes a %s of %s that nothing orders behind that of %s",
			t.kind, w.words.name(t.word), w.threads[other].name)
	}
}
