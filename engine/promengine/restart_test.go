package promengine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

// Counters never go down, whatever the engine does meanwhile.
func TestCountersOnlyGrowOverRestarts(t *testing.T) {
	e := newEngine(t, engine.Config{Name: "arena", Shards: 2, Window: time.Millisecond})
	r := registered(t, e)
	ctx, cancel := context.WithCancel(background)
	var submitters sync.WaitGroup
	for i := range 4 {
		submitters.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				engine.Do(background, e, engine.Op{Target: target(n % 3), Priority: engine.Priority(i)},
					func(context.Context) (int, error) { return 0, nil })
			}
		})
	}
	defer submitters.Wait()
	defer cancel()

	before := asProto(t, r)
	for restarts := 0; restarts < 10 || value(t, before, "contend_decided_total") == 0; restarts++ {
		require.NoError(t, e.Restart(background))
		now := asProto(t, r)
		for name, f := range before {
			for i, m := range f.Metric {
				requireNoLess(t, name, m, now[name].Metric[i])
			}
		}
		before = now
	}
}

func requireNoLess(t *testing.T, name string, before, now *dto.Metric) {
	t.Helper()
	require.Equal(t, before.Label, now.Label)
	if before.Gauge != nil {
		return
	}
	require.GreaterOrEqual(t, number(now), number(before), name)
	for i, b := range before.GetHistogram().GetBucket() {
		require.GreaterOrEqual(t, now.Histogram.Bucket[i].GetCumulativeCount(), b.GetCumulativeCount(), name)
	}
}

// A scrape that asks for protocol buffers gets native histograms, and classic ones
// beside them.
func TestNativeHistograms(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		r := registered(t, e)
		load(t, e)
		h := asProto(t, r)["contend_resolution_seconds"].Metric[0].GetHistogram()
		require.Equal(t, int32(2), h.GetSchema())
		require.Len(t, h.PositiveSpan, 1)
		require.Equal(t, int32(-13), h.PositiveSpan[0].GetOffset(), "100 ms is above 2^(-14/4), up to 2^(-13/4)")
		require.Equal(t, []int64{3}, h.PositiveDelta)
		require.NotEmpty(t, h.Bucket)
	})
}
