//go:build explore

package loom

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"example.com/contend/shard"
)

var ticketConfigurations = []configuration{
	ticketWith(1, shard.Rules{}, false, 3, 6, true),
	ticketWith(2, shard.Rules{}, false, 5, 6, true),
	ticketWith(3, shard.Rules{}, false, 5, 6, true),
	ticketWith(2, shard.Rules{}, true, 5, 6, true),
	ticketWith(3, shard.Rules{}, true, 5, 6, true),
	ticketWith(2, shard.Rules{Early: true, RunnersUp: 1}, false, 5, 6, true),
	ticketWith(3, shard.Rules{Early: true}, true, 5, 6, true),
}

func TestTicket(t *testing.T) { explore(t) }

// ticketWith is a core that decides one window of three operations, the first of
// which are withdrawn meanwhile, each by its own thread. With retries, losers
// enter the next window, as far as they are not withdrawn.
func ticketWith(withdrawn int, rules shard.Rules, retries bool, share, preemptions int, all bool) configuration {
	name := fmt.Sprintf("%d_of_3", withdrawn)
	if !rules.Plain() {
		name += fmt.Sprintf(",early,runners-up=%d", rules.RunnersUp)
	}
	if retries {
		name += ",retries"
	}
	u := &ticketUsers{rules: rules, withdrawers: withdrawn, retries: retries}
	return configuration{name, share, preemptions, all, u.start}
}

// ticketUsers keep their core from one execution to the next: it is empty in
// between.
type ticketUsers struct {
	*World
	rules       shard.Rules
	withdrawers int
	retries     bool

	core    *shard.Core
	began   int64 // when the execution began, in the core's time
	whole   bool  // the last execution has come to its end
	tickets [3]shard.Ticket
	extras  [3]shard.Extra
	result  [3]struct {
		withdrawn bool
		outcomes  []shard.Outcome
	}
	winners []shard.Standing // of the windows, and their members
	groups  [][]shard.Standing
}

// ticketPriority is higher for those who are withdrawn first.
func ticketPriority(i int) int32 { return int32(9 - i) }

func (u *ticketUsers) start(w *World) (check func()) {
	u.World = w
	if u.core == nil || !u.whole {
		u.core, u.began = shard.NewCore(shard.CoreConfig{Rules: []shard.Rules{u.rules}}), 0
	}
	u.whole, u.winners, u.groups = false, nil, nil
	for i := range u.tickets {
		u.tickets[i] = shard.Ticket{Withdrawable: i < u.withdrawers}
		if u.retries {
			u.extras[i] = shard.Extra{Retry: shard.Retry{Limit: 1, Step: -10}}
			u.tickets[i].Extra = &u.extras[i]
		}
		u.result[i].withdrawn, u.result[i].outcomes = false, nil
		w.Name("ticket", &u.tickets[i])
	}
	w.Go("owner", u.own)
	for i := range u.withdrawers {
		w.Go(fmt.Sprint("withdrawer ", i), func() { u.result[i].withdrawn = u.tickets[i].Withdraw() })
	}
	return u.check
}

func (u *ticketUsers) own() {
	for i := range u.tickets {
		rules := uint8(0)
		if !u.rules.Plain() {
			rules = 1
		}
		op := shard.Op{
			Ticket: &u.tickets[i], Priority: ticketPriority(i), At: u.began,
			Terms: shard.NewTerms(time.Millisecond, rules),
		}
		if !op.Begin() {
			u.Failf("ticket %d is in use", i)
		}
		u.core.Stage(&op, uint64(i), u.began)
	}
	for u.core.Staged() > 0 {
		at, ok := u.core.Next()
		if !ok {
			break
		}
		u.core.Advance(at)
		u.began = at + int64(shard.Tick)
		u.decide()
	}
}

func (u *ticketUsers) decide() {
	for {
		batch, dismissed := u.core.Decide(), u.core.Dismissed()
		if len(batch)+len(dismissed) == 0 {
			return
		}
		for i := range dismissed {
			u.tell(dismissed[i].Op, dismissed[i].Outcome)
		}
		for i := range batch {
			d := &batch[i]
			u.winners = append(u.winners, d.Winner)
			u.groups = append(u.groups, slices.Collect(d.All()))
			for m := range d.All() {
				u.tell(m, d.OutcomeOf(m))
			}
		}
		u.core.Release()
	}
}

func (u *ticketUsers) tell(s shard.Standing, o shard.Outcome) {
	r := &u.result[s.ID]
	if r.outcomes = append(r.outcomes, o); r.withdrawn {
		u.Failf("operation %d was withdrawn and is told %v", s.ID, o)
	}
}

// check checks that each operation has one outcome, and that the best has won of
// those who were not withdrawn.
func (u *ticketUsers) check() {
	if u.core.Staged() != 0 {
		u.Failf("%d operations are left", u.core.Staged())
	}
	for i := range u.result {
		r := &u.result[i]
		if r.withdrawn != (len(r.outcomes) == 0) || len(r.outcomes) > 1 {
			u.Failf("operation %d was told %v, withdrawn: %v", i, r.outcomes, r.withdrawn)
		}
	}
	for i, winner := range u.winners {
		for _, m := range u.groups[i] {
			if m.Priority > winner.Priority {
				u.Failf("window %d: %v has won of %v", i, winner, u.groups[i])
			}
		}
	}
	best := slices.IndexFunc(u.result[:], func(r struct {
		withdrawn bool
		outcomes  []shard.Outcome
	}) bool {
		return !r.withdrawn
	})
	if best >= 0 && !u.retries && u.rules.Plain() && u.result[best].outcomes[0] != shard.Won {
		u.Failf("operation %d is the best that stood, and was told %v", best, u.result[best].outcomes)
	}
	u.whole = true
}
