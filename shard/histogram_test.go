package shard

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inBucket reports whether v is above the lower and up to the upper bound of a bucket,
// by exact arithmetic: v^4 against powers of two.
func inBucket(v uint64, index int) bool {
	fourth := new(big.Int).Exp(new(big.Int).SetUint64(v), big.NewInt(4), nil)
	power := func(n int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(n)) }
	return fourth.Cmp(power(index)) <= 0 && (index == 0 || fourth.Cmp(power(index-1)) > 0)
}

func TestBucketsAreExact(t *testing.T) {
	require.Equal(t, 0, bucketOf(0))
	values := []uint64{1, 2, 3, 4, 5, 1<<63 - 1, 1 << 63, 1<<63 + 1, math.MaxUint64, quarter1, quarter1 + 1, quarter2, quarter2 + 1, quarter3, quarter3 + 1}
	for range 10_000 {
		values = append(values, 1+rand.Uint64()>>rand.IntN(64))
	}
	for _, v := range values {
		b := bucketOf(v)
		require.Less(t, b, buckets)
		require.True(t, inBucket(v, b-1), "%d in bucket %d", v, b-1)
	}
}

func TestBoundsAreThoseOfTheSchema(t *testing.T) {
	for index := -120; index < 260; index++ {
		require.InEpsilon(t, math.Pow(2, float64(index)/4), Bound(index), 1e-14)
	}
	require.Equal(t, 1.0, Bound(0))
	require.Equal(t, 0.5, Bound(-4))
}

func TestDurationsInUnits(t *testing.T) {
	require.EqualValues(t, 0, units(-5))
	require.EqualValues(t, 1<<30, units(int64(time.Second)))
	for _, d := range []time.Duration{1, time.Microsecond, time.Millisecond, time.Hour, math.MaxInt64} {
		exact := d.Seconds() * (1 << 30)
		require.InDelta(t, exact, float64(units(int64(d))), 1+exact*1e-12)
	}
}

func TestHistogramOfSeconds(t *testing.T) {
	var r Recorder
	for i := range 1000 {
		r.Seconds(int64(time.Duration(i) * time.Millisecond))
	}
	h := r.InSeconds()
	require.EqualValues(t, 1000, h.Count)
	require.EqualValues(t, 1, h.Zero)
	require.InEpsilon(t, 499.5, h.Sum, 1e-6)
	require.InEpsilon(t, 0.4995, h.Mean(), 1e-6)
	for q, want := range map[float64]float64{0.01: 0.010, 0.5: 0.5, 0.99: 0.99, 1: 0.999} {
		got := h.Quantile(q)
		require.GreaterOrEqual(t, got, want-0.0011)
		require.Less(t, got, want*1.2)
	}
	require.Zero(t, h.Quantile(0))
	total := h.Zero
	for b := range h.Buckets() {
		require.InEpsilon(t, b.Lower*math.Pow(2, 0.25), b.Upper, 1e-12)
		total += b.Count
	}
	require.Equal(t, h.Count, total)
}

func TestHistogramsAddUp(t *testing.T) {
	var a, b, both Recorder
	for i := range int64(500) {
		a.Seconds(i * i)
		both.Seconds(i * i)
	}
	before := a.InSeconds()
	for i := range int64(500) {
		b.Seconds(i * 1_000_003)
		a.Seconds(i * 1_000_003)
		both.Seconds(i * 1_000_003)
	}
	require.Equal(t, both.InSeconds(), before.Add(b.InSeconds()))
	require.Equal(t, b.InSeconds(), a.InSeconds().Sub(before))
	require.Equal(t, before, before.Add(Histogram{}))
	require.Equal(t, before, Histogram{}.Add(before))
	require.Equal(t, Histogram{}, before.Sub(before))
	require.Zero(t, Histogram{}.Quantile(0.5))
}

// However values are gathered, they are counted as one by one.
func TestGatheringCountsTheSame(t *testing.T) {
	for name, record := range map[string]func(*gathering, uint64){
		"record": (*gathering).record, "near": (*gathering).recordNear, "small": (*gathering).recordSmall,
	} {
		t.Run(name, func(t *testing.T) {
			var g gathering
			var gathered, single Recorder
			for range 3 {
				for i := range 600 {
					v := rand.Int64N(1 << 40)
					switch i % 3 { // runs of alike and of small values
					case 1:
						v = int64(time.Second) + rand.Int64N(1<<(i%27))
					case 2:
						v = rand.Int64N(100)
					}
					record(&g, units(v))
					single.Seconds(v)
				}
				g.addTo(&gathered)
			}
			require.Equal(t, single.InSeconds(), gathered.InSeconds())
			g.addTo(&gathered)
			require.Equal(t, single.InSeconds(), gathered.InSeconds())
		})
	}
}

// A value that is gathered after one of another bucket, or of the same, is counted in
// its own.
func TestGatheringNear(t *testing.T) {
	values := []uint64{0, 1, 2, 3, 1 << 63, 1<<63 + 1, math.MaxUint64}
	for octave := range 64 {
		for _, quarter := range []uint64{quarter1, quarter2, quarter3} {
			values = append(values, quarter>>octave, quarter>>octave+1)
		}
	}
	for _, before := range values {
		for _, v := range values {
			var g gathering
			g.recordNear(before)
			g.touched, g.counts = nil, [buckets]uint32{}
			g.recordNear(v)
			require.EqualValues(t, 1, g.counts[bucketOf(v)], "%d after %d", v, before)
		}
	}
}

// BenchmarkMeasure is what the measures cost for each group decided.
func BenchmarkMeasure(b *testing.B) {
	s := New(Config{RingSize: 1, Now: func() int64 { return 0 }, Measures: &Measures{}})
	batch := make([]Decision, batchSize)
	for i := range batch {
		opened := int64(time.Second) + rand.Int64N(int64(time.Millisecond))
		batch[i] = Decision{Contenders: 1 + rand.IntN(6), Opened: opened, Due: opened + int64(100*time.Millisecond), Closed: int64(1101 * time.Millisecond)}
	}
	b.ResetTimer()
	for i := 0; i < b.N; i += batchSize {
		s.measure(batch)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/group")
}

// Sums of many durations at once overflow 64 bits within days.
func TestSumBeyond64Bits(t *testing.T) {
	var r Recorder
	before := r.InSeconds().Sum
	for range 40 {
		r.Seconds(1e9 * 1e9)
		sum := r.InSeconds().Sum
		require.InEpsilon(t, before+1e9, sum, 1e-6)
		before = sum
	}
	require.Greater(t, before, math.Ldexp(1, 64-perSecondBits))
}
