package fuzz

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/require"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// match runs a program against the core and the model.
type match struct {
	t       testing.TB
	name    string // of the program
	core    *shard.Core
	model   *model.Model
	ops     []model.Op // by ID
	tickets []*shard.Ticket
	now     int64 // of the last Advance
}

func newMatch(t testing.TB) *match {
	return &match{t: t, core: shard.NewCore(0), model: model.New(int64(shard.Tick))}
}

// run executes the steps and, at the end, closes what can close. It reports
// how many windows were decided.
func (m *match) run(steps []Step) (decided int) {
	defer func() {
		if m.t.Failed() {
			m.t.Log("program of", m.name)
			for _, s := range steps {
				m.t.Log(s)
			}
		}
	}()
	for _, s := range steps {
		switch s.Kind {
		case Stage:
			m.stage(s)
		case Withdraw:
			require.Equal(m.t, m.model.Withdraw(s.ID), m.tickets[s.ID].Withdraw(), s)
		case Advance:
			decided += m.advance(s.Now)
		}
		m.compareNext()
	}
	return decided + m.advance(int64(2*farthest))
}

func (m *match) stage(s Step) {
	op := shard.Op{
		Target: s.Op.Target, Tag: s.Op.ID, At: s.Op.At, Window: s.Op.Window,
		Priority: s.Op.Priority,
		// Few hash values, so that targets meet in the table.
		Hash: uint32(xxhash.Sum64(s.Op.Target[:])) & 0xe,
	}
	if s.Form != Tagged {
		op.Ticket = &shard.Ticket{Withdrawable: s.Form == Withdrawable}
	}
	require.True(m.t, op.Begin())
	m.ops, m.tickets = append(m.ops, s.Op), append(m.tickets, op.Ticket)
	m.core.Stage(&op, s.Op.ID, s.Now)
	m.model.Stage(s.Op, s.Now)
}

// advance compares everything that is decided by now, in order.
func (m *match) advance(now int64) (decided int) {
	m.now = max(m.now, now)
	m.core.Advance(now)
	var got []model.Decision
	for batch := m.core.Decide(); len(batch) > 0; batch = m.core.Decide() {
		for i := range batch {
			got = append(got, m.translate(&batch[i]))
		}
		m.core.Release()
	}
	require.Equal(m.t, m.model.Advance(now), got, "at %d", now)
	return len(got)
}

// translate puts a decision of the core into the model's words.
func (m *match) translate(d *shard.Decision) model.Decision {
	out := model.Decision{
		Target: d.Target, Opened: d.Opened, Due: d.Due, Closed: d.Closed,
		Winner: m.opOf(d.Winner),
	}
	for s := range d.All() {
		out.Contenders = append(out.Contenders, m.opOf(s))
	}
	require.Equal(m.t, d.Contenders, len(out.Contenders))
	return out
}

// opOf returns the operation that stands there, by its ID.
func (m *match) opOf(s shard.Standing) model.Op {
	op := m.ops[s.ID]
	require.Same(m.t, m.tickets[s.ID], s.Ticket)
	require.Equal(m.t, op.Priority, s.Priority)
	return op
}

// compareNext: the core may ask to be woken earlier than it has something to
// decide, but not later and not for the past.
func (m *match) compareNext() {
	want, open := m.model.Next()
	got, ok := m.core.Next()
	require.Equal(m.t, open, ok)
	if ok && want >= 0 { // else it lies beyond the end of time
		require.LessOrEqual(m.t, got, want)
		require.Greater(m.t, got, m.now)
	}
}

func TestCoreAgainstModel(t *testing.T) {
	decided := 0
	for seed := range uint64(2000) {
		rng := rand.New(rand.NewPCG(seed, 0))
		code := make([]byte, 3*rng.IntN(120))
		// Few targets in some programs, so that groups get large.
		targets := byte(1)<<rng.IntN(6) - 1
		for i := range code {
			code[i] = byte(rng.Uint32())
			if i%3 == 1 {
				code[i] &= 0xe0 | targets
			}
		}
		m := newMatch(t)
		m.name = fmt.Sprintf("seed %d", seed)
		decided += m.run(Decode(code))
	}
	require.Greater(t, decided, 20_000, "too little was compared")
}

func FuzzCore(f *testing.F) {
	f.Add([]byte("\x02\x01\x06\x02\x21\x06\x02\x41\x06\x09\x00\x00\xaf\x00\x00"))
	f.Add([]byte("\x00\xa1\x03\x00\xc1\x03\x01\xe2\x00\x6f\x00\x00\x00\x01\xf6"))
	f.Add([]byte("\x00\x01\x0a\x9f\x00\x00\xa0\x02\x06\xcf\x00\x00"))
	f.Add([]byte("\x02\x00\x02\x02\x00\x02\x02\x00\x02\x02\x00\x02\x0a\x02\x00\x6f\x00\x00"))
	f.Fuzz(func(t *testing.T, code []byte) { newMatch(t).run(Decode(code)) })
}

// The decoder itself: every window, gap and form can be reached.
func TestDecodeReachesEverything(t *testing.T) {
	var code []byte
	for i := range 1 << 16 {
		code = append(code, byte(i), byte(i>>4), byte(i>>8))
	}
	kinds, forms, lengths := map[Kind]int{}, map[Form]int{}, map[int64]int{}
	last := int64(0)
	for _, s := range Decode(code) {
		kinds[s.Kind]++
		if s.Kind == Stage {
			forms[s.Form]++
			lengths[s.Op.Window]++
			require.LessOrEqual(t, s.Op.At, s.Now)
		}
		require.GreaterOrEqual(t, s.Now, last)
		last = s.Now
	}
	require.Len(t, kinds, 3)
	require.Len(t, forms, 3)
	require.Contains(t, lengths, int64(math.MaxInt64))
	require.Len(t, lengths, 15, "one of 16 is there twice")
}
