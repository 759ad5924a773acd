package shard

import "github.com/google/uuid"

// Dismissal is the outcome of an operation that is told by itself, apart from
// any decision: Lost early, Masked, Displaced,
// Cleared or, which should not happen, Faulted, or Stopped since its shard is given up.
type Dismissal struct {
	Outcome Outcome
	Target  uuid.UUID
	Op      Standing
	// Retries is how often the operation had tried again.
	Retries int
	// Leader is who was ahead when it lost early, without ticket.
	Leader     Standing
	LeaderName string
	// Lock is the name of the lock that masked it.
	Lock string
	// Contenders is how many operations had arrived when it lost early, itself
	// included.
	Contenders int
	// Fault is why it is Faulted: the shard panicked when it was staged.
	Fault *Fault
	// Opened is when the window had opened, or At. At is when it was dismissed.
	Opened, At int64
}

// dismiss settles an operation that is not staged any more and lets it be told.
// It reports false if the operation was withdrawn: then it is told nothing.
func (c *Core) dismiss(d *Dismissal) bool {
	if !c.settles(d.Op) {
		c.drop(d.Target, d.Op)
		return false
	}
	d.Retries = d.Op.Retries()
	c.dismissed = append(c.dismissed, *d)
	c.noteDismissed()
	return true
}

// isWithdrawn reports whether an operation is withdrawn by now. Unless it is
// settled, it may be later.
func (c *Core) isWithdrawn(s Standing) bool {
	t := s.Ticket
	if t == nil || !t.Withdrawable {
		return false
	}
	if c.tape != nil {
		return c.tape.check(t.isWithdrawn)
	}
	return t.isWithdrawn()
}

// settles confirms that an operation stands. If it does, it cannot be withdrawn
// from here on.
func (c *Core) settles(s Standing) bool {
	t := s.Ticket
	if t == nil || !t.Withdrawable {
		return true
	}
	if c.tape != nil {
		return c.tape.check(t.settle)
	}
	return t.settle()
}

// drop lets go of an operation that was found withdrawn.
func (c *Core) drop(target uuid.UUID, s Standing) {
	c.noteWithdrawn(target, s)
	if x := s.Ticket.Extra; x != nil {
		x.Value = nil // while it is ours
	}
	s.Ticket.release()
	c.withdrawn++
}
