//go:build explore

package loom

import (
	"errors"
	"fmt"
	"iter"
)

// run is one execution.
func (w *World) run(s Scenario) {
	w.n, w.live, w.parked, w.current, w.next = 0, 0, 0, nobody, nobody
	w.now, w.events, w.steps, w.choices = 0, 0, 0, 0
	w.taken, w.failure = w.taken[:0], ""
	w.words.begin()
	w.Name("clock", &w.now)
	w.Name("events", &w.history)
	check := s(w)
	w.live = mask(1<<w.n - 1)
	w.start()
	w.strategy.begin(w)
	if w.failure == "" {
		w.decide(nobody)
	}
	for w.next != nobody && w.failure == "" {
		w.current = w.next
		w.threads[w.current].resume()
	}
	w.current = nobody
	if w.failure != "" {
		w.abandon()
		return
	}
	if check != nil {
		w.guard(check)
	}
}

// start lets every thread go on to its first choice.
func (w *World) start() {
	w.starting = true
	for i := range w.n {
		t := &w.threads[i]
		t.clock = clock{}
		t.clock[i] = 1
		if t.resume == nil {
			t.resume, t.stop = iter.Pull(w.coroutine(i))
		}
		w.current = i
		if t.resume(); w.failure != "" {
			break
		}
	}
	w.starting = false
	w.current = nobody
}

// coroutine runs a thread's bodies.
func (w *World) coroutine(i int) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		t := &w.threads[i]
		t.yield = yield
		for {
			w.guard(t.body)
			w.live = w.live.without(i)
			if !w.starting && w.failure == "" {
				w.steps++
				w.decide(i)
			}
			if !yield(struct{}{}) {
				return
			}
		}
	}
}

// guard makes a panic a failure.
func (w *World) guard(f func()) {
	defer func() {
		if v := recover(); v != nil && v != error(errFailed) {
			w.fail("panic: %v", v)
		}
	}()
	f()
}

// errFailed is what Failf panics with where no thread runs.
var errFailed = errors.New("failed")

// fail writes the first failure down.
func (w *World) fail(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		if w.current != nobody {
			w.failure = w.threads[w.current].name + ": " + w.failure
		}
	}
	w.next = nobody
}

// Failf ends the execution as a failed one. It does not return: whoever calls it
// is left where it is, so that nobody can catch it.
func (w *World) Failf(format string, args ...any) {
	w.fail(format, args...)
	if w.current == nobody {
		panic(errFailed)
	}
	w.threads[w.current].yield(struct{}{})
	panic("loom: an abandoned thread was resumed")
}

// abandon leaves the coroutines of a failed execution where they are. They are
// never resumed: unwinding them would run deferred code under test.
func (w *World) abandon() {
	for i := range w.threads {
		w.threads[i] = thread{}
	}
}

// close ends the coroutines.
func (w *World) close() {
	for i := range w.threads {
		if stop := w.threads[i].stop; stop != nil {
			stop()
		}
	}
}
