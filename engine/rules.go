package engine

import (
	"errors"
	"fmt"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// Rules say how the contenders of a target are decided: by which policy, how
// early, how many winners at a time. The zero value is the plain window. Rules
// can be combined, but for what New refuses.
type Rules = shard.Rules

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

func (c *Config) validateRules() error {
	check := func(field string, r *Rules) error {
		var wrong *shard.RulesError
		if errors.As(r.Validate(), &wrong) {
			return &InvalidError{field + "." + wrong.Field, wrong.Value, wrong.Want}
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
		if r.Plain() {
			b.index = append(b.index, 0)
			continue
		}
		b.rules = append(b.rules, r)
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
			want := "0: Config.MoreRules is empty"
			if more := len(e.rulebook.index) - 1; more > 0 {
				want = fmt.Sprintf("0 for Config.Rules, or 1 to %d for Config.MoreRules", more)
			}
			return 0, &InvalidError{"index from Config.RulesOf", n, want}
		}
	}
	return e.rulebook.index[n], nil
}
