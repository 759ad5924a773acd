package live

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func lost(target byte, winner uint64, name string, contenders int) engine.Event {
	return engine.Event{
		Kind: engine.EventRejected, Outcome: engine.Lost, Target: uuid.UUID{target}, Name: name, Priority: 2,
		Winner: engine.Winner{ID: engine.OpID{Sequence: winner}, Name: "winner", Priority: 8}, Contenders: contenders,
	}
}

// One conflict is told once, with the first of its losers named and all counted.
func TestConflictsAreGathered(t *testing.T) {
	again := lost(1, 1, "again", 3)
	again.Kind = engine.EventRetried
	told := latest([]engine.Event{
		lost(1, 1, "a", 3), lost(2, 2, "b", 6), lost(2, 2, "c", 6), again,
		lost(2, 2, "d", 6), lost(2, 2, "e", 6), lost(2, 2, "f", 6), lost(3, 3, "g", 2), lost(3, 4, "h", 2),
	}, 3)
	require.Len(t, told, 3)
	require.Equal(t, uuid.UUID{3}, told[0].Target, "the latest first")
	require.Equal(t, "h", told[0].Losers[0].Name)
	require.Equal(t, "g", told[1].Losers[0].Name, "another window of the same target")
	require.Equal(t, uuid.UUID{2}, told[2].Target)
	require.Len(t, told[2].Losers, losersNamed)
	require.Equal(t, 2, told[2].More, "of five losers three are named")

	told = latest([]engine.Event{lost(1, 1, "a", 3), again}, 3)
	require.Len(t, told, 1)
	require.Equal(t, []operation{{Name: "a", Priority: 2}, {Name: "again", Priority: 2, Again: true}}, told[0].Losers)
	require.Zero(t, told[0].More)
	require.Equal(t, &operation{Name: "winner", Priority: 8}, told[0].Winner)
}

// Those that nobody beat are told apart.
func TestKeptOut(t *testing.T) {
	masked := engine.Event{Kind: engine.EventRejected, Outcome: engine.Masked, Lock: "maintenance", Name: "a"}
	displaced := engine.Event{Kind: engine.EventRejected, Outcome: engine.Displaced, Name: "b"}
	told := latest([]engine.Event{masked, masked, displaced, displaced, displaced, displaced, displaced}, 9)
	require.Len(t, told, 2)
	require.Nil(t, told[0].Winner)
	require.Len(t, told[0].Losers, 3)
	require.Equal(t, 2, told[0].More)
	require.Equal(t, "maintenance", told[1].Lock)
	require.Nil(t, told[1].Winner)
	require.Zero(t, told[1].More)
}

func TestShort(t *testing.T) {
	require.Equal(t, "heal", short("heal"))
	for n := nameBytes - 8; n < nameBytes+8; n++ {
		for _, long := range []string{"é", "€", "😀"} {
			s := short(strings.Repeat("x", n) + strings.Repeat(long, 8))
			require.True(t, utf8.ValidString(s))
			require.LessOrEqual(t, len(s), nameBytes+len("…"))
		}
	}
}

// The more lose, the shorter conflicts are watched, so that the buffer holds them.
func TestWatching(t *testing.T) {
	p := newPage(nil, &Options{Every: time.Second}, nil)
	at := func(staged int, losing float64) time.Duration {
		u := &update{Staged: staged}
		if losing >= 0 {
			u.Rates = &rates{Rejected: losing / 2, Retried: losing / 2}
		}
		return p.watching(u)
	}
	require.Equal(t, time.Second, at(0, -1))
	require.Equal(t, leastWatching, at(30_000, -1), "not known yet")
	require.Equal(t, time.Second, at(30_000, 10))
	for _, losing := range []float64{300, 5000, 200_000} {
		require.InDelta(t, watchBuffer/4, losing*at(0, losing).Seconds(), 1)
	}
	require.Equal(t, leastWatching, at(0, 1e7))
}

// Of many shards those are told that hold most, in their order.
func TestLoads(t *testing.T) {
	staged := make([]int, 40)
	for i := range staged {
		staged[i] = i * 7 % 40
	}
	loads := loadsOf(staged)
	require.Len(t, loads, mostShards)
	for i, l := range loads {
		require.Equal(t, staged[l.Shard], l.Staged)
		require.GreaterOrEqual(t, l.Staged, 40-mostShards)
		require.True(t, i == 0 || loads[i-1].Shard < l.Shard)
	}
	require.Equal(t, []load{{0, 5}, {1, 0}}, loadsOf([]int{5, 0}))
}

func TestDefaults(t *testing.T) {
	require.Equal(t, Options{"contend", time.Second, 8, 5 * time.Second, 20, 10}, Options{Pages: -1}.withDefaults())
	require.Equal(t, leastEvery, Options{Every: 1}.withDefaults().Every)
}
