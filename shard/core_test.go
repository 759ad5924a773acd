package shard

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"example.com/contend/ring"
	"github.com/stretchr/testify/require"
)

// R10: once a batch is released, nothing of the core leads to its operations.
func TestReleaseLetsGoOfTickets(t *testing.T) {
	core := NewCore(CoreConfig{})
	refs := stageTickets(t, core, 3000)
	runtime.GC()
	for i, ref := range refs {
		require.NotNil(t, ref.Value(), "ticket %d is staged", i)
	}
	decided := 0
	core.Advance(int64(Tick))
	for batch := core.Decide(); len(batch) > 0; batch = core.Decide() {
		for i := range batch {
			decided += batch[i].Contenders
		}
		core.Release()
	}
	require.Equal(t, len(refs)-int(core.Withdrawn()), decided)
	require.NotZero(t, core.Withdrawn())
	require.Zero(t, core.Staged())
	require.Zero(t, core.Open())

	runtime.GC()
	for i, ref := range refs {
		require.Nil(t, ref.Value(), "ticket %d is reachable", i)
	}
	runtime.KeepAlive(core)
}

// stageTickets stages operations in groups of 1 to 20, some of which lose a
// part of their members to withdrawal, some all.
func stageTickets(t *testing.T, core *Core, n int) (refs []weak.Pointer[Ticket]) {
	for group := uint64(0); len(refs) < n; group++ {
		for member := range group%20 + 1 {
			ticket := &Ticket{Name: fmt.Sprint(group, member), Withdrawable: group%3 > 0}
			op := Op{
				Target: target(group), Ticket: ticket, At: unstamped, Terms: NewTerms(1, 0),
				Priority: int32(member % 7), Hash: uint32(group) << 1,
			}
			require.True(t, op.Begin())
			core.Stage(&op, uint64(len(refs)), 0)
			if group%7 == 1 || member%3 == 0 {
				ticket.Withdraw()
			}
			refs = append(refs, weak.Make(ticket))
		}
	}
	return refs
}

// A withdrawn ticket is the shard's until its window closed; a decided one
// until it was told.
func TestTicketIsInUseUntilTheEnd(t *testing.T) {
	core := NewCore(CoreConfig{})
	withdrawn, lone := &Ticket{Withdrawable: true}, &Ticket{Withdrawable: true}
	for i, ticket := range []*Ticket{withdrawn, lone} {
		op := Op{Target: target(uint64(i)), Ticket: ticket, At: unstamped, Terms: NewTerms(1, 0)}
		require.False(t, ticket.Withdraw(), "not staged yet")
		require.True(t, op.Begin())
		require.False(t, op.Begin())
		core.Stage(&op, 0, 0)
	}
	require.True(t, withdrawn.Withdraw())
	require.False(t, withdrawn.Withdraw())
	require.True(t, withdrawn.InUse())
	require.True(t, lone.InUse())

	core.Advance(int64(Tick))
	require.Len(t, core.Decide(), 1)
	require.False(t, withdrawn.InUse())
	require.True(t, lone.InUse())
	require.False(t, lone.Withdraw(), "decided")
	lone.release() // as telling does
	require.False(t, lone.InUse())
}

// The memory of a burst goes back.
func TestCoreShrinksAfterBurst(t *testing.T) {
	core := NewCore(CoreConfig{})
	for i := range uint64(100_000) {
		hash := tableHashes["spread"](i/5) &^ hashFlags
		op := Op{Target: target(i / 5), At: unstamped, Terms: NewTerms(1, 0), Hash: hash}
		core.Stage(&op, i, 0)
	}
	require.Greater(t, len(core.groups.pages), 30)
	core.Advance(int64(Tick))
	for len(core.Decide()) > 0 {
		core.Release()
	}
	require.True(t, core.Surplus())
	core.Age()
	core.Age()
	require.False(t, core.Surplus())
	require.LessOrEqual(t, len(core.groups.pages), 1)
	require.LessOrEqual(t, len(core.chunks.singles.pages), 1)
	require.LessOrEqual(t, len(core.chunks.rows.pages), 1)
	require.Len(t, core.table.cells, tableMin)
}

// More groups than a batch holds come in several, in order.
func TestDecideInBatches(t *testing.T) {
	const groups = 2*batchSize + 7
	core := NewCore(CoreConfig{Shard: 3})
	for i := range uint64(groups) {
		op := Op{Target: target(i), Tag: i, At: unstamped, Terms: NewTerms(1, 0), Hash: uint32(i) << 1}
		core.Stage(&op, 0, 0)
	}
	core.Advance(int64(Tick))
	next := uint64(0)
	for batch := core.Decide(); len(batch) > 0; batch = core.Decide() {
		require.LessOrEqual(t, len(batch), batchSize)
		for _, d := range batch {
			require.Equal(t, target(next), d.Target)
			require.Equal(t, next, d.Winner.ID)
			next++
			require.Equal(t, next, d.Number)
			require.EqualValues(t, 3, d.Shard)
			require.False(t, d.Conflict())
		}
		core.Release()
	}
	require.EqualValues(t, groups, next)
}

// R17: the same calls give the same decisions, whatever addresses, maps or
// goroutines had to do with it.
func TestCoreIsDeterministic(t *testing.T) {
	for seed := range uint64(20) {
		first := randomTranscript(seed, false)
		require.Equal(t, first, randomTranscript(seed, false), "seed %d", seed)
		require.NotEmpty(t, first)
	}
}

// Operations that are staged together are decided as one by one.
func TestStageAll(t *testing.T) {
	for seed := range uint64(20) {
		require.Equal(t, randomTranscript(seed, false), randomTranscript(seed, true), "seed %d", seed)
	}
	core, ops := NewCore(CoreConfig{}), make([]Op, 2*ring.MaxRun+5)
	for i := range ops {
		ops[i] = Op{Target: target(1), Ticket: &Ticket{}, At: unstamped, Terms: NewTerms(1, 0)}
	}
	core.StageAll(ops, 7, 0)
	core.Advance(int64(Tick))
	next := uint64(7)
	for member := range core.Decide()[0].All() {
		require.Equal(t, next, member.ID, "the sequence")
		next++
	}
	require.EqualValues(t, 7+len(ops), next)
}

// randomTranscript runs a seeded random input through a core of its own, all that comes
// between two times together, or one by one.
func randomTranscript(seed uint64, together bool) string {
	rng := rand.New(rand.NewPCG(seed, 5))
	s := &script{core: NewCore(CoreConfig{})}
	var out strings.Builder
	var tickets []*Ticket
	var ops []Op
	for i, now := uint64(0), int64(0); i < 2000; i++ {
		ticket := &Ticket{Name: fmt.Sprint("op", i), Withdrawable: i%2 == 0}
		group := rng.Uint64N(50)
		op := Op{
			Target: target(group), Ticket: ticket, At: unstamped,
			Terms: NewTerms(time.Duration(1+rng.Int64N(1<<(10+rng.IntN(20)))), 0), Priority: rng.Int32N(5) - 2,
			Hash: uint32(group%7) << 1,
		}
		op.Begin()
		if ops = append(ops, op); !together {
			s.core.Stage(&op, i, now)
		}
		tickets = append(tickets, ticket)
		tickets[rng.IntN(len(tickets))].Withdraw()
		if rng.IntN(1+int(seed)*10) == 0 {
			if together {
				s.core.StageAll(ops, i+1-uint64(len(ops)), now)
			}
			ops = ops[:0]
			now += rng.Int64N(10 * int64(Tick))
			s.core.Advance(now)
			out.WriteString(s.decide())
		}
	}
	return out.String()
}

func TestPolicyIsATotalOrder(t *testing.T) {
	extremes := []int32{-1 << 31, -1<<31 + 1, -1, 0, 1, 1<<31 - 2, 1<<31 - 1}
	for i, a := range extremes {
		for j, b := range extremes {
			require.Equal(t, i > j, beats(a, b), "%d against %d", a, b)
		}
	}
}
