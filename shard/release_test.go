package shard

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"
)

// R10 with rules: after a burst, whatever became of its operations, nothing of
// the core leads to them, and its memory has gone back.
func TestRulesLetGoOfTickets(t *testing.T) {
	for name, config := range map[string]CoreConfig{
		"early":     {Rules: []Rules{{Early: true}}},
		"runners":   {Rules: []Rules{{Early: true, RunnersUp: 5}}},
		"order":     {Rules: []Rules{{Order: orders["higher"]}}},
		"choose":    {Rules: []Rules{{Choose: choices["last"]}}},
		"fault":     {Rules: []Rules{{Order: orders["panics"]}}},
		"nobody":    {Rules: []Rules{{Choose: choices["nobody"], Exclusive: true, Size: 5}}},
		"idle":      {Rules: []Rules{{Idle: Tick}}},
		"size":      {Rules: []Rules{{Size: 3}}},
		"exclusive": {Rules: []Rules{{Exclusive: true, Decisive: 6, Preempt: true}}},
		"limit":     {Limit: 5000},
		"all":       {Limit: 5000, Rules: []Rules{{Early: true, Exclusive: true, Size: 4, Idle: Tick / 2}, {Order: orders["higher"]}}},
	} {
		for _, abandon := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/abandon %t", name, abandon), func(t *testing.T) {
				core := NewCore(config)
				refs := burst(core, 10_000)
				runtime.GC()
				require.NotZero(t, reachable(refs))
				if abandon {
					core.Abandon()
					settle(core)
				}
				exhaust(core)
				require.Zero(t, core.Staged())
				require.Zero(t, core.Open())
				runtime.GC()
				require.Zero(t, reachable(refs))
				requireEmpty(t, core)
				runtime.KeepAlive(core)
			})
		}
	}
}

func reachable(refs []weak.Pointer[Ticket]) (n int) {
	for _, ref := range refs {
		if ref.Value() != nil {
			n++
		}
	}
	return n
}

// burst stages operations of all sorts on a tenth as many targets.
func burst(core *Core, n int) (refs []weak.Pointer[Ticket]) {
	rng := rand.New(rand.NewPCG(1, 6))
	folds := []*Fold{new(Fold), nil}
	core.Lock(Lock{ID: 1, Name: "low", All: true, Below: 1, Expires: int64(3 * Tick)})
	core.Lock(Lock{ID: 2, Name: "one", Target: target(1), Below: 5, Stay: true})
	for i := range uint64(n) {
		ticket := &Ticket{Name: fmt.Sprint(i), Withdrawable: rng.IntN(2) == 0}
		if rng.IntN(2) == 0 {
			ticket.Extra = &Extra{Fold: folds[rng.IntN(2)], Retry: Retry{Limit: rng.IntN(4), Backoff: time.Duration(rng.IntN(3)) * Tick}}
		}
		group := rng.Uint64N(uint64(n / 10))
		op := Op{
			Target: target(group), Ticket: ticket, At: unstamped, Terms: NewTerms(Tick, uint8(rng.IntN(1+len(core.config.Rules)))),
			Priority: rng.Int32N(7), Hash: tableHashes["spread"](group),
		}
		op.Begin()
		core.Stage(&op, i, 0)
		if rng.IntN(5) == 0 {
			ticket.Withdraw()
		}
		refs = append(refs, weak.Make(ticket))
	}
	return refs
}

// exhaust lets time pass until nothing is staged, with winners that end at once.
func exhaust(core *Core) {
	for now := int64(Tick); core.Staged() > 0 || len(core.Dismissed()) > 0; now += int64(Tick) {
		core.Advance(now)
		settle(core)
		for _, h := range core.Holds() {
			core.Ended(h.Target, h.Token)
		}
	}
	for _, h := range core.Holds() {
		core.Ended(h.Target, h.Token)
	}
	core.Unlock(2)
	core.Advance(core.now + int64(time.Hour))
}

// requireEmpty checks that a core keeps little more than a new one.
func requireEmpty(t *testing.T, core *Core) {
	t.Helper()
	core.Age()
	core.Age()
	require.False(t, core.Surplus())
	require.LessOrEqual(t, core.mores.bytes(), int(unsafe.Sizeof([pageItems]more{})))
	require.Empty(t, core.mores.pages)
	require.LessOrEqual(t, core.groups.used+core.groups.spare, 1)
	require.LessOrEqual(t, core.chunks.singles.used+core.chunks.singles.spare, 1)
	require.LessOrEqual(t, core.chunks.rows.used+core.chunks.rows.spare, 1)
	require.Len(t, core.table.cells, tableMin)
	require.LessOrEqual(t, len(core.ranks.heap), minSweep)
	require.LessOrEqual(t, cap(core.ranks.heap), 8*minSweep)
	require.LessOrEqual(t, cap(core.again.entrants), batchSize)
	require.LessOrEqual(t, cap(core.dismissed), fewRefilled)
	require.Zero(t, len(core.holds))
	require.Empty(t, core.Locks())
	require.Empty(t, core.locks.where)
	require.False(t, core.Overdue())
	require.Zero(t, core.wheel.live)
	require.Zero(t, core.wheel.upper)
}

// Who is told early is let go of while its window is open.
func TestEarlyLetsGoAtOnce(t *testing.T) {
	core := NewCore(CoreConfig{Rules: []Rules{{Early: true, RunnersUp: 3}}})
	var refs []weak.Pointer[Ticket]
	for i := range uint64(100) {
		ticket := &Ticket{Name: fmt.Sprint(i)}
		op := Op{Target: target(1), Ticket: ticket, At: unstamped, Terms: NewTerms(Tick, 1), Priority: int32(i * 37 % 100)}
		core.Stage(&op, i, 0)
		refs = append(refs, weak.Make(ticket))
		settle(core)
	}
	require.Equal(t, 4, core.Staged())
	require.Equal(t, 1, core.Open())
	runtime.GC()
	require.Equal(t, 4, reachable(refs))
	runtime.KeepAlive(core)
}

// A large group of which all but one try again at once.
func TestQueueShrinks(t *testing.T) {
	core := NewCore(CoreConfig{})
	for i := range uint64(10_000) {
		ticket := &Ticket{Extra: &Extra{Retry: Retry{Limit: 1}}}
		op := Op{Target: target(1), Ticket: ticket, At: unstamped, Terms: NewTerms(Tick, 0)}
		require.True(t, op.Begin())
		core.Stage(&op, i, 0)
	}
	core.Advance(int64(Tick))
	require.Equal(t, 1, settle(core))
	require.Equal(t, 9_999, core.Staged())
	require.LessOrEqual(t, cap(core.again.entrants), batchSize)
	core.Advance(2 * int64(Tick))
	require.Equal(t, 9_999, settle(core))
	requireEmpty(t, core)
}
