package fuzz

import (
	"fmt"
	"strings"
	"time"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// RuleSet is what both the core's and the model's rules are made of.
type RuleSet struct {
	Policy   model.Policy
	Ordering Ordering
	Choosing Choosing

	Early     bool
	RunnersUp int
	Idle      time.Duration
	Size      int
	Decisive  int32
	Exclusive bool
	Preempt   bool
}

// Ordering is a user's Order.
type Ordering uint8

const (
	// NoOrder is none.
	NoOrder Ordering = iota
	// Honest goes by the priority.
	Honest
	// NonStrict says of equals that each wins over the other.
	NonStrict
	// Cyclic has no best: a third of the operations wins over the next third,
	// and so on.
	Cyclic
	// PanicsAtTimes is honest but does not know what to say of some.
	PanicsAtTimes
)

func (o Ordering) wins(a, b model.Standing) bool {
	switch o {
	case NonStrict:
		return a.Priority >= b.Priority
	case Cyclic:
		return a.ID%3 == (b.ID+1)%3
	case PanicsAtTimes:
		if a.Priority+b.Priority == 8 {
			panic("neither")
		}
	}
	return a.Priority > b.Priority
}

// Choosing is a user's Choose.
type Choosing uint8

const (
	// NoChoice is none.
	NoChoice Choosing = iota
	// ChoosesBest goes by the priority.
	ChoosesBest
	// ChoosesLowest goes by the lowest priority.
	ChoosesLowest
	// ChoosesOrPanics does not like groups of three.
	ChoosesOrPanics
	// ChoosesNobody of groups of two and four.
	ChoosesNobody
)

func (c Choosing) choose(group []model.Standing) int {
	switch n := len(group); {
	case c == ChoosesOrPanics && n == 3:
		panic("a crowd")
	case c == ChoosesNobody && n == 2:
		return -1
	case c == ChoosesNobody && n == 4:
		return n
	}
	best := 0
	for i, s := range group {
		if c == ChoosesLowest && s.Priority < group[best].Priority ||
			c != ChoosesLowest && s.Priority > group[best].Priority {
			best = i
		}
	}
	return best
}

// model returns the model's rules.
func (r *RuleSet) model() model.Rules {
	rules := model.Rules{
		Policy: r.Policy,
		Early:  r.Early, RunnersUp: r.RunnersUp,
		Idle: r.Idle, Size: r.Size, Decisive: r.Decisive,
		Exclusive: r.Exclusive, Preempt: r.Preempt,
	}
	if r.Ordering != NoOrder {
		rules.Order = r.Ordering.wins
	}
	if r.Choosing != NoChoice {
		rules.Choose = r.Choosing.choose
	}
	return rules
}

// shard returns the core's rules. Whenever the user's code is asked, so is the
// given function.
func (r *RuleSet) shard(asked func()) shard.Rules {
	rules := shard.Rules{
		Policy: shard.Policy(r.Policy),
		Early:  r.Early, RunnersUp: r.RunnersUp,
		Idle: r.Idle, Size: r.Size, Decisive: shard.Priority(r.Decisive),
		Exclusive: r.Exclusive, Preempt: r.Preempt,
	}
	if o := r.Ordering; o != NoOrder {
		rules.Order = func(a, b shard.Standing) bool {
			asked()
			return o.wins(plain(a), plain(b))
		}
	}
	if c := r.Choosing; c != NoChoice {
		rules.Choose = func(group []shard.Standing) int {
			asked()
			var standings []model.Standing
			for _, s := range group {
				standings = append(standings, plain(s))
			}
			clear(group) // which is this function's own
			return c.choose(standings)
		}
	}
	return rules
}

func plain(s shard.Standing) model.Standing {
	return model.Standing{ID: s.ID, Priority: s.Priority}
}

// String names what is on.
func (r *RuleSet) String() string {
	on := []string{
		[]string{"highest", "first", "last", "deadline"}[r.Policy],
		[]string{"", "order=honest", "order=nonstrict", "order=cyclic", "order=panics"}[r.Ordering],
		[]string{"", "choose=best", "choose=lowest", "choose=panics", "choose=nobody"}[r.Choosing],
	}
	add := func(is bool, format string, args ...any) {
		if is {
			on = append(on, fmt.Sprintf(format, args...))
		}
	}
	add(r.Early, "early runnersUp=%d", r.RunnersUp)
	add(r.Idle > 0, "idle=%s", r.Idle)
	add(r.Size > 0, "size=%d", r.Size)
	add(r.Decisive != 0, "decisive=%d", r.Decisive)
	add(r.Exclusive, "exclusive")
	add(r.Preempt, "preempt")
	return strings.Join(strings.Fields(strings.Join(on, " ")), " ")
}
