//go:build explore

package fuzz

import (
	"errors"

	"github.com/google/uuid"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// simGroup is a decision as the hook saw it.
type simGroup struct {
	target              uuid.UUID
	opened, due, closed int64
	at                  int64 // the hook's time
	winner              *attempt
	members             []*attempt
	abandoned, fault    bool
}

// begin notes that a submission begins.
func (w *simWorld) begin(a *attempt) {
	now := w.engine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	a.begun, a.beganAt, a.life = w.events, now, w.life
}

// accept notes what a submission returned.
func (w *simWorld) accept(a *attempt, err error) {
	now := w.engine.Now()
	if err != nil {
		var overloaded *engine.OverloadedError
		if errors.As(err, &overloaded) && overloaded.Ring {
			w.count(fullRing)
		}
		if errors.Is(err, engine.ErrInvalid) {
			w.violation("operation %d: %v", a.number, err)
		}
		w.refuse(a)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events++
	a.returned, a.accepted, a.acceptedAt = w.events, true, now
}

func (w *simWorld) refuse(refused ...*attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range refused {
		a.refused = true
	}
}

// starts does something that starts the engine.
func (w *simWorld) starts(do func()) {
	w.mu.Lock()
	w.life++
	w.starting++
	w.mu.Unlock()
	do()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life++
	w.starting--
}

// handles returns the operations of this life that have a handle: winners from
// before a Start are left to the Stop that was before it.
func (w *simWorld) handles() (all []*attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.attempts {
		if a.done != nil && a.life == w.life && w.starting == 0 {
			all = append(all, a)
		}
	}
	return all
}

// settled checks that operations have their outcome, if a Stop has ended in time
// and nobody has begun to start the engine meanwhile.
func (w *simWorld) settled(all []*attempt, stopped error) {
	w.mu.Lock()
	life := w.life
	w.mu.Unlock()
	if stopped != nil {
		return
	}
	for _, a := range all {
		if a.life != life {
			return
		}
		select {
		case <-a.done:
		default:
			w.violation("operation %d has no outcome yet, and Stop has returned", a.number)
		}
	}
}

// owe notes that an operation has a handle, which is owed an outcome.
func (w *simWorld) owe(a *attempt, done <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.done = done; a.life != w.life {
		a.life = -1 // it cannot be told which
	}
}

// outcome notes what an operation is told.
func (w *simWorld) outcome(a *attempt, what string) {
	now := w.engine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	a.outcomes = append(a.outcomes, what)
	a.toldAt = now
}

// enter and leave bracket a winner's function, or what a winner of Contend does.
func (w *simWorld) enter(a *attempt) (leave func()) {
	now := w.engine.Now()
	w.mu.Lock()
	w.busy++
	w.turnover++
	w.running[a.op.Target]++
	crowd, execution := w.running[a.op.Target], len(w.executions)
	w.executions = append(w.executions, model.Execution{Attempt: a.number + 1, Start: now})
	w.mu.Unlock()
	if crowd > 1 && w.rulesOf(a.op.Target).Exclusive {
		w.violation("operation %d runs beside another winner of an exclusive target", a.number)
	}
	return func() {
		now := w.engine.Now()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.busy--
		w.turnover++
		w.running[a.op.Target]--
		w.executions[execution].End = now
	}
}

// registered notes that a winner is in the registry.
func (w *simWorld) registered(entry engine.Entry) {
	now := w.engine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.names[entry.Name]
	if a == nil {
		w.violations = append(w.violations, "a registered entry of nobody")
		return
	}
	w.entries[entry.ID] = len(w.registry)
	w.registry = append(w.registry, model.Entry{ID: entry.ID, Attempt: a.number + 1, Registered: now})
	a.registered++
}

// finished notes that a winner leaves the registry, and returns its number.
func (w *simWorld) finished(id uuid.UUID) uint64 {
	now := w.engine.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	e := &w.registry[w.entries[id]]
	e.Finished = now
	return e.Attempt
}

// decided is the engine's hook.
func (w *simWorld) decided(batch []engine.Decision) {
	now := w.engine.Now()
	for i := range batch {
		d := &batch[i]
		g := simGroup{
			target: d.Target, opened: d.Opened, due: d.Due, closed: d.Closed, at: now,
			abandoned: d.Abandoned, fault: d.Fault() != nil,
		}
		w.mu.Lock()
		for s := range d.All() {
			a := w.attemptOf(s)
			g.members = append(g.members, a)
			a.decided++
			outcome := d.OutcomeOf(s)
			if outcome == shard.Won {
				g.winner = a
				a.won++
			}
			if s.Ticket == nil {
				a.outcomes, a.toldAt = append(a.outcomes, outcome.String()), now
			}
		}
		w.groups = append(w.groups, g)
		w.mu.Unlock()
		if g.winner != nil && d.Winner.Ticket == nil && d.Exclusive() {
			w.releaseLater(d.Target, d.Token())
		}
	}
	w.fault(inHook, uint64(batch[0].Shard)<<16^batch[0].Number)
}

// attemptOf finds an operation; with the lock.
func (w *simWorld) attemptOf(s engine.Standing) *attempt {
	if s.Ticket == nil {
		return w.attempts[s.ID]
	}
	return w.names[s.Ticket.Name]
}

// dismissed is the engine's other hook.
func (w *simWorld) dismissed(batch []engine.Dismissal) {
	w.mu.Lock()
	for i := range batch {
		if d := &batch[i]; d.Op.Ticket == nil {
			a := w.attempts[d.Op.ID]
			a.outcomes = append(a.outcomes, d.Outcome.String())
		}
	}
	w.mu.Unlock()
	w.fault(inHook, 1<<30|batch[0].Op.ID)
}
