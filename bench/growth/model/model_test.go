package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// plain has round figures: 100 ns each side, transfers of 10 ns, claims of 50.
var plain = Costs{
	Producer: 100, Owner: 100, Move: 10, Bounce: 50, Claim: 50, ProducerLines: 1, OwnerLines: 1,
	Batch: 1, Traffic: 100, Bandwidth: 1000,
}

const perSecond = 1e9

func TestWhatGivesOut(t *testing.T) {
	const even = -1 // hottest is 1/shards
	for _, c := range []struct {
		what    string
		costs   func(*Costs)
		machine Machine
		hottest float64
		rate    float64 // per second
		by      string
	}{
		{"one core does everything, without transfers", nil, Machine{1, 1, 1}, even, perSecond / 200, Cores},
		{"one core, many goroutines: still none", nil, Machine{1, 64, 8}, even, perSecond / 200, Cores},
		{"two cores, a side each", func(c *Costs) { c.Producer = 150 }, Machine{2, 1, 1}, even, perSecond / 160, Producers},
		{"the owner is slower", func(c *Costs) { c.Owner = 300 }, Machine{2, 1, 1}, even, perSecond / 310, Owners},
		{"two producers share a tail, and two cores with two owners", nil, Machine{2, 2, 2}, even, perSecond * 2 / (105 + 25 + 105), Cores},
		{"one hot shard however many cores", nil, Machine{64, 64, 64}, 1, perSecond / (100 + 10*63.0/64), Owners},
		{"a quick owner leaves it to the tail", func(c *Costs) { c.Owner, c.OwnerLines = 1, 0 }, Machine{64, 64, 64}, 1, perSecond / 50, TailLine},
		{"batches claim less often", func(c *Costs) { c.Owner, c.Batch = 1, 16 }, Machine{64, 64, 64}, 1, perSecond / (1 + 10*63.0/64), Owners},
		{"memory gives out", func(c *Costs) { c.Bandwidth = 1 }, Machine{64, 64, 64}, even, perSecond / 100, Memory},
	} {
		costs, hottest := plain, c.hottest
		if c.costs != nil {
			c.costs(&costs)
		}
		if hottest == even {
			hottest = 1 / float64(c.machine.Shards)
		}
		p := costs.Predict(c.machine, hottest)
		require.Equal(t, c.by, p.Bottleneck, c.what)
		require.InEpsilon(t, c.rate, p.Bound*perSecond, 1e-9, c.what)
	}
}

// Whatever the machine: the floor is not above the bound, and more skew is never
// faster.
func TestFloorAndSkew(t *testing.T) {
	for _, n := range []int{1, 2, 3, 8, 64, 256} {
		for _, producers := range []int{1, 2, 64} {
			last := Prediction{Bound: math.Inf(1), Floor: math.Inf(1)}
			for _, hottest := range []float64{1 / float64(n), 0.5, 1} {
				if hottest < 1/float64(n) {
					continue
				}
				p := plain.Predict(Machine{n, producers, n}, hottest)
				require.LessOrEqual(t, p.Floor, p.Bound)
				require.Positive(t, p.Floor)
				require.LessOrEqual(t, p.Bound, last.Bound)
				require.LessOrEqual(t, p.Floor, last.Floor)
				last = p
			}
		}
	}
}

// Only more producers than cores are woken for each operation.
func TestParked(t *testing.T) {
	costs := plain
	costs.Park = 800
	p := costs.Predict(Machine{1, 64, 1}, 1)
	require.InEpsilon(t, perSecond/1000.0, p.Parked*perSecond, 1e-9)
	p = costs.Predict(Machine{2, 2, 1}, 1)
	require.Equal(t, p.Bound, p.Parked)
}

// A line that changes hands at every claim can only make it slower, and does not
// touch the bound.
func TestFloorHasTheLineChangeHands(t *testing.T) {
	slow := plain
	slow.Bounce = 500
	m := Machine{64, 64, 64}
	require.Equal(t, plain.Predict(m, 0.1).Bound, slow.Predict(m, 0.1).Bound)
	require.Less(t, slow.Predict(m, 0.1).Floor, plain.Predict(m, 0.1).Floor)
}

// With all that is shared taken away, cores multiply.
func TestNothingShared(t *testing.T) {
	free := plain
	free.Bounce, free.Claim, free.Move, free.Bandwidth = 0, 0, 0, math.Inf(1)
	one := free.Predict(Machine{1, 1, 1}, 0).Bound
	p := free.Predict(Machine{64, 64, 64}, 0)
	require.InEpsilon(t, 64*one, p.Bound, 1e-9)
	require.InEpsilon(t, 64*one, p.Floor, 1e-9)
}

// Gunther's law: no contention is linear, σ alone levels off at 1/σ as Amdahl
// says, κ makes it fall behind sqrt((1−σ)/κ).
func TestScalability(t *testing.T) {
	require.Equal(t, 64.0, Scalability{}.Speedup(64))
	require.Equal(t, 1.0, Scalability{0.3, 0.1}.Speedup(1))
	require.InDelta(t, 4, Scalability{Serial: 0.25}.Speedup(1e6), 1e-4)
	law := Scalability{Serial: 0.02, Crosstalk: 0.0005}
	peak := math.Sqrt((1 - law.Serial) / law.Crosstalk)
	require.Greater(t, law.Speedup(peak), law.Speedup(peak+5))
	require.Greater(t, law.Speedup(peak), law.Speedup(peak-5))
}

// The formula for balls into bins agrees with throwing them.
func TestHottestUniform(t *testing.T) {
	require.Equal(t, 1.0, HottestUniform(10_000, 1))
	for _, shards := range []int{2, 8, 64, 256} {
		t.Run(fmt.Sprint(shards), func(t *testing.T) {
			const targets = 10_000 // as few as are asked about: there the spread matters
			even := make([]float64, targets)
			for i := range even {
				even[i] = 1.0 / targets
			}
			require.InEpsilon(t, placed(even, shards), HottestUniform(targets, shards), 0.06)
		})
	}
}

// The hottest shard has at least the hottest target and at least its even share.
func TestHottestZipf(t *testing.T) {
	const targets = 10_000
	total := 0.0
	for k := 1; k <= targets; k++ {
		total += math.Pow(float64(k), -1.1)
	}
	require.InEpsilon(t, 1, HottestZipf(targets, 1.1, 1), 1e-9)
	last := 1.0
	for _, shards := range []int{2, 8, 64, 256} {
		h := HottestZipf(targets, 1.1, shards)
		require.Greater(t, h, 1/total)
		require.Greater(t, h, 1/float64(shards))
		require.Less(t, h, last)
		last = h
	}
	require.InDelta(t, 1/total, last, 0.02, "many shards leave the hottest one little but its hottest target")
}
