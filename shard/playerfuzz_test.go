package shard

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// recordedBlock plays random operations against a core with a recorder and
// returns what that wrote.
func recordedBlock(seed uint64, steps int) []byte {
	rng := rand.New(rand.NewPCG(seed, 17))
	r := newRecorder(nil) // nothing is handed over before it is flushed
	config := CoreConfig{
		Rules: []Rules{
			{Policy: LastWins, Early: true, RunnersUp: int(seed % 3)},
			{Policy: EarliestDeadline, Size: 3, Exclusive: true, Decisive: 9, Preempt: true},
			{Order: func(a, b Standing) bool { return a.Priority < b.Priority }, Idle: 3 * time.Millisecond},
			{Choose: func(group []Standing) int { return len(group) - 1 - rng.IntN(2) }}, // nobody, at times
		},
		Limit: int(seed%2) * 8, Fence: seed, Tape: r,
	}
	calm := seed%4 == 2 // then windows are closed in advance
	if calm {
		config.Rules = slices.Repeat([]Rules{{Policy: LastWins}}, 4)
	}
	r.start(&config)
	c := NewCore(config)
	fold := new(Fold)
	now := int64(0)
	for i := range steps {
		now += rng.Int64N(int64(2 * time.Millisecond))
		switch rng.IntN(12) {
		case 0:
			if calm {
				break
			}
			l := Lock{ID: uint64(rng.IntN(2)), Name: "l", Target: target(rng.Uint64N(4)), All: rng.IntN(2) == 0, Below: 4, Expires: now + 1e6}
			r.lock(&l)
			c.Lock(l)
		case 1:
			r.unlock(1)
			c.Unlock(1)
		case 2, 3:
			r.at(codeAdvance, now)
			c.Advance(now)
			for _, h := range c.Holds() {
				r.hold(codeEnded, h)
				c.Ended(h.Target, h.Token)
				break // in no order
			}
			let := func() { // others in, before a decision or while it is told
				if rng.IntN(2) > 0 || !c.CloseFired() {
					return
				}
				r.code(codeCloseFired)
				n := rng.Uint64N(4)
				op := Op{Target: target(n), Hash: uint32(n) << 1, At: unstamped, Terms: NewTerms(1, 0), Tag: uint64(i)}
				r.stage(&op, uint64(i), now)
				op.Begin()
				c.Stage(&op, uint64(i), now)
			}
			let()
			recordRound(r, c, let)
		default:
			op := recordedOp(rng, fold)
			if calm {
				op.Ticket = nil
			}
			r.stage(&op, uint64(i), now)
			op.Begin()
			c.Stage(&op, uint64(i), now)
		}
	}
	if seed%3 == 0 {
		r.code(codeClose)
		c.Close()
		r.code(codeAbandon)
		c.Abandon()
	} else {
		r.at(codeAdvance, now+1e9)
		c.Advance(now + 1e9)
	}
	recordRound(r, c, func() {})
	return r.block
}

// recordRound decides as an owner does, round by round; between is called while the
// decisions of one are told.
func recordRound(r *recorder, c *Core, between func()) {
	for empty := false; !empty; {
		r.begin()
		batch := c.Decide()
		r.end(c, batch)
		empty = len(batch)+len(c.Dismissed())+len(c.Preempted()) == 0
		if c.calm && !empty {
			between()
		}
		c.Release()
	}
}

func recordedOp(rng *rand.Rand, fold *Fold) Op {
	n := rng.Uint64N(4)
	op := Op{
		Target: target(n), Hash: uint32(n) << 1, At: unstamped, Tag: 7, Priority: int32(rng.IntN(12)),
		Terms: NewTerms(time.Duration(1+rng.IntN(5e6)), uint8(rng.IntN(5))),
	}
	if rng.IntN(3) == 0 {
		return op
	}
	op.Ticket = &Ticket{Name: "n", Withdrawable: rng.IntN(2) == 0, Extra: &Extra{}}
	switch rng.IntN(3) {
	case 0:
		op.Ticket.Extra.Retry = Retry{Limit: 2, Backoff: time.Duration(rng.IntN(2)) * time.Millisecond, Step: 1}
	case 1:
		op.Ticket.Extra.Fold = fold
	}
	op.Ticket.Extra.Deadline = rng.Int64N(3)
	return op
}

// FuzzPlayer plays blocks that nobody recorded, or recorded ones that were
// damaged: whatever they hold, Play returns, and what it shows is in proportion
// to them. Journals have a checksum for each block, which accidents do not pass;
// this is what comes through all the same.
func FuzzPlayer(f *testing.F) {
	for seed := range uint64(12) {
		block := recordedBlock(seed, 6+4*int(seed))
		f.Add(block, uint16(0), byte(0))
		f.Add(block, uint16(len(block)/2), byte(1+seed))
	}
	f.Fuzz(func(t *testing.T, block []byte, at uint16, change byte) {
		if len(block) > 1<<12 {
			return
		}
		block = bytes.Clone(block)
		if len(block) > 0 {
			block[int(at)%len(block)] += change
		}
		events := 0
		p := NewPlayer(1, func(e *Event) {
			events++
			if e.Kind == EventDecided {
				for m := range e.Decision.All() {
					_ = e.Decision.OutcomeOf(m)
				}
			}
		})
		err := p.Play(block)
		require.LessOrEqual(t, events, 2*len(block)+1, "events of a block")
		require.LessOrEqual(t, p.Operations, uint64(len(block)))
		if err != nil {
			require.Equal(t, err, p.Play(block), "it goes on after an error")
		}
	})
}

// What was recorded plays without divergence, to the end.
func TestPlayerPlaysRecorded(t *testing.T) {
	decisions := uint64(0)
	for seed := range uint64(100) {
		p := NewPlayer(0, nil)
		require.NoError(t, p.Play(recordedBlock(seed, 60)), "seed %d", seed)
		decisions += p.Decisions
	}
	require.Greater(t, decisions, uint64(1000))
}

// What no core can be made with, or be told, is no journal, and must not reach
// one.
func TestPlayerRefuses(t *testing.T) {
	start := func(change func(*CoreConfig)) *recorder {
		config := CoreConfig{Rules: []Rules{{Early: true}}}
		change(&config)
		r := newRecorder(nil)
		r.start(&config)
		op := Op{Target: target(1), Terms: NewTerms(1, 1)}
		r.stage(&op, 0, 0)
		r.stage(&op, 1, 0)
		return r
	}
	none := func(*CoreConfig) {}
	for name, r := range map[string]*recorder{
		"RunnersUp":    start(func(c *CoreConfig) { c.Rules[0].RunnersUp = -1 }),
		"Policy":       start(func(c *CoreConfig) { c.Rules[0].Policy = 9 }),
		"of something": start(func(c *CoreConfig) { c.Limit = -1 }),
		"without a window": func() *recorder {
			r := start(none)
			r.stage(&Op{Target: target(2)}, 2, 0)
			return r
		}(),
		"after the end": func() *recorder {
			r := start(none)
			r.code(codeAbandon)
			r.stage(&Op{Target: target(2), Terms: NewTerms(1, 0)}, 2, 0)
			return r
		}(),
	} {
		require.ErrorContains(t, NewPlayer(0, nil).Play(r.block), name)
	}
	require.NoError(t, NewPlayer(0, nil).Play(start(none).block))
}
