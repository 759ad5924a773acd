package promengine

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/contend/shard"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

// The oracle is the client library's own histogram, of the same values.
func TestHistogramIsLikeTheirs(t *testing.T) {
	var bounds []float64
	for _, p := range durations {
		bounds = append(bounds, math.Ldexp(1, p))
	}
	theirs := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "h", Buckets: bounds, NativeHistogramBucketFactor: 1.19, NativeHistogramZeroThreshold: prometheus.NativeHistogramZeroThresholdZero,
	})
	ours := new(shard.Recorder)
	observe := func(d time.Duration) {
		theirs.Observe(d.Seconds())
		ours.Seconds(int64(d))
	}
	for i := range 1024 { // exact, and on the bounds, too
		observe(time.Second / 512 * time.Duration(i))
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 10_000 { // from 1 ms: far below, the engine counts in units that are not small beside a bucket
		observe(time.Duration(1e6 * math.Exp(random.Float64()*math.Log(1e6))))
	}
	h := ours.InSeconds()
	var want, got dto.Metric
	require.NoError(t, theirs.Write(&want))
	desc := prometheus.NewDesc("h", "", nil, nil)
	require.NoError(t, newHistogram(desc, &h, durations).Write(&got))

	require.Equal(t, want.Histogram.GetSchema(), got.Histogram.GetSchema())
	require.Equal(t, want.Histogram.GetZeroCount(), got.Histogram.GetZeroCount())
	require.Equal(t, want.Histogram.PositiveSpan, got.Histogram.PositiveSpan)
	require.Equal(t, want.Histogram.PositiveDelta, got.Histogram.PositiveDelta)
	require.Equal(t, want.Histogram.Bucket, got.Histogram.Bucket)
	require.Equal(t, want.Histogram.GetSampleCount(), got.Histogram.GetSampleCount())
	require.InEpsilon(t, want.Histogram.GetSampleSum(), got.Histogram.GetSampleSum(), 1e-6)
}

func TestEmptyHistogram(t *testing.T) {
	var got dto.Metric
	require.NoError(t, newHistogram(prometheus.NewDesc("h", "", nil, nil), &shard.Histogram{}, sizes).Write(&got))
	require.Len(t, got.Histogram.Bucket, len(sizes))
	require.NotEmpty(t, got.Histogram.PositiveSpan, "else it would not be native")
	require.Zero(t, got.Histogram.GetSampleCount())
}
