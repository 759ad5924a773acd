package otelengine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/otelengine"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// collect returns what a reader of the SDK gets, by name.
func collect(t *testing.T, reader metric.Reader) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(background, &all))
	found := map[string]metricdata.Metrics{}
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			found[m.Name] = m
		}
	}
	return found
}

// by returns the values of a metric by one of its attributes, "" if it has none.
func by(t *testing.T, m metricdata.Metrics, key string) map[string]int64 {
	t.Helper()
	values := map[string]int64{}
	add := func(points []metricdata.DataPoint[int64]) {
		for _, p := range points {
			label := ""
			for _, kv := range p.Attributes.ToSlice() {
				if string(kv.Key) == key {
					label = kv.Value.AsString()
				}
			}
			values[label] = p.Value
		}
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		add(data.DataPoints)
	case metricdata.Gauge[int64]:
		add(data.DataPoints)
	default:
		t.Fatalf("%s is a %T", m.Name, m.Data)
	}
	return values
}

func observed(t *testing.T, e *engine.Engine) metric.Reader {
	t.Helper()
	reader := metric.NewManualReader(metric.WithProducer(otelengine.NewProducer(e)))
	provider := metric.NewMeterProvider(metric.WithReader(reader))
	registration, err := otelengine.Observe(e, provider)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, registration.Unregister())
		require.NoError(t, provider.Shutdown(background))
	})
	return reader
}

func TestMetricsOfAKnownLoad(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Name: "arena", Shards: 2})
		reader := observed(t, e)
		submit(t, e, engine.Op{Target: target(0), Priority: 1}, nothing)
		submit(t, e, engine.Op{Target: target(0), Priority: 2}, nothing)
		won := submit(t, e, engine.Op{Target: target(0), Priority: 3}, func(context.Context) (int, error) {
			time.Sleep(250 * time.Millisecond)
			return 0, nil
		})
		failed := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { return 0, errors.New("no") })
		<-won.Done()
		<-failed.Done()
		submit(t, e, engine.Op{Target: target(2)}, nothing)
		synctest.Wait() // or a shard would be counting yet

		got, m := collect(t, reader), e.Metrics()
		require.Equal(t, map[string]int64{
			"completed": 1, "failed": 1, "rejected": 2, "folded": 0, "masked": 0,
			"displaced": 0, "undecided": 0, "cleared": 0, "withdrawn": 0, "stopped": 0,
		}, by(t, got["contend.operations"], "contend.outcome"))
		for name, want := range map[string]uint64{
			"contend.submitted": 5, "contend.refused": m.Refused, "contend.overloaded": m.Overloaded, "contend.decided": 2,
			"contend.conflicts": 1, "contend.early_rejections": m.Early, "contend.retries": m.Retried, "contend.direct": m.Direct,
			"contend.events.dropped": m.EventsDropped, "contend.journal.lost": m.JournalLost, "contend.incidents": m.Incidents,
			"contend.restarts": m.Restarts, "contend.sleeps": m.Sleeps, "contend.windows": 1, "contend.running": 0,
			"contend.staging.memory": uint64(m.Bytes),
		} {
			require.Equal(t, map[string]int64{"arena": int64(want)}, by(t, got[name], "contend.engine"), name)
		}
		staged := by(t, got["contend.staged"], "contend.shard")
		require.Equal(t, int64(1), staged["0"]+staged["1"])
		require.Equal(t, map[string]int64{"down": 0, "failed": 0, "degraded": 0, "healthy": 1}, by(t, got["contend.health"], "contend.state"))

		execution := got["contend.execution.duration"].Data.(metricdata.ExponentialHistogram[float64]).DataPoints[0]
		require.Equal(t, uint64(2), execution.Count)
		require.InDelta(t, 0.25, execution.Sum, 1e-8)
		require.Equal(t, uint64(1), execution.ZeroCount)
		require.Equal(t, metricdata.ExponentialBucket{Offset: -9, Counts: []uint64{1}}, execution.PositiveBucket,
			"250 ms is above 2^(-9/4), up to 2^(-8/4)")
	})
}

// The oracle is the SDK's own exponential histogram, of the same value.
func TestBucketsAreLikeTheirs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		reader := metric.NewManualReader(metric.WithProducer(otelengine.NewProducer(e)))
		provider := metric.NewMeterProvider(metric.WithReader(reader), metric.WithView(metric.NewView(
			metric.Instrument{Name: "theirs"}, metric.Stream{Aggregation: metric.AggregationBase2ExponentialHistogram{MaxSize: 160, MaxScale: 2}})))
		theirs, err := provider.Meter("").Float64Histogram("theirs")
		require.NoError(t, err)
		for i, d := range []time.Duration{time.Second / 4, time.Second / 3, time.Second * 7, time.Second / 100} {
			h := submit(t, e, engine.Op{Target: target(i)}, func(context.Context) (int, error) {
				time.Sleep(d)
				return 0, nil
			})
			theirs.Record(background, d.Seconds())
			<-h.Done()
		}
		got := collect(t, reader)
		ours := got["contend.execution.duration"].Data.(metricdata.ExponentialHistogram[float64]).DataPoints[0]
		want := got["theirs"].Data.(metricdata.ExponentialHistogram[float64]).DataPoints[0]
		require.Equal(t, want.Scale, ours.Scale)
		require.Equal(t, want.PositiveBucket, ours.PositiveBucket)
		require.InDelta(t, want.Sum, ours.Sum, 1e-7)
	})
}

// Every metric has a unit of UCUM and a description, and a time is in seconds.
func TestMetricsHaveUnits(t *testing.T) {
	for name, m := range collect(t, observed(t, newEngine(t, engine.Config{}))) {
		require.Regexp(t, `^contend(\.[a-z_]+)+$`, name)
		require.Regexp(t, `^(s|By|1|\{[a-z]+\})$`, m.Unit, name)
		require.NotEmpty(t, m.Description, name)
	}
}
