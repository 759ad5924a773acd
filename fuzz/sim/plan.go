//go:build explore

package sim

import (
	"math/rand/v2"
	"time"

	"example.com/contend/ring/interleave"
)

// plan is how a seed treats its program.
type plan struct {
	ranked  bool  // the highest rank goes on, which changes at some steps
	stay    int   // else: the token is kept at so many gates of 64
	changes []int // steps at which the rank of who has the token falls
	freezes []int // steps at which who has the token is kept from going on
	pauses  []int // steps at which nobody runs for a while
	calm    bool
	fallen  uint64 // ranks given to who fell
}

// lengths of pauses: from what a scheduler does to a suspended machine.
var lengths = [...]time.Duration{
	time.Microsecond, 100 * time.Microsecond, time.Millisecond, 10 * time.Millisecond,
	99 * time.Millisecond, 101 * time.Millisecond, time.Second, 5 * time.Second,
}

// draw draws a plan for about so many steps.
func (p *plan) draw(rng *rand.Rand, steps int) {
	p.ranked = rng.IntN(3) == 0
	p.stay = [...]int{0, 32, 48, 60, 63}[rng.IntN(5)]
	some := func(most int) (at []int) {
		for range rng.IntN(most + 1) {
			at = append(at, rng.IntN(max(1, steps)))
		}
		return at
	}
	p.changes = some(8)
	p.freezes = some(8)
	if rng.IntN(2) == 0 { // else time passes only when all sleep
		p.pauses = some(6)
	}
}

// take reports whether a step is one of those, once.
func take(steps *[]int, step int) bool {
	for i, s := range *steps {
		if s == step {
			(*steps)[i] = -1
			return true
		}
	}
	return false
}

// disturb counts a step of who has the token and does to it what is planned. It
// reports whether it must not go on now. With the lock.
func (t *Turnstile) disturb(kind interleave.Kind) bool {
	w, step := t.held, t.report.Steps
	if t.report.Steps++; t.report.Steps == t.most {
		t.runaway()
	}
	p := &t.plan
	if take(&p.changes, step) {
		p.fallen++
		w.rank = 1<<62 - p.fallen
	}
	if p.calm {
		return false
	}
	if take(&p.freezes, step) {
		if w.doomed = t.rng.IntN(2) == 0; !w.doomed {
			t.freeze(w)
			return true
		}
	}
	if w.doomed && kind == interleave.Write {
		w.doomed = false
		t.report.Holes++
		t.freeze(w)
		return true
	}
	if take(&p.pauses, step) {
		t.pause = lengths[t.rng.IntN(len(lengths))]
		t.report.Pauses++
		t.report.Paused += t.pause
		return true
	}
	return false
}

// freeze keeps a goroutine from going on for some time.
func (t *Turnstile) freeze(w *task) {
	w.frozen = t.report.Steps + 20<<t.rng.IntN(6)
	t.report.Frozen++
}

// keeps draws whether who has the token keeps it. Sometimes it does not in any
// case, since who has come meanwhile is only known when everybody sleeps.
func (t *Turnstile) keeps() bool {
	if !t.plan.ranked {
		return t.rng.IntN(64) < t.plan.stay
	}
	if t.rng.IntN(16) == 0 {
		return false
	}
	for _, w := range t.waiting {
		if w.rank > t.held.rank && w.frozen <= t.report.Steps && t.canGoOn(w) {
			return false
		}
	}
	return true
}

// next draws who goes on. It returns nil if nobody can. With the lock.
func (t *Turnstile) next() *task {
	var best, thaw *task
	able := 0
	for _, w := range t.waiting {
		if !t.canGoOn(w) {
			continue
		}
		if w.frozen > t.report.Steps {
			if thaw == nil || w.frozen < thaw.frozen {
				thaw = w
			}
			continue
		}
		able++
		if best == nil || t.plan.ranked && w.rank > best.rank || !t.plan.ranked && t.rng.IntN(able) == 0 {
			best = w
		}
	}
	if best == nil && thaw != nil {
		thaw.frozen, best = 0, thaw
	}
	if best != nil {
		t.report.Hash = (t.report.Hash ^ uint64(best.name)) * 0x100000001b3
		if !best.deadline.IsZero() && t.now.After(best.deadline) {
			t.report.Late++
		}
	}
	return best
}

// canGoOn reports whether the gate of a task is open.
func (t *Turnstile) canGoOn(w *task) bool {
	return w.ready == nil || w.ready() || !w.deadline.IsZero() && !t.now.Before(w.deadline)
}
