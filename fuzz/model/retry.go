package model

import "math"

// triesAgain reports whether an operation contends again if it loses.
func (m *Model) triesAgain(e *entry) bool {
	return e.Retry != nil && e.retries < e.Retry.Limit && !m.closing
}

// tryAgain ages an operation that lost and lets it enter its target's next
// window, at once or after a pause.
func (m *Model) tryAgain(e *entry) {
	e.retries++
	e.priority = aged(e.priority, e.Retry.Step)
	pause := e.Retry.pause(e.retries)
	if pause == 0 {
		m.again = append(m.again, e)
		return
	}
	m.staged = append(m.staged, e)
	m.turns = append(m.turns, turn{tick: m.tickOf(sum(m.now, pause)), entry: e})
}

// pause returns how long an operation pauses after so many losses: twice as
// long each time, as far as MaxBackoff allows.
func (r *Retry) pause(losses int) int64 {
	pause := int64(r.Backoff)
	for range losses - 1 {
		pause = sum(pause, pause)
	}
	if r.MaxBackoff > 0 {
		pause = min(pause, int64(r.MaxBackoff))
	}
	return pause
}

// aged adds a step to a priority, as far as there is one.
func aged(priority, step int32) int32 {
	return int32(max(math.MinInt32, min(math.MaxInt32, int64(priority)+int64(step))))
}

// resume lets an operation enter whose pause is over.
func (m *Model) resume(e *entry) {
	m.leave(e)
	if e.withdrawn {
		m.drop(nil)
		return
	}
	m.enter(e, m.now)
}
