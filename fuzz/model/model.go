// Package model says in plain code what the engine decides. It is the
// reference that the core, the engine and recorded histories are compared
// with, and is written to be read in one sitting, not to be fast.
//
//   - The first operation for a target opens a window, at the time it was
//     submitted, but not before the last Advance. Its length is that of the
//     first operation; later ones' lengths are ignored.
//   - The window closes at the first tick that is not before its due time.
//   - Everything staged until then contends, except what was withdrawn. The
//     window stays open when its first operation is withdrawn.
//   - The highest priority wins, and among equals the first staged.
//   - The next operation for the target opens the next window.
//
// Nothing here is safe for concurrent use.
package model

import (
	"cmp"
	"math"
	"slices"

	"github.com/google/uuid"
)

// Op is an operation. Its ID is the caller's and unique.
type Op struct {
	ID       uint64
	Target   uuid.UUID
	Priority int32
	At       int64 // nanoseconds; negative: not stamped, submitted when staged
	Window   int64 // nanoseconds, at least 1
}

// Decision is what came of a window that closed with contenders, which are in
// the order of staging, the winner included.
type Decision struct {
	Target              uuid.UUID
	Opened, Due, Closed int64
	Winner              Op
	Contenders          []Op
}

// window is a target's open window.
type window struct {
	target      uuid.UUID
	opened, due int64
	ops         []Op // without those that were withdrawn
}

// Model holds the open windows.
type Model struct {
	tick int64
	now  int64     // of the last Advance
	open []*window // in the order in which they opened
}

// New makes a model whose windows close at multiples of tick.
func New(tick int64) *Model { return &Model{tick: tick} }

// Stage adds an operation that was submitted at its own time or, if it is not
// stamped, now.
func (m *Model) Stage(op Op, now int64) {
	w := m.windowOf(op.Target)
	if w == nil {
		opened := op.At
		if opened < 0 {
			opened = now
		}
		opened = max(opened, m.now)
		due := opened + min(op.Window, math.MaxInt64-opened)
		w = &window{target: op.Target, opened: opened, due: due}
		m.open = append(m.open, w)
	}
	w.ops = append(w.ops, op)
}

func (m *Model) windowOf(target uuid.UUID) *window {
	for _, w := range m.open {
		if w.target == target {
			return w
		}
	}
	return nil
}

// Withdraw takes a staged operation back. It reports false if it is decided,
// withdrawn already or was never staged.
func (m *Model) Withdraw(id uint64) bool {
	for _, w := range m.open {
		for i, op := range w.ops {
			if op.ID == id {
				w.ops = slices.Delete(w.ops, i, i+1)
				return true
			}
		}
	}
	return false
}

// Advance moves the time forward and decides every window that closes by then,
// in the order in which they close, and in the order in which they opened
// where that is the same tick.
func (m *Model) Advance(now int64) (decisions []Decision) {
	m.now = max(m.now, now)
	var closing, staying []*window
	for _, w := range m.open {
		if m.closeTick(w) <= m.now/m.tick {
			closing = append(closing, w)
		} else {
			staying = append(staying, w)
		}
	}
	m.open = staying
	slices.SortStableFunc(closing, func(a, b *window) int {
		return cmp.Compare(m.closeTick(a), m.closeTick(b))
	})
	for _, w := range closing {
		if len(w.ops) > 0 {
			decisions = append(decisions, Decision{
				Target: w.target, Opened: w.opened, Due: w.due, Closed: m.now,
				Winner: Winner(w.ops), Contenders: w.ops,
			})
		}
	}
	return decisions
}

// closeTick returns the number of the first tick not before the window's due
// time.
func (m *Model) closeTick(w *window) int64 {
	tick := w.due / m.tick
	if w.due%m.tick != 0 {
		tick++
	}
	return tick
}

// Next returns when the next window closes, and false if none is open.
func (m *Model) Next() (at int64, ok bool) {
	if len(m.open) == 0 {
		return 0, false
	}
	first := m.closeTick(m.open[0])
	for _, w := range m.open {
		first = min(first, m.closeTick(w))
	}
	return first * m.tick, true
}

// Winner returns the winner among contenders in the order of staging, of which
// there must be one at least.
func Winner(contenders []Op) Op {
	winner := contenders[0]
	for _, op := range contenders[1:] {
		if op.Priority > winner.Priority {
			winner = op
		}
	}
	return winner
}
