package shard

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// Rules say how the contenders of a target are decided. The zero value is the
// plain window: it closes in its time and the highest priority wins. A window
// keeps the rules of the operation that opened it.
type Rules struct {
	// Policy names the winner, unless Order or Choose does.
	Policy Policy
	// Order reports whether a is to win over b. What it says is kept as
	// operations arrive, so that deciding costs nothing; for Verdict.Rank the
	// group is sorted by it. Among those of whom neither
	// is to win over the other, or each is, the first submitted stays ahead.
	Order func(a, b Standing) bool
	// Choose returns which of a whole group wins, as an index; the group is in
	// the order of submission and valid for the call.
	//
	// Order and Choose are called on a shard's goroutine and must not block. If
	// one panics, or chooses nobody, the operations of the group are told Faulted
	// (engine.UndecidedError), and the shard goes on. For decisions that can be
	// repeated they depend on nothing but their arguments.
	Choose func(group []Standing) int

	// Early tells an operation that it lost as soon as another one is ahead of
	// it: within microseconds, or a millisecond or two in a busy shard. Only the leader
	// is kept, so memory is for targets, not operations. Who was told that it
	// lost stays lost, also if the leader withdraws afterwards. An operation that
	// may try again or be folded is not told, but stands behind the others in
	// case that all of them withdraw.
	Early bool
	// RunnersUp is how many of the next best are kept to take a withdrawn
	// leader's place, 0 to 15.
	RunnersUp int

	// Idle closes a window when nothing arrived in it for so long; 0 is off. The
	// window's own length stays the limit.
	Idle time.Duration
	// Size closes a window when so many operations arrived; 0 is off.
	Size int
	// Decisive closes a window when an operation of this priority or a higher
	// one arrives; 0 is off.
	Decisive Priority

	// Exclusive lets no two winners of a target run at the same time: the next
	// window stays open, collecting, until the running winner has ended, and
	// never shorter than its time. With package engine, a winner of Do or Submit
	// has ended when its function has, that of Contend with Win.Finish, one of
	// Stage with Engine.Release; the context of a winner's function carries its
	// fencing token, see engine.FencingToken.
	Exclusive bool
	// Preempt cancels the context of a running winner, with engine.ErrPreempted
	// as the cause, when a Decisive operation arrives. That one waits for its end.
	Preempt bool
}

// Plain reports whether the rules are the zero ones, which cost nothing.
func (r *Rules) Plain() bool {
	return r.Policy == HighestPriority && r.Order == nil && r.Choose == nil &&
		!r.Early && r.RunnersUp == 0 && r.Idle == 0 && r.Size == 0 && r.Decisive == 0 &&
		!r.Exclusive && !r.Preempt
}

// calm reports whether a window by these rules closes in its time whoever comes, all of
// its contenders are told then, and no code of the user's is asked.
func (r *Rules) calm() bool {
	rest := *r
	rest.Policy = HighestPriority
	return rest.Plain()
}

// MaxRunnersUp bounds Rules.RunnersUp: each newcomer is compared with all.
const MaxRunnersUp = 15

// MaxRules is how many different Rules a core can have, the zero ones not
// counted.
const MaxRules = 1<<rulesBits - 1

// A RulesError says which of a Rules' fields cannot be as it is.
type RulesError struct {
	Field string
	Value any
	Want  string // what would do
}

func (e *RulesError) Error() string {
	return fmt.Sprintf("shard: Rules.%s %v: want %s", e.Field, e.Value, e.Want)
}

// Validate returns a *RulesError if the rules cannot be used.
func (r *Rules) Validate() error {
	switch {
	case r.Policy > EarliestDeadline:
		return &RulesError{"Policy", r.Policy, "HighestPriority, FirstWins, LastWins or EarliestDeadline"}
	case r.Order != nil && r.Choose != nil:
		return &RulesError{"Order", "a function", "nil beside Choose, or the other way round"}
	case r.Policy != HighestPriority && (r.Order != nil || r.Choose != nil):
		return &RulesError{"Policy", r.Policy, "the zero value beside Order or Choose, which replace it"}
	case r.Early && r.Choose != nil:
		return &RulesError{"Early", true, "false beside Choose, which needs the whole group; or Order instead of that"}
	case r.RunnersUp < 0 || r.RunnersUp > MaxRunnersUp:
		return &RulesError{"RunnersUp", r.RunnersUp, fmt.Sprintf("0 to %d", MaxRunnersUp)}
	case r.RunnersUp > 0 && !r.Early:
		return &RulesError{"RunnersUp", r.RunnersUp, "0 without Early, which they are an exception from"}
	case r.Idle < 0:
		return &RulesError{"Idle", r.Idle, "a positive duration, or 0 for off"}
	case r.Size < 0:
		return &RulesError{"Size", r.Size, "a positive number, or 0 for off"}
	case r.Preempt && (!r.Exclusive || r.Decisive == 0):
		return &RulesError{"Preempt", true, "Exclusive, whose winner it is about, and Decisive, which says who may"}
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
func (r *Rules) decides(priority int32) bool {
	return r.Decisive != 0 && Priority(priority) >= r.Decisive
}

// Retry lets an operation that lost enter its target's next window by itself.
// It is told nothing of losses that it makes up for so; its outcome counts them
// as Retries. An operation that a lock keeps out does not try again. Once Stop has
// begun no further loss is made up for; who pauses then enters one more window, and
// Stop waits for that.
//
// The longest that such an operation can starve is Limit+1 windows; with a Step
// it wins earlier, as soon as it is aged past what it contends with.
type Retry struct {
	// Limit is how often; 0 is never.
	Limit int
	// Backoff is how long it pauses after its first loss, twice as long after
	// each further one, up to MaxBackoff unless that is 0. Without a pause it is
	// among the first of the next window. While it pauses it is staged, as in a window:
	// Stop waits for the end of the pause, until when one that is withdrawn is held, too.
	Backoff, MaxBackoff time.Duration
	// Step is added to its priority with each loss. It does not help past locks.
	Step Priority
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
type Fold struct {
	number atomic.Uint64 // in journals, 0 until one asks
}

var lastFold atomic.Uint64

// numbered returns the fold's number in the process, so that no journal has to
// hold on to it.
func (f *Fold) numbered() uint64 {
	if f.number.Load() == 0 {
		f.number.CompareAndSwap(0, lastFold.Add(1))
	}
	return f.number.Load()
}
