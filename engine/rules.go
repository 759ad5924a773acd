package engine

import (
	"fmt"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// Rules say how the contenders of a target are decided. The zero value is the
// plain window: it closes in its time and the highest priority wins. Rules can
// be combined, but for what New refuses. A window keeps the rules of the
// operation that opened it.
type Rules struct {
	// Policy names the winner, unless Order or Choose does.
	Policy Policy
	// Order reports whether a is to win over b. What it says is kept as
	// operations arrive, so deciding costs nothing. Among those of whom neither
	// is to win over the other, or each is, the first submitted stays ahead.
	Order func(a, b Standing) bool
	// Choose returns which of a whole group wins, as an index; the group is in
	// the order of submission and valid for the call.
	//
	// Order and Choose are called on a shard's goroutine and must not block. If
	// one panics, or chooses nobody, the group gets an UndecidedError each, and
	// the shard goes on.
	Choose func(group []Standing) int

	// Early tells an operation that it lost as soon as another one is ahead of
	// it: within microseconds, or a millisecond in a busy shard. Only the leader
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
	// never shorter than its time. A winner of Do or Submit ends by itself; that
	// of Contend with Win.Finish, one of Stage with Engine.Release. The context
	// of a winner's function carries its fencing token; see [FencingToken].
	Exclusive bool
	// Preempt cancels the context of a running winner, with ErrPreempted as the
	// cause, when a Decisive operation arrives. That one waits for its end.
	Preempt bool
}

// Policy names the winner of a group.
type Policy = shard.Policy

// The policies. With EarliestDeadline, Op.Deadline or else the deadline of the
// submitter's context counts; among equals the highest priority.
const (
	HighestPriority  = shard.HighestPriority
	FirstWins        = shard.FirstWins
	LastWins         = shard.LastWins
	EarliestDeadline = shard.EarliestDeadline
)

// Standing is an operation as a policy or a decision shows it.
type Standing = shard.Standing

// Dismissal is the outcome of an operation that is told by itself; see
// shard.Dismissal.
type Dismissal = shard.Dismissal

// Preemption names a winner that is to make way; see shard.Preemption.
type Preemption = shard.Preemption

// plain reports whether the rules are the zero ones.
func (r *Rules) plain() bool {
	core := r.core()
	return core.Policy == HighestPriority && core.Order == nil && core.Choose == nil &&
		!core.Early && core.RunnersUp == 0 && core.Idle == 0 && core.Size == 0 &&
		core.Decisive == 0 && !core.Exclusive && !core.Preempt
}

// core returns the rules in the shard's words.
func (r *Rules) core() shard.Rules {
	return shard.Rules{
		Policy: r.Policy, Order: r.Order, Choose: r.Choose,
		Early: r.Early, RunnersUp: r.RunnersUp,
		Idle: r.Idle, Size: r.Size, Decisive: int32(r.Decisive),
		Exclusive: r.Exclusive, Preempt: r.Preempt,
	}
}

func (c *Config) validateRules() error {
	check := func(field string, r *Rules) error {
		core := r.core()
		if err := core.Validate(); err != nil {
			return &InvalidError{field, "", err.Error()}
		}
		return nil
	}
	if err := check("Config.Rules", &c.Rules); err != nil {
		return err
	}
	if most := shard.MaxRules - 1; len(c.MoreRules) > most {
		return &InvalidError{"len(Config.MoreRules)", len(c.MoreRules), fmt.Sprintf("at most %d", most)}
	}
	for i := range c.MoreRules {
		if err := check(fmt.Sprintf("Config.MoreRules[%d]", i), &c.MoreRules[i]); err != nil {
			return err
		}
	}
	if len(c.MoreRules) > 0 && c.RulesOf == nil {
		return &InvalidError{"Config.RulesOf", nil, "a function that says which of MoreRules a target has"}
	}
	return nil
}

// rulebook is a Config's rules as shards know them: 0 stands for the zero Rules.
type rulebook struct {
	rules []shard.Rules
	index []uint8 // by what RulesOf returns

	exclusive, preempts, deadlines bool // some rules are or need that
}

func newRulebook(c *Config) (b rulebook) {
	for _, r := range append([]Rules{c.Rules}, c.MoreRules...) {
		if r.plain() {
			b.index = append(b.index, 0)
			continue
		}
		b.rules = append(b.rules, r.core())
		b.exclusive = b.exclusive || r.Exclusive
		b.preempts = b.preempts || r.Preempt
		b.deadlines = b.deadlines || r.Policy == EarliestDeadline || r.Order != nil || r.Choose != nil
		b.index = append(b.index, uint8(len(b.rules)))
	}
	return b
}

// rulesOf returns the index of a target's rules.
func (e *Engine) rulesOf(target uuid.UUID) (uint8, error) {
	n := 0
	if e.config.RulesOf != nil {
		n = e.config.RulesOf(target)
		if n < 0 || n >= len(e.rulebook.index) {
			return 0, &InvalidError{"index from Config.RulesOf", n, fmt.Sprintf("0 for Config.Rules, or 1 to %d for Config.MoreRules", len(e.rulebook.index)-1)}
		}
	}
	return e.rulebook.index[n], nil
}
