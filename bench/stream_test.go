package bench

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// drawn is what Next hands out.
type drawn struct {
	target   uuid.UUID
	priority int32
	withdraw bool
}

func next(s *Stream) drawn {
	target, priority, withdraw := s.Next()
	return drawn{target, priority, withdraw}
}

// drain draws a stream to its end.
func drain(s *Stream) []drawn {
	all := make([]drawn, 0, s.Left())
	for s.Left() > 0 {
		all = append(all, next(s))
	}
	return all
}

// workloads are one of each kind, of 5,000 operations.
func workloads(t testing.TB) map[string]Workload {
	all := map[string]Workload{
		"threes":  {Skew: Threes, Targets: 70},
		"uniform": {Skew: Uniform, Targets: 70},
		"zipf":    {Skew: Zipf, Targets: 70},
		"hot":     {Skew: Hot},
		"trace":   {Trace: traceOf(t, 5, 6, 5, 7, 8, 9, 5), Repeat: true},
	}
	for name, w := range all {
		w.Operations, w.Withdraw, w.Seed = 5000, 0.3, 11
		all[name] = w
	}
	return all
}

func TestSameSeedSameStream(t *testing.T) {
	for name, w := range workloads(t) {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, drain(w.Stream(0)), drain(w.Stream(0)))
		})
	}
}

func TestOtherSeedOtherStream(t *testing.T) {
	for name, w := range workloads(t) {
		t.Run(name, func(t *testing.T) {
			other := w
			other.Seed++
			a, b := drain(w.Stream(0)), drain(other.Stream(0))
			var targets, priorities, withdraws int
			for i := range a {
				targets += count(a[i].target == b[i].target)
				priorities += count(a[i].priority == b[i].priority)
				withdraws += count(a[i].withdraw == b[i].withdraw)
			}
			if w.Trace == nil {
				assert.Zero(t, targets, "another seed has other targets")
			}
			assert.Less(t, priorities, 2500, "equal by chance: 1/4+2/25+1/200 of them")
			assert.Less(t, withdraws, 3500, "equal by chance: 0.58 of them")
		})
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// The stream of a seed is part of what a report says; this notices when it
// changes.
func TestStreamOfSeedZero(t *testing.T) {
	s := Workload{}.Stream(0)
	var got []string
	for range 4 {
		d := next(s)
		got = append(got, fmt.Sprint(d.target, " ", d.priority))
	}
	assert.Equal(t, []string{
		"94491c33-6fdc-4b3b-a731-551ba58199e8 5",
		"94491c33-6fdc-4b3b-a731-551ba58199e8 5",
		"94491c33-6fdc-4b3b-a731-551ba58199e8 2",
		"cda3e176-f37b-49fb-81cb-e8c49922e9e9 5",
	}, got)
}

func TestProducersShareTheOperations(t *testing.T) {
	for name, w := range workloads(t) {
		for _, producers := range []int{2, 3, 7, 1000} {
			t.Run(fmt.Sprint(name, producers), func(t *testing.T) {
				alone := drain(w.Stream(0))
				w := w
				w.Producers = producers
				together := make([]drawn, len(alone))
				seen := make([]bool, len(alone))
				for p, s := range w.Streams() {
					require.Equal(t, int64(p), s.Index())
					for s.Left() > 0 {
						i := s.Index()
						require.False(t, seen[i], "operation %d twice", i)
						seen[i], together[i] = true, next(s)
					}
				}
				assert.Equal(t, alone, together)
			})
		}
	}
}

func TestStreamIsItsElementOfStreams(t *testing.T) {
	for name, w := range workloads(t) {
		w.Producers = 3
		for p, s := range w.Streams() {
			assert.Equal(t, drain(s), drain(w.Stream(p)), "%s %d", name, p)
		}
	}
}

func TestMixAndWithdrawalsLeaveTheTargets(t *testing.T) {
	for name, w := range workloads(t) {
		other := w
		other.Priorities, other.Withdraw = Mix{High: 1}, 0
		a, b := drain(w.Stream(0)), drain(other.Stream(0))
		for i := range a {
			require.Equal(t, a[i].target, b[i].target, name)
			require.Equal(t, int32(8), b[i].priority)
			require.False(t, b[i].withdraw)
		}
	}
}

func TestPrioritiesFollowTheMix(t *testing.T) {
	const n = 200_000
	w := Workload{Operations: n, Priorities: Mix{Critical: 1, High: 0, Normal: 6, Low: 2, Background: 1}, Seed: 3}
	got := map[int32]float64{}
	for _, d := range drain(w.Stream(0)) {
		got[d.priority] += 1.0 / n
	}
	assert.InDeltaMapValues(t, map[int32]float64{10: 0.1, 5: 0.6, 2: 0.2, 1: 0.1}, got, 0.005)
}

func TestTargetPriorityAndWithdrawalAreIndependent(t *testing.T) {
	const n = 100_000
	w := Workload{Skew: Uniform, Targets: 2, Withdraw: 0.5, Priorities: Mix{High: 1, Low: 1}, Operations: n}
	got := map[drawn]int{}
	for _, d := range drain(w.Stream(0)) {
		got[d]++
	}
	assert.Len(t, got, 8)
	for d, times := range got {
		assert.InDelta(t, n/8, times, 5*math.Sqrt(n/8), "%v", d)
	}
}

func TestWithdrawShare(t *testing.T) {
	const n = 100_000
	for _, share := range []float64{0, 0.01, 0.5, 1} {
		withdrawn := 0
		for _, d := range drain(Workload{Operations: n, Withdraw: share}.Stream(0)) {
			withdrawn += count(d.withdraw)
		}
		switch share {
		case 0, 1:
			assert.Equal(t, share*n, float64(withdrawn))
		default:
			assert.InDelta(t, share*n, withdrawn, 5*math.Sqrt(share*n))
		}
	}
}

func TestTargetsAreDistinctRandomUUIDs(t *testing.T) {
	const n = 100_000
	seen := make(map[uuid.UUID]bool, n)
	for k := range uint64(n) {
		var id uuid.UUID
		setTarget(&id, 99, k)
		require.Equal(t, uuid.Version(4), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
		seen[id] = true
	}
	assert.Len(t, seen, n)
}

func TestStreamEnds(t *testing.T) {
	w := Workload{Operations: 5, Producers: 3}
	streams := w.Streams()
	for p, want := range []int64{2, 2, 1} {
		for left := want; left > 0; left-- {
			require.Equal(t, left, streams[p].Left())
			streams[p].Next()
		}
		assert.Zero(t, streams[p].Left())
		assert.Panics(t, func() { streams[p].Next() })
	}
	w.Producers = 8
	assert.Zero(t, w.Stream(7).Left(), "more producers than operations")
	assert.Greater(t, Workload{Rate: FlatOut, Producers: 7}.Stream(6).Left(), int64(Endless/8))
}

func TestStreamOfNonsensePanics(t *testing.T) {
	assert.Panics(t, func() { Workload{}.Stream(1) })
	assert.Panics(t, func() { Workload{}.Stream(-1) })
	assert.Panics(t, func() { Workload{Rate: -5}.Streams() })
}

func TestNextAllocatesNothing(t *testing.T) {
	for name, w := range workloads(t) {
		s := w.Stream(0)
		assert.Zero(t, testing.AllocsPerRun(1000, func() { s.Next() }), name)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, skew := range []Skew{Threes, Uniform, Zipf, Hot} {
		for _, targets := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%v/%d", skew, targets), func(b *testing.B) {
				w := Workload{Rate: FlatOut, Skew: skew, Targets: targets}
				s := w.Stream(0)
				b.ReportAllocs()
				for b.Loop() {
					s.Next()
				}
			})
		}
	}
	keys := make([]uint64, 100_000)
	for i := range keys {
		keys[i] = mix64(uint64(i)) % 30_000
	}
	trace := traceOf(b, keys...)
	b.Run("trace", func(b *testing.B) {
		s := Workload{Rate: FlatOut, Trace: trace, Repeat: true}.Stream(0)
		b.ReportAllocs()
		for b.Loop() {
			s.Next()
		}
	})
}
