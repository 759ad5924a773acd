package shard

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Rules say how the contenders of a target are decided. The zero value is the
// plain window: it closes in its time and the highest priority wins. A window
// keeps the rules of the operation that opened it.
type Rules struct {
	// Policy names the winner, unless Order or Choose does.
	Policy Policy
	// Order reports whether a wins over b, who was submitted earlier or later.
	// It is asked once or twice for each operation of a group but the first,
	// and what it says is kept, so the decision itself costs nothing. Among
	// those of whom neither wins over the other, or each does, the first
	// submitted stays ahead.
	Order func(a, b Standing) bool
	// Choose returns which of the whole group wins, as an index; the group is
	// in the order of submission. The slice is its own for the call.
	//
	// Order and Choose are called on the owner goroutine: they must be quick
	// and must not block. They must not depend on anything but their arguments
	// if decisions are to be repeatable. Should they panic, or choose nobody,
	// the group's operations are told Faulted.
	Choose func(group []Standing) int

	// Early tells an operation that it lost as soon as another one of its
	// window is ahead of it. It stays lost, also if the one ahead withdraws
	// afterwards. One that can try again or be folded is not told, but stands
	// behind the others in case that all of them withdraw.
	Early bool
	// RunnersUp is how many of the next best are not told early but kept, at
	// most MaxRunnersUp.
	RunnersUp int

	// Idle closes a window when nothing arrived in it for so long; 0 is off.
	Idle time.Duration
	// Size closes a window when so many operations have arrived; 0 is off.
	Size int
	// Decisive closes a window when an operation of this priority or a higher
	// one arrives; 0 is off.
	Decisive int32

	// Exclusive keeps the next window of a target open until Ended is called
	// for the last one's winner. It collects meanwhile, whatever its Idle, Size
	// and Decisive say.
	Exclusive bool
	// Preempt reports a Decisive newcomer's arrival while a winner is running,
	// so that the winner can be cancelled. The newcomer waits for its end.
	Preempt bool
}

// MaxRunnersUp bounds Rules.RunnersUp: each newcomer is compared with all.
const MaxRunnersUp = 15

// MaxRules is how many different Rules a core can have, the zero ones not
// counted.
const MaxRules = 1<<rulesBits - 1

// Validate returns what is wrong with the rules, in words.
func (r *Rules) Validate() error {
	switch {
	case r.Policy > EarliestDeadline:
		return fmt.Errorf("Policy %d: want HighestPriority, FirstWins, LastWins or EarliestDeadline", r.Policy)
	case r.Order != nil && r.Choose != nil:
		return errors.New("Order and Choose: want one of them")
	case r.Policy != HighestPriority && (r.Order != nil || r.Choose != nil):
		return fmt.Errorf("Policy %v with Order or Choose, which replace it: want one of them", r.Policy)
	case r.Early && r.Choose != nil:
		return errors.New("Early with Choose, which needs the whole group: want Order")
	case r.RunnersUp < 0 || r.RunnersUp > MaxRunnersUp:
		return fmt.Errorf("RunnersUp %d: want 0 to %d", r.RunnersUp, MaxRunnersUp)
	case r.RunnersUp > 0 && !r.Early:
		return fmt.Errorf("RunnersUp %d without Early, which they are an exception from", r.RunnersUp)
	case r.Idle < 0:
		return fmt.Errorf("Idle %v: want a positive duration, or 0 for off", r.Idle)
	case r.Size < 0:
		return fmt.Errorf("Size %d: want a positive number, or 0 for off", r.Size)
	case r.Preempt && !r.Exclusive:
		return errors.New("Preempt without Exclusive: there is no winner that a newcomer waits for")
	case r.Preempt && r.Decisive == 0:
		return errors.New("Preempt without Decisive: no newcomer could preempt")
	}
	return nil
}

// urgent reports whether the owner has to look at an operation as soon as it
// arrives: something may have to be told or closed at once.
func (r *Rules) urgent(priority int32) bool {
	return r.Early || r.Size > 0 || r.decides(priority)
}

// prompt reports whether some operation may be urgent.
func (r *Rules) prompt() bool { return r.urgent(math.MaxInt32) }

// decides reports whether an operation closes its window by its priority.
func (r *Rules) decides(priority int32) bool { return r.Decisive != 0 && priority >= r.Decisive }

// Retry lets an operation that lost contend again, in the next window of its
// target. It is not told of losses that are made up for so.
type Retry struct {
	// Limit is how often.
	Limit int
	// Backoff is how long the operation pauses after its first loss; twice as
	// long after each further one, up to MaxBackoff unless that is 0. Without
	// backoff it is among the first of the next window.
	Backoff, MaxBackoff time.Duration
	// Step is added to its priority with each loss, so that it does not lose
	// for ever. An aged operation is no nearer to passing a lock.
	Step int32
}

// after returns the pause after the given number of losses.
func (r *Retry) after(losses int32) int64 {
	pause := int64(r.Backoff)
	for range losses - 1 {
		if pause == 0 || r.MaxBackoff > 0 && pause >= int64(r.MaxBackoff) {
			break
		}
		pause = saturatingAdd(pause, pause)
	}
	if r.MaxBackoff > 0 {
		pause = min(pause, int64(r.MaxBackoff))
	}
	return pause
}

// Fold identifies operations that can be carried out as one.
type Fold struct{ _ byte } // of a size, so that each has an address of its own
