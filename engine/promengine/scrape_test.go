package promengine_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/promengine"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

// load puts a known load on an engine in a bubble and waits for its end.
func load(t *testing.T, e *engine.Engine) {
	t.Helper()
	after := func(d time.Duration, err error) func(context.Context) (int, error) {
		return func(context.Context) (int, error) {
			time.Sleep(d)
			return 0, err
		}
	}
	handles := []*engine.Handle[int]{
		submit(t, e, engine.Op{Target: target(0), Priority: 1}, after(0, nil)),
		submit(t, e, engine.Op{Target: target(0), Priority: 2}, after(0, nil)),
		submit(t, e, engine.Op{Target: target(0), Priority: 3}, after(250*time.Millisecond, nil)),
		submit(t, e, engine.Op{Target: target(1)}, after(20*time.Millisecond, errors.New("no"))),
		submit(t, e, engine.Op{Target: target(2), Priority: 1}, after(0, nil)),
		submit(t, e, engine.Op{Target: target(2), Priority: 2}, after(0, nil)),
		submit(t, e, engine.Op{Target: target(2), Priority: 3}, after(0, nil)),
		submit(t, e, engine.Op{Mode: engine.None}, after(0, nil)),
	}
	require.True(t, handles[6].Withdraw())
	_, err := engine.Submit(background, e, engine.Op{Target: target(1), Window: -1}, after(0, nil))
	require.ErrorIs(t, err, engine.ErrInvalid)
	for _, h := range handles {
		<-h.Done()
	}
}

// registered returns a pedantic registry with an engine's collector.
func registered(t *testing.T, e *engine.Engine) *prometheus.Registry {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	require.NoError(t, r.Register(promengine.New(e, nil)))
	return r
}

func TestScrapeOfAKnownLoad(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Name: "arena", Shards: 2, HashSeed: 1})
		r := registered(t, e)
		load(t, e)
		got := asText(t, r)

		require.Equal(t, map[string]float64{
			"completed": 2, "failed": 1, "rejected": 3, "withdrawn": 1,
			"folded": 0, "masked": 0, "displaced": 0, "undecided": 0, "cleared": 0, "stopped": 0,
		}, by(t, got["contend_operations_total"], "outcome"))
		require.Equal(t, map[string]float64{"0": 0, "1": 0}, by(t, got["contend_staged"], "shard"))
		require.Equal(t, map[string]float64{"healthy": 1, "degraded": 0, "failed": 0, "down": 0}, by(t, got["contend_health"], "state"))
		for name, want := range map[string]float64{
			"contend_submitted_total": 7, "contend_refused_total": 1, "contend_overloaded_total": 0,
			"contend_decided_total": 3, "contend_conflicts_total": 2, "contend_direct_total": 1,
			"contend_running": 0, "contend_open_windows": 0,
		} {
			require.Equal(t, want, value(t, got, name), name)
		}
		for name, want := range map[string]struct {
			count uint64
			sum   float64
		}{
			"contend_window_operations":  {3, 3 + 1 + 2},
			"contend_resolution_seconds": {3, 0.3},
			"contend_lateness_seconds":   {3, 0},
			"contend_execution_seconds":  {3, 0.27},
		} {
			require.Contains(t, got, name)
			h := got[name].Metric[0].GetHistogram()
			require.Equal(t, want.count, h.GetSampleCount(), name)
			require.InDelta(t, want.sum, h.GetSampleSum(), 1e-8, name)
		}
	})
}

// Everything in Stats and Health is shown, under the name that says what it is.
func TestScrapeEqualsStats(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Name: "arena", Shards: 3})
		r := registered(t, e)
		load(t, e)
		for i := range 5 { // staged, and to be seen
			submit(t, e, engine.Op{Target: target(i)}, func(context.Context) (int, error) { return 0, nil })
		}
		synctest.Wait() // or a shard would be counting yet
		m, got := e.Metrics(), asText(t, r)
		require.Equal(t, 5, m.Staged)
		for i, n := range m.StagedIn {
			require.Equal(t, float64(n), by(t, got["contend_staged"], "shard")[strconv.Itoa(i)])
		}
		for outcome, n := range map[string]uint64{
			"completed": m.Completed, "failed": m.Failed, "rejected": m.Rejected, "folded": m.Folded, "masked": m.Masked,
			"displaced": m.Displaced, "undecided": m.Undecided, "cleared": m.Cleared, "withdrawn": m.Withdrawn, "stopped": m.Stopped,
		} {
			require.Equal(t, float64(n), by(t, got["contend_operations_total"], "outcome")[outcome], outcome)
		}
		for name, n := range map[string]uint64{
			"submitted_total": m.Submitted, "refused_total": m.Refused, "overloaded_total": m.Overloaded,
			"decided_total": m.Won, "conflicts_total": m.Conflicts, "early_rejections_total": m.Early,
			"retries_total": m.Retried, "direct_total": m.Direct, "events_dropped_total": m.EventsDropped,
			"journal_blocks_lost_total": m.JournalLost, "incidents_total": m.Incidents, "restarts_total": m.Restarts,
			"sleeps_total": m.Sleeps, "open_windows": uint64(m.Windows), "running": uint64(m.Running),
			"staging_bytes": uint64(m.Bytes), "window_operations": m.Utilisation.Count, "resolution_seconds": m.Resolution.Count,
			"lateness_seconds": m.Lateness.Count, "execution_seconds": m.Execution.Count, "cycle_seconds": m.Cycle.Count,
		} {
			require.Equal(t, float64(n), value(t, got, "contend_"+name), name)
		}
	})
}

func TestMetricsFollowTheConventions(t *testing.T) {
	r := registered(t, newEngine(t, engine.Config{Name: "arena"}))
	problems, err := testutil.GatherAndLint(r)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// promlint knows no way to miss a unit: a histogram is of seconds or of operations,
// and what is of seconds or bytes ends in that.
func TestMetricsNameTheirUnit(t *testing.T) {
	families, err := registered(t, newEngine(t, engine.Config{})).Gather()
	require.NoError(t, err)
	for _, f := range families {
		switch f.GetType() {
		case dto.MetricType_HISTOGRAM:
			require.Regexp(t, `_(seconds|operations)$`, f.GetName())
		case dto.MetricType_COUNTER:
			require.Regexp(t, `_total$`, f.GetName())
		case dto.MetricType_GAUGE:
			require.NotRegexp(t, `_total$`, f.GetName())
		default:
			t.Errorf("%s has the type %v", f.GetName(), f.GetType())
		}
	}
}

func TestSeveralEngines(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	red := newEngine(t, engine.Config{Name: "red"})
	require.NoError(t, r.Register(promengine.New(red, nil)))
	require.NoError(t, r.Register(promengine.New(newEngine(t, engine.Config{Name: "blue"}), nil)))
	require.NoError(t, r.Register(promengine.New(newEngine(t, engine.Config{Name: "blue"}), prometheus.Labels{"engine": "green"})))
	require.Error(t, r.Register(promengine.New(newEngine(t, engine.Config{Name: "red"}), nil)), "two of a name")

	_, err := engine.Do(background, red, engine.Op{Mode: engine.None}, func(context.Context) (int, error) { return 0, nil })
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"red": 1, "blue": 0, "green": 0}, by(t, asText(t, r)["contend_direct_total"], "engine"))
}

func TestHealthOfAStoppedEngine(t *testing.T) {
	e := newEngine(t, engine.Config{Shards: 2})
	r := registered(t, e)
	down := map[string]float64{"down": 1, "failed": 0, "degraded": 0, "healthy": 0}
	require.Equal(t, down, by(t, asText(t, r)["contend_health"], "state"))
	e.Start()
	require.Equal(t, 1.0, by(t, asText(t, r)["contend_health"], "state")["healthy"])
	require.NoError(t, e.Stop(background))
	require.Equal(t, down, by(t, asText(t, r)["contend_health"], "state"))
}

// by returns a family's values by one of their labels.
func by(t *testing.T, f *dto.MetricFamily, label string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			if l.GetName() == label {
				values[l.GetValue()] = number(m)
			}
		}
	}
	return values
}

// value returns the one value of a family.
func value(t *testing.T, families map[string]*dto.MetricFamily, name string) float64 {
	t.Helper()
	require.Contains(t, families, name)
	require.Len(t, families[name].Metric, 1)
	return number(families[name].Metric[0])
}

// number returns what a metric has counted.
func number(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.Counter.GetValue()
	case m.Histogram != nil:
		return float64(m.Histogram.GetSampleCount())
	}
	return m.Gauge.GetValue()
}
