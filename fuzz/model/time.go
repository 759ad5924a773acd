package model

import (
	"cmp"
	"math"
	"slices"
)

// turn is a time at which something has to be done: a window may close, or a
// pause is over.
type turn struct {
	tick   int64
	window *window
	entry  *entry
}

// Advance moves the time forward. What is to be done by then has its turn, in
// the order of the ticks and, where that is the same, in the order in which the
// turns were set.
func (m *Model) Advance(now int64) {
	m.now = max(m.now, now)
	var due, rest []turn
	for _, t := range m.turns {
		if t.tick <= m.now/m.Tick {
			due = append(due, t)
		} else {
			rest = append(rest, t)
		}
	}
	slices.SortStableFunc(due, func(a, b turn) int { return cmp.Compare(a.tick, b.tick) })
	m.turns, m.fired = rest, append(m.fired, due...)
}

// Close lets nobody try again from now on.
func (m *Model) Close() { m.closing = true }

// Abandon closes the model and gives everything that is undecided its turn.
func (m *Model) Abandon() {
	m.closing, m.abandoned = true, true
	m.fired, m.turns = append(m.fired, m.turns...), nil
	for _, w := range m.open {
		if w.waiting {
			m.fired = append(m.fired, turn{window: w})
		}
	}
}

// tickOf returns the number of the first tick not before a time.
func (m *Model) tickOf(at int64) int64 {
	tick := at / m.Tick
	if at%m.Tick != 0 {
		tick++
	}
	return tick
}

// Next returns when the next turn comes, and false if there is none.
func (m *Model) Next() (at int64, ok bool) {
	if len(m.turns) == 0 {
		return 0, false
	}
	first := m.turns[0].tick
	for _, t := range m.turns {
		first = min(first, t.tick)
	}
	return first * m.Tick, true
}

// sum adds times as far as there is time.
func sum(at, length int64) int64 { return at + min(length, math.MaxInt64-at) }
