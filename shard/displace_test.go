package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The heap of a core with a limit is swept, also while the limit is never
// reached: it holds no more than twice what is staged.
func TestRanksStayBounded(t *testing.T) {
	for _, rules := range []Rules{{}, {Early: true}, {Size: 3}, {Early: true, RunnersUp: 5}} {
		core := NewCore(CoreConfig{Limit: 1 << 20, Rules: []Rules{rules}})
		rng := rand.New(rand.NewPCG(1, 8))
		now, most := int64(0), 0
		for i := range uint64(60_000) {
			group := rng.Uint64N(100)
			op := Op{
				Target: target(group), Tag: i, At: unstamped, Terms: NewTerms(100*time.Microsecond, 1),
				Priority: rng.Int32N(5), Hash: uint32(group) << 1,
			}
			core.Stage(&op, 0, now)
			most = max(most, core.Staged())
			require.LessOrEqual(t, len(core.ranks.heap), 2*core.Staged()+minSweep+1, "%d", i)
			require.LessOrEqual(t, cap(core.ranks.heap), 8*max(2*most, minSweep), "%d", i)
			if now += rng.Int64N(int64(Tick) / 50); i%16 == 0 {
				core.Advance(now)
				settle(core)
			}
		}
		require.Less(t, most, 1000)
	}
}

// settle takes out all that is ready and tells nobody. It returns how many were
// to be told.
func settle(c *Core) (told int) {
	for {
		batch := c.Decide()
		if len(batch)+len(c.Dismissed())+len(c.Preempted()) == 0 {
			return told
		}
		told += len(c.Dismissed())
		for i := range batch {
			for range batch[i].All() {
				told++
			}
		}
		c.Release()
	}
}

// Who has to make room is the lowest, among equals the last that entered: held
// against a list that is searched from end to end. Sweeps in between change
// nothing.
func TestMakeRoomAgainstList(t *testing.T) {
	const limit = 50
	type entry struct {
		tag      uint64
		priority int32
	}
	core := NewCore(CoreConfig{Limit: limit})
	rng := rand.New(rand.NewPCG(3, 8))
	var want []entry // in the order of entering
	now, displaced, swept := int64(0), 0, 0
	for i := range uint64(50_000) {
		group := rng.Uint64N(40)
		op := Op{
			Target: target(group), Tag: i, At: unstamped, Terms: NewTerms(time.Duration(1+rng.IntN(9))*Tick, 0),
			Priority: rng.Int32N(20), Hash: uint32(group) << 1,
		}
		var gone []entry
		if newcomer := (entry{i, op.Priority}); len(want) < limit {
			want = append(want, newcomer)
		} else {
			lowest := 0
			for at, e := range want {
				if e.priority <= want[lowest].priority {
					lowest = at
				}
			}
			if op.Priority > want[lowest].priority {
				gone = append(gone, want[lowest])
				want = append(slices.Delete(want, lowest, lowest+1), newcomer)
			} else {
				gone = append(gone, newcomer)
			}
		}
		before := len(core.Dismissed())
		core.Stage(&op, 0, now)
		var got []entry
		for _, d := range core.Dismissed()[before:] {
			require.Equal(t, Displaced, d.Outcome)
			got = append(got, entry{d.Op.ID, d.Op.Priority})
		}
		require.Equal(t, gone, got, "%d", i)
		require.Equal(t, len(want), core.Staged())
		displaced += len(got)

		if rng.IntN(9) == 0 {
			now += int64(Tick)
			core.Advance(now)
			for batch := core.Decide(); len(batch)+len(core.Dismissed()) > 0; batch = core.Decide() {
				for j := range batch {
					for s := range batch[j].All() {
						at := slices.IndexFunc(want, func(e entry) bool { return e.tag == s.ID })
						want = slices.Delete(want, at, at+1)
					}
				}
				ranked := len(core.ranks.heap)
				core.Release()
				if len(core.ranks.heap) < ranked && core.Staged() > 10 {
					swept++
				}
				standing := 0
				for j := range core.ranks.heap {
					if _, ok := core.find(&core.ranks.heap[j]); ok {
						standing++
					}
				}
				require.Equal(t, core.Staged(), standing, "each is ranked once")
			}
		}
	}
	require.Greater(t, displaced, 1000)
	require.Greater(t, swept, 10)
}

// The best of its group makes room: nobody is compared with what is left of it.
func TestDisplacedBest(t *testing.T) {
	rules := Rules{Order: func(a, b Standing) bool {
		if a.Name() == "" || b.Name() == "" {
			panic("with nobody")
		}
		return a.Priority < b.Priority
	}}
	core := NewCore(CoreConfig{Limit: 3, Rules: []Rules{rules}})
	for i, priority := range []int32{1, 5, 6, 7, 8, 9} {
		op := Op{
			Target: target(1), Ticket: &Ticket{Name: fmt.Sprint(i)}, At: unstamped,
			Terms: NewTerms(Tick, 1), Priority: priority,
		}
		core.Stage(&op, uint64(i), 0)
	}
	require.Len(t, core.Dismissed(), 3)
	core.Advance(int64(Tick))
	batch := core.Decide()
	require.Len(t, batch, 1)
	require.NoError(t, batch[0].Fault())
	require.Equal(t, "3", batch[0].WinnerName)
}

// A window of which everybody was displaced is still open when the shard ends,
// but nobody is in it.
func TestEmptyWindowsAreNotCountedAtTheEnd(t *testing.T) {
	withShard(t, Config{Limit: 1, Displace: true}, func(s *Shard, c *crowd) {
		c.stage(s, "low", 1, Op{Terms: NewTerms(time.Hour, 0)})
		c.stage(s, "high", 2, Op{Terms: NewTerms(Tick, 0), Priority: 8})
		time.Sleep(time.Second) // the bubble's
		require.Equal(t, Displaced, c.outcome("low"))
		require.Equal(t, Won, c.outcome("high"))
		require.Equal(t, 1, s.Stats().Open)
		s.Close()
		<-s.Done()
		require.Zero(t, s.Stats().Open)
	})
}

// One that makes room while it pauses before a retry leaves nothing behind that Stop
// would wait for.
func TestDisplacedWhileItPauses(t *testing.T) {
	c := NewCore(CoreConfig{Limit: 3, Rules: []Rules{{Exclusive: true, Size: 2}}})
	held, other := uuid.UUID{1}, uuid.UUID{2}
	sequence := uint64(0)
	stage := func(target uuid.UUID, priority int32, rules uint8, x *Extra, now int64) {
		op := Op{Target: target, Priority: priority, Ticket: &Ticket{Extra: x}, Terms: NewTerms(time.Millisecond, rules), At: now}
		op.Begin()
		c.Stage(&op, sequence, now)
		sequence++
	}
	stage(held, 5, 1, nil, 0)
	stage(held, 1, 1, &Extra{Retry: Retry{Limit: 1, Backoff: time.Hour}}, 0) // loses, and pauses
	c.Advance(int64(time.Second))
	require.Len(t, c.Decide(), 1)
	c.Release()
	require.Equal(t, 1, c.Staged())
	stage(held, 5, 1, nil, int64(2*time.Second)) // waits for the winner
	stage(held, 6, 1, nil, int64(2*time.Second))
	stage(other, 9, 0, nil, int64(2*time.Second)) // displaces the one that pauses
	c.Advance(int64(3 * time.Second))
	for len(c.Decide()) > 0 {
		c.Release()
	}
	c.Release()
	c.Close()
	require.Equal(t, 2, c.Staged())
	require.True(t, c.OnlyOverdue(), "nothing else is staged")
}
