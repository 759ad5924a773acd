package shard

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkRules is BenchmarkCore at 30,000 operations in flight over 10,000
// random targets, under rules of each kind. "plain" is the same code path as
// there.
func BenchmarkRules(b *testing.B) {
	higher := func(a, b Standing) bool { return a.Priority > b.Priority }
	last := func(group []Standing) int { return len(group) - 1 }
	for _, c := range []struct {
		name  string
		rules Rules
		setup func(*Core)
		limit int
		extra *Extra
	}{
		{name: "plain"},
		{name: "policy=last", rules: Rules{Policy: LastWins}},
		{name: "policy=deadline", rules: Rules{Policy: EarliestDeadline}},
		{name: "policy=order", rules: Rules{Order: higher}},
		{name: "policy=choose", rules: Rules{Choose: last}},
		{name: "early", rules: Rules{Early: true}},
		{name: "early/runners=3", rules: Rules{Early: true, RunnersUp: 3}},
		{name: "idle", rules: Rules{Idle: 50 * time.Millisecond}},
		{name: "size=3", rules: Rules{Size: 3}},
		{name: "decisive", rules: Rules{Decisive: 6}},
		{name: "exclusive", rules: Rules{Exclusive: true}},
		{name: "lock/elsewhere", setup: func(c *Core) { c.Lock(Lock{ID: 1, Target: target(1 << 60), Below: 5, Stay: true}) }},
		{name: "lock/all", setup: func(c *Core) { c.Lock(Lock{ID: 1, All: true, Below: -5, Stay: true}) }},
		{name: "displace/below", limit: 1 << 20},
		{name: "displace/full", limit: 10_000},
		{name: "retry", extra: &Extra{Retry: Retry{Limit: 1}}},
		{name: "fold", extra: &Extra{Fold: new(Fold)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			core := NewCore(CoreConfig{Rules: []Rules{c.rules}, Limit: c.limit})
			if c.setup != nil {
				c.setup(core)
			}
			rules := uint8(1)
			if c.rules.Plain() {
				rules = 0
			}
			benchmarkRules(b, core, rules, 10_000, c.extra)
		})
	}
}

// BenchmarkEarly is what early rejection does to memory: the same 30,000
// operations, 300 for each target.
func BenchmarkEarly(b *testing.B) {
	for name, rules := range map[string]Rules{"off": {}, "on": {Early: true}, "runners=3": {Early: true, RunnersUp: 3}} {
		b.Run(name, func(b *testing.B) {
			core := NewCore(CoreConfig{Rules: []Rules{rules}})
			index := uint8(1)
			if rules.Plain() {
				index = 0
			}
			benchmarkRules(b, core, index, 100, nil)
		})
	}
}

func benchmarkRules(b *testing.B, c *Core, rules uint8, targets int, extra *Extra) {
	const window, inFlight = 100 * time.Millisecond, 30_000
	ops := make([]Op, targets)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range ops {
		ops[i] = Op{Target: target(rng.Uint64()), Terms: NewTerms(window, rules), At: unstamped, Hash: rng.Uint32() &^ hashFlags}
	}
	tickets := make([]struct {
		Ticket
		Extra
	}, 0)
	if extra != nil {
		tickets = make([]struct {
			Ticket
			Extra
		}, 8*inFlight) // longer than any is staged
	}
	now, step := int64(0), int64(window)/inFlight
	look := now + int64(time.Millisecond)
	peak := 0
	b.ReportAllocs()
	for i := range b.N {
		op := ops[rng.IntN(targets)]
		op.Priority, op.Tag = int32(i%7), uint64(i)
		if extra != nil {
			t := &tickets[i%len(tickets)]
			t.Extra = *extra
			op.Ticket, t.Ticket.Extra = &t.Ticket, &t.Extra
			op.Begin()
		}
		c.Stage(&op, uint64(i), now)
		if now += step; now >= look {
			look = now + int64(time.Millisecond)
			peak = max(peak, c.Bytes())
			c.Advance(now)
			for batch := c.Decide(); len(batch)+len(c.Dismissed()) > 0; batch = c.Decide() {
				for j := range batch {
					if batch[j].Exclusive() {
						c.Ended(batch[j].Target, batch[j].Token())
					}
				}
				c.Release()
			}
		}
	}
	b.ReportMetric(float64(peak)/float64(targets), "B/target")
	b.ReportMetric(float64(c.Staged()), "staged")
}
