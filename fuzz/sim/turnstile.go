//go:build explore

package sim

import (
	"cmp"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/petermattis/goid"

	"example.com/contend/ring/interleave"
)

// A Turnstile is an interleave.Scheduler of goroutines in one bubble. Make one
// with New inside of the bubble, put it in force with interleave.Use, start the
// program's goroutines and call Drive.
type Turnstile struct {
	plan plan

	mu       sync.Mutex
	rng      *rand.Rand
	holder   int64           // goroutine that has the token; 0: nobody
	held     *task           // its task
	arrivals []*task         // at their gates since everybody slept
	waiting  []*task         // at their gates, in order
	tasks    map[int64]*task // by goroutine
	names    int
	now      time.Time     // of the bubble; it stands still while somebody runs
	pause    time.Duration // for which nobody runs, to be taken next
	open     bool          // everybody may pass: the program is over

	arrived chan struct{} // tells Drive that somebody has come

	most    int    // steps, after which the program runs in circles
	runaway func() // is called then
	report  Report
	trace   *trace
}

// task is a goroutine that has come to a gate.
type task struct {
	id       int64
	name     int // its number in the order of appearance, from 1; 0: not admitted yet
	rank     uint64
	frozen   int  // it does not go on before so many steps were made
	doomed   bool // to be frozen when it comes to write a slot
	pass     chan struct{}
	ready    func() bool // nil: at any time
	deadline time.Time   // zero: none
}

// Report is what a turnstile did.
type Report struct {
	Steps    int           // gates passed
	Switches int           // at which another goroutine went on
	Frozen   int           // goroutines kept from going on for a while
	Holes    int           // of these, in front of a slot that they have claimed, or are about to clear
	Pauses   int           // times for which nobody ran
	Paused   time.Duration // in all
	Late     int           // sleepers woken after their time
	Hash     uint64        // of everything that was drawn: the same for the same order
	Hung     bool          // nobody could go on, for ever
}

// New makes a turnstile for the given seed, which is expected to pass about so
// many gates. If traced, it writes down where goroutines come by.
func New(seed uint64, steps int, traced bool) *Turnstile {
	rng := rand.New(rand.NewPCG(seed, 0x7e11))
	t := &Turnstile{
		rng:     rng,
		tasks:   make(map[int64]*task),
		now:     time.Now(),
		arrived: make(chan struct{}, 1),
	}
	t.plan.draw(rng, steps)
	if traced {
		t.trace = new(trace)
	}
	return t
}

// Report returns what the turnstile has done so far.
func (t *Turnstile) Report() Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.report
}

// Calm keeps the turnstile from freezing and pausing from now on.
func (t *Turnstile) Calm() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.plan.calm = true
	for _, w := range t.waiting {
		w.frozen = 0
	}
}

// Runaway has a function called if the program passes so many gates: then it runs
// in circles. The function must not return.
func (t *Turnstile) Runaway(most int, f func()) { t.most, t.runaway = most, f }

// Yield is a gate of the program's own.
func (t *Turnstile) Yield() { t.Step(interleave.Load, nil) }

// Step is a gate.
func (t *Turnstile) Step(kind interleave.Kind, _ unsafe.Pointer) {
	me := goid.Get()
	t.mu.Lock()
	if t.open {
		t.mu.Unlock()
		return
	}
	if me == t.holder {
		t.trace.add(t.held, kind)
		if !t.disturb(kind) && t.keeps() {
			t.mu.Unlock()
			return
		}
	}
	t.park(me, nil, -1)
}

// Await is a gate that is closed until ready reports true, or a time has passed.
func (t *Turnstile) Await(_ unsafe.Pointer, ready func() bool, d time.Duration) bool {
	me := goid.Get()
	t.mu.Lock()
	if t.open {
		t.mu.Unlock()
		return awaitOpen(ready, d)
	}
	t.park(me, ready, d)
	return ready()
}

// awaitOpen is Await when nobody decides any more: goroutines that have been
// left behind look again and again, until the bubble ends.
func awaitOpen(ready func() bool, d time.Duration) bool {
	for end := time.Now().Add(d); !ready(); {
		if d >= 0 && !time.Now().Before(end) {
			return false
		}
		time.Sleep(time.Millisecond)
	}
	return true
}

// park leaves the caller at its gate. It is called with the lock, and lets go of
// it.
func (t *Turnstile) park(me int64, ready func() bool, d time.Duration) {
	w := t.task(me)
	w.ready, w.deadline = ready, time.Time{}
	if d >= 0 {
		w.deadline = t.now.Add(d)
	}
	if me == t.holder && t.passOn(w) {
		return
	}
	t.arrivals = append(t.arrivals, w)
	t.mu.Unlock()
	select {
	case t.arrived <- struct{}{}:
	default:
	}
	<-w.pass
}

// passOn makes the goroutine that has the token pass it to another one that is
// known to wait. It reports false, with the lock, if Drive is to say who goes on.
func (t *Turnstile) passOn(w *task) bool {
	t.holder, t.held = 0, nil
	if t.pause > 0 || t.rng.IntN(4) == 0 {
		return false
	}
	t.waiting = append(t.waiting, w)
	next := t.next()
	if next == nil {
		t.waiting = t.waiting[:len(t.waiting)-1]
		return false
	}
	t.hand(next)
	<-w.pass
	return true
}

// hand passes the token, and lets go of the lock.
func (t *Turnstile) hand(next *task) {
	t.waiting = slices.DeleteFunc(t.waiting, func(w *task) bool { return w == next })
	t.holder, t.held = next.id, next
	t.report.Switches++
	t.mu.Unlock()
	next.pass <- struct{}{}
}

// admit lines those up who have come since everybody slept: in the order in which
// they were made, not that in which they came, since the runtime may let a
// goroutine go before another at any moment, as for a garbage collection.
func (t *Turnstile) admit() {
	slices.SortFunc(t.arrivals, func(a, b *task) int { return cmp.Compare(a.id, b.id) })
	for _, w := range t.arrivals {
		if w.name == 0 {
			t.names++
			w.name, w.rank = t.names, t.rng.Uint64()|1<<63
		}
	}
	t.waiting = append(t.waiting, t.arrivals...)
	t.arrivals = t.arrivals[:0]
}

// task returns the caller's task. A goroutine's first gate makes it.
func (t *Turnstile) task(id int64) *task {
	w := t.tasks[id]
	if w == nil {
		w = &task{id: id, pass: make(chan struct{}, 1)}
		t.tasks[id] = w
	}
	return w
}

// OneProcessor sets GOMAXPROCS to 1 for the rest of a test: what is woken then
// runs when whoever woke it has come to its next gate, not beside it. Nor is garbage
// collected but in Collect, since a collection lets others go on anywhere.
func OneProcessor(t testing.TB) {
	before, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(-1)
	t.Cleanup(func() {
		runtime.GOMAXPROCS(before)
		debug.SetGCPercent(percent)
	})
}

// collectEvery is how many programs leave their garbage behind before it is collected.
const collectEvery = 32

// Collect collects garbage between two programs, every so often. It takes the number
// of the program.
func Collect(number uint64) {
	if number%collectEvery == 0 {
		runtime.GC()
	}
}

// forever is how long Drive waits for a sign of life.
const forever = 200 * 365 * 24 * time.Hour

// Drive lets the program run until done reports true while nobody can go on. It
// is called by a goroutine of the bubble that passes no gates itself. There
// should be one processor only: see OneProcessor.
func (t *Turnstile) Drive(done func() bool) {
	for {
		synctest.Wait() // whoever had the token sleeps somewhere else, or has ended
		t.mu.Lock()
		t.holder, t.held, t.now = 0, nil, time.Now()
		t.admit()
		if pause := t.pause; pause > 0 {
			t.pause = 0
			t.mu.Unlock()
			time.Sleep(pause)
			continue
		}
		if next := t.next(); next != nil {
			t.hand(next)
			continue
		}
		wake := t.earliest()
		t.mu.Unlock()
		if wake == forever && done() {
			break
		}
		timer := time.NewTimer(wake)
		select {
		case <-t.arrived:
		case <-timer.C:
			if t.report.Hung = wake == forever; t.report.Hung {
				t.release()
				return
			}
		}
		timer.Stop()
	}
	t.release()
}

// earliest returns how long it is until somebody can go on because of the time.
func (t *Turnstile) earliest() time.Duration {
	wake := forever
	for _, w := range t.waiting {
		if !w.deadline.IsZero() {
			wake = min(wake, max(0, w.deadline.Sub(t.now)))
		}
	}
	return wake
}

// release lets everybody go.
func (t *Turnstile) release() {
	t.mu.Lock()
	t.open = true
	waiting := append(t.waiting, t.arrivals...)
	t.waiting, t.arrivals = nil, nil
	t.mu.Unlock()
	for _, w := range waiting {
		w.pass <- struct{}{}
	}
}
