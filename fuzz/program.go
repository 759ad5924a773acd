package fuzz

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/contend/fuzz/model"
)

// Program is a configuration and what is done with it.
type Program struct {
	Rules []RuleSet // of index 1 and on
	Limit int
	Fence uint64
	// Carried: the winner of an earlier core holds target 0.
	Carried bool
	// Abandon ends the program by Abandon, not by waiting for everything.
	Abandon bool
	Steps   []Step
}

// String returns the program as a script.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "limit=%d fence=%d carried=%t abandon=%t\n", p.Limit, p.Fence, p.Carried, p.Abandon)
	for i := range p.Rules {
		fmt.Fprintf(&b, "rules %d: %s\n", i+1, &p.Rules[i])
	}
	for _, s := range p.Steps {
		fmt.Fprintln(&b, s)
	}
	return b.String()
}

// Kind is what a step does.
type Kind uint8

const (
	// Stage stages an operation, now.
	Stage Kind = iota
	// Withdraw takes an operation back.
	Withdraw
	// Advance moves the time forward.
	Advance
	// End tells that a target's winner has ended.
	End
	// Lock sets a lock, or replaces it.
	Lock
	// Unlock ends a lock.
	Unlock
	// Clear clears a target.
	Clear
	// Close lets nobody try again. Nothing is staged afterwards.
	Close
	kinds
)

// Form is how an operation is staged.
type Form uint8

const (
	// Tagged operations have no ticket.
	Tagged Form = iota
	// Ticketed operations have one.
	Ticketed
	// Withdrawable operations have one that allows withdrawal.
	Withdrawable
)

// Step is one instruction of a program.
type Step struct {
	Kind   Kind
	Now    int64 // never goes back
	Decide bool  // afterwards

	Op    model.Op   // Stage; IDs count from 0
	Form  Form       // Stage
	ID    uint64     // Withdraw: of an operation staged as Withdrawable. Unlock: of the lock
	Held  int        // End: which of the targets that are held, modulo their number
	Stale bool       // End: with a token that is not the winner's
	Lock  model.Lock // Lock

	Target uuid.UUID // Clear
}

// String returns the step as a line of a script.
func (s Step) String() string {
	line := time.Duration(s.Now).String() + ": " + s.what()
	if !s.Decide {
		line += ", undecided"
	}
	return line
}

func (s Step) what() string {
	switch s.Kind {
	case Stage:
		return stageString(&s.Op, s.Form)
	case Withdraw:
		return fmt.Sprintf("withdraw %d", s.ID)
	case Advance:
		return "advance"
	case End:
		return fmt.Sprintf("end held=%d stale=%t", s.Held, s.Stale)
	case Lock:
		l := &s.Lock
		return fmt.Sprintf("lock %d target=%d all=%t below=%d expires=%s stay=%t",
			l.ID, l.Target[0], l.All, l.Below, time.Duration(l.Expires), l.Stay)
	case Unlock:
		return fmt.Sprintf("unlock %d", s.ID)
	case Clear:
		return fmt.Sprintf("clear %d", s.Target[0])
	case Close:
		return "close"
	}
	return fmt.Sprintf("kind %d", s.Kind)
}

func stageString(op *model.Op, form Form) string {
	line := fmt.Sprintf("stage %d target=%d prio=%d window=%s rules=%d",
		op.ID, op.Target[0], op.Priority, time.Duration(op.Window), op.Rules)
	if op.At >= 0 {
		line += fmt.Sprintf(" at=%s", time.Duration(op.At))
	}
	if form == Tagged {
		return line
	}
	line += []string{"", " ticket", " withdrawable"}[form]
	if op.Deadline != 0 {
		line += fmt.Sprintf(" deadline=%d", op.Deadline)
	}
	if r := op.Retry; r != nil {
		line += fmt.Sprintf(" retry{limit=%d backoff=%s max=%s step=%d}", r.Limit, r.Backoff, r.MaxBackoff, r.Step)
	}
	if op.Fold != 0 {
		line += fmt.Sprintf(" fold=%d", op.Fold)
	}
	return line
}
