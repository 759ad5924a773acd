package bench

import (
	"math"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThreesAreConsecutiveAndInTurn(t *testing.T) {
	w := Workload{Targets: 1000, Operations: 9000, Rate: FlatOut}
	all := drain(w.Stream(0))
	var h Hottest
	for i, d := range all {
		h.Add(d.target, 1)
		require.Equal(t, all[i/3*3].target, d.target, "operation %d", i)
		require.Equal(t, all[i%3000].target, d.target, "operation %d is a lap later", i)
	}
	assert.Equal(t, 1000, h.Distinct())
	for _, c := range h.Top(1000) {
		require.Equal(t, int64(9), c.Count)
	}
}

func TestThreesAlternateWhereALapTakesAWindow(t *testing.T) {
	for targets, want := range map[int]int{
		9_999:  9_999,  // returns within the window
		10_000: 20_000, // returns as the window closes
		19_999: 39_998,
		20_000: 20_000, // rests for a window
	} {
		w := Workload{Targets: targets}
		assert.Equal(t, want, w.Distinct())
		h := counted(w, 3*int64(want)+3)
		assert.Equal(t, want, h.Distinct())
	}
	assert.Equal(t, 10_000, Workload{Rate: FlatOut}.Distinct())
}

func counted(w Workload, operations int64) *Hottest {
	w.Operations = operations
	h := new(Hottest)
	for s := w.Stream(0); s.Left() > 0; {
		target, _, _ := s.Next()
		h.Add(target, 1)
	}
	return h
}

func TestHotHasOneTarget(t *testing.T) {
	w := Workload{Skew: Hot, Targets: 55}
	assert.Equal(t, 1, w.Distinct())
	assert.Equal(t, 1, counted(w, 1000).Distinct())
}

func TestUniformIsUniform(t *testing.T) {
	const targets, each = 1000, 200
	h := counted(Workload{Skew: Uniform, Targets: targets}, targets*each)
	require.Equal(t, targets, h.Distinct())
	chi := 0.0
	for _, c := range h.Top(targets) {
		d := float64(c.Count - each)
		chi += d * d / each
	}
	assert.InDelta(t, targets-1, chi, 5*math.Sqrt(2*targets), "chi squared")
}

func TestZipfFollowsTheExponent(t *testing.T) {
	const targets, n = 1000, 1_000_000
	for _, exponent := range []float64{0.5, 0.99, 1.5} {
		h := counted(Workload{Skew: Zipf, Targets: targets, Exponent: exponent}, n)
		sum := 0.0
		for k := 1; k <= targets; k++ {
			sum += math.Pow(float64(k), -exponent)
		}
		for rank, c := range h.Top(10) {
			want := n * math.Pow(float64(rank+1), -exponent) / sum
			assert.InDelta(t, want, c.Count, 6*math.Sqrt(want), "exponent %v rank %d", exponent, rank+1)
		}
		assert.Greater(t, h.Distinct(), targets*9/10)
	}
}

func TestContendersAreThoseOfTheStream(t *testing.T) {
	for name, c := range map[string]struct {
		w    Workload
		want float64
	}{
		"home":           {Workload{}, 3},
		"home uniform":   {Workload{Skew: Uniform}, 4},
		"uniform, three": {Workload{Skew: Uniform, Targets: 15_000}, 3},
		"few targets":    {Workload{Targets: 100}, 300},
		"few, uniform":   {Workload{Skew: Uniform, Targets: 100}, 301},
		"many targets":   {Workload{Targets: 50_000}, 3},
		"two laps":       {Workload{Targets: 5_000}, 6},
		"hot":            {Workload{Skew: Hot}, 30_001},
		"zipf":           {Workload{Skew: Zipf}, 0}, // no figure known by heart
		"short window":   {Workload{Skew: Uniform, Window: time.Millisecond}, 1.03},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			expected := c.w.Contenders()
			if c.want > 0 {
				assert.InEpsilon(t, c.want, expected, 1e-9)
			}
			assert.InEpsilon(t, expected, contenders(c.w), 0.02)
		})
	}
	assert.Zero(t, Workload{Rate: FlatOut}.Contenders())
	assert.Zero(t, Workload{Trace: traceOf(t, 1)}.Contenders())
}

// contenders plays a second of the workload on paper, every operation and
// every close of a window in its time, and returns how many operations there
// were for each group in the second half, when it has settled.
func contenders(w Workload) float64 {
	w.Duration, w.Producers = time.Second, 1
	w = w.WithDefaults()
	closes := map[uuid.UUID]int64{}
	groups, operations := 0, 0
	for s := w.Stream(0); s.Left() > 0; {
		now := s.Index() * int64(time.Second) / int64(w.Rate)
		settled := count(now >= int64(time.Second)/2)
		target, _, _ := s.Next()
		if end, ok := closes[target]; !ok || now >= end {
			closes[target] = now + int64(w.Window)
			groups += settled
		}
		operations += settled
	}
	return float64(operations) / float64(groups)
}
