package model

import (
	"slices"

	"github.com/google/uuid"
)

// hold keeps the windows of an exclusive target from being decided: a winner
// runs, or a window was closed early and its decision is pending.
type hold struct {
	target    uuid.UUID
	token     uint64 // of the winner
	pending   bool
	preempted bool // the winner was asked to make way, or will be once it is named
}

// Hold is a target whose winner runs.
type Hold struct {
	Target uuid.UUID
	Token  uint64
}

// Held returns the targets whose winners run.
func (m *Model) Held() (held []Hold) {
	for _, h := range m.holds {
		if !h.pending {
			held = append(held, Hold{h.target, h.token})
		}
	}
	return held
}

func (m *Model) holdOf(target uuid.UUID) *hold {
	for _, h := range m.holds {
		if h.target == target {
			return h
		}
	}
	return nil
}

// Hold keeps a target for a winner that was named by an earlier model.
func (m *Model) Hold(h Hold) { m.hold(h.Target, h.Token) }

// hold keeps the next window of a target waiting for a winner.
func (m *Model) hold(target uuid.UUID, token uint64) {
	h := m.holdOf(target) // if the winner's window was pending
	if h == nil {
		h = &hold{target: target}
		m.holds = append(m.holds, h)
	}
	h.pending, h.token = false, token
	if h.preempted {
		m.preempted = append(m.preempted, Preemption{target, token})
	}
}

// wait keeps a window open until its target is free.
func (w *window) wait() {
	w.waiting = true
	w.notes |= Waited
}

// free ends a hold. The window that waits for it has its turn.
func (m *Model) free(target uuid.UUID) {
	m.holds = slices.DeleteFunc(m.holds, func(h *hold) bool { return h.target == target })
	if w := m.windowOf(target); w != nil && w.waiting {
		w.waiting, w.ready = false, true
		m.fired = append(m.fired, turn{window: w})
	}
}

// Ended tells that the winner with that token has ended. It reports false if
// none such runs.
func (m *Model) Ended(target uuid.UUID, token uint64) bool {
	h := m.holdOf(target)
	if h == nil || h.pending || h.token != token {
		return false
	}
	m.free(target)
	return true
}

// preempt asks the winner of a target to make way for an operation of its next
// window, once.
func (m *Model) preempt(w *window) {
	h := m.holdOf(w.target)
	if h == nil || h.preempted {
		return
	}
	h.preempted = true
	w.notes |= Preempted
	if !h.pending {
		m.preempted = append(m.preempted, Preemption{h.target, h.token})
	}
}
