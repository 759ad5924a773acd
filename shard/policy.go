package shard

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Policy names the winner of a group.
type Policy uint8

const (
	// HighestPriority wins; among equals the first submitted.
	HighestPriority Policy = iota
	// FirstWins: the first submitted.
	FirstWins
	// LastWins: the last submitted.
	LastWins
	// EarliestDeadline: the one with the earliest Extra.Deadline; among equals
	// the highest priority, then the first submitted.
	EarliestDeadline
)

// String returns the policy's name in words.
func (p Policy) String() string {
	switch p {
	case HighestPriority:
		return "highest priority"
	case FirstWins:
		return "first wins"
	case LastWins:
		return "last wins"
	case EarliestDeadline:
		return "earliest deadline"
	}
	return fmt.Sprintf("policy %d", uint8(p))
}

// beats is the default policy: whether a challenger takes the place of the best
// so far, who was submitted earlier. Higher priority wins; among equals the
// first submitted stays. It compares and never subtracts, so that every int32
// is a valid priority.
func beats(challenger, best int32) bool { return challenger > best }

// beats reports whether a challenger takes the place of the best so far, who
// came earlier. Rules with Choose never do: the winner is picked in the end.
// It is the user's code that is asked if there is an Order; the group whose
// more this is pays if that goes wrong.
func (c *Core) beats(r *Rules, x *more, challenger, best Standing) bool {
	if r.Order != nil {
		return c.order(r, x, challenger, best) && x.fault == nil &&
			!c.order(r, x, best, challenger) && x.fault == nil
	}
	return r.prefers(r.claimOf(challenger), r.claimOf(best))
}

// claim is what a policy goes by.
type claim struct {
	deadline int64 // 0 if that does not count
	priority int32
}

func (r *Rules) claimOf(s Standing) claim {
	c := claim{priority: s.Priority}
	if r.Policy == EarliestDeadline {
		c.deadline = s.latestDeadline()
	}
	return c
}

// prefers is beats where there is no Order.
func (r *Rules) prefers(challenger, best claim) bool {
	switch {
	case r.Choose != nil || r.Policy == FirstWins:
		return false
	case r.Policy == LastWins:
		return true
	case challenger.deadline != best.deadline:
		return challenger.deadline < best.deadline
	}
	return beats(challenger.priority, best.priority)
}

// order asks the user's ordering. If that does not return, the group is at
// fault.
func (c *Core) order(r *Rules, x *more, a, b Standing) (wins bool) {
	if c.tape != nil {
		return c.tape.ask(x, func() int { return asInt(answer(x, r.Order, a, b)) }) == 1
	}
	return answer(x, r.Order, a, b)
}

func asInt(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func answer(x *more, order func(a, b Standing) bool, a, b Standing) (wins bool) {
	returned := false
	defer func() {
		if !returned {
			x.fault = newFault(recover())
		}
	}()
	wins = order(a, b)
	returned = true
	return wins
}

// choose asks the user's choice among a group, likewise.
func (c *Core) choose(r *Rules, x *more, group []Standing) (chosen int) {
	if c.tape != nil {
		chosen = c.tape.ask(x, func() int { return choice(x, r.Choose, group) })
	} else {
		chosen = choice(x, r.Choose, group)
	}
	if x.fault == nil && (chosen < 0 || chosen >= len(group)) {
		x.fault = &Fault{Value: fmt.Errorf("it chose number %d of a group of %d", chosen, len(group))}
	}
	return chosen
}

func choice(x *more, choose func([]Standing) int, group []Standing) (chosen int) {
	returned := false
	defer func() {
		if !returned {
			x.fault = newFault(recover())
		}
	}()
	chosen = choose(group)
	returned = true
	return chosen
}

// Fault is why a group could not be decided: its policy, the user's code,
// panicked, ended its goroutine or chose nobody. Or, which should not happen, the
// shard's own code panicked.
type Fault struct {
	Value any    // what was panicked with
	Stack []byte // of the panic; nil if there was none

	ours bool // the panic was not the policy's but the core's
}

// newFault makes a fault of what recover returned, nil if the goroutine ends.
func newFault(v any) *Fault {
	if v == nil {
		v = errGoexit
	}
	return &Fault{Value: v, Stack: debug.Stack()}
}

func (f *Fault) Error() string {
	if f.ours {
		return fmt.Sprintf("the shard failed: %v", f.Value)
	}
	return fmt.Sprintf("the policy failed: %v", f.Value)
}

// Unwrap returns the value if it is an error.
func (f *Fault) Unwrap() error {
	err, _ := f.Value.(error)
	return err
}

// errGoexit is the value of a fault or incident in which the user's code ended
// the goroutine.
var errGoexit = errors.New("runtime.Goexit")
