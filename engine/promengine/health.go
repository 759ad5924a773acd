package promengine

import (
	"example.com/contend/engine"
	"github.com/prometheus/client_golang/prometheus"
)

// health are the metrics of how the engine is.
type health struct {
	state, lateness, stuck, failed *prometheus.Desc
}

var states = []engine.State{engine.StateDown, engine.StateFailed, engine.StateDegraded, engine.StateHealthy}

func newHealth(labels prometheus.Labels) *health {
	b := &book{labels: labels}
	return &health{
		state:    b.desc("health", "1 for the state that the engine is in, 0 for the others.", "state"),
		lateness: b.desc("worst_lateness_seconds", "By how much windows closed after their time at worst, in the last one to two seconds."),
		stuck:    b.desc("stuck_shards", "Shards that have not advanced for as long as the watchdog waits."),
		failed:   b.desc("failed_shards", "Shards that were given up."),
	}
}

func (d *health) describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{d.state, d.lateness, d.stuck, d.failed} {
		to <- desc
	}
}

func (d *health) collect(h *engine.Health, to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for _, s := range states {
		is := 0.0
		if s == h.State {
			is = 1
		}
		gauge(d.state, is, s.String())
	}
	gauge(d.lateness, h.Lateness.Seconds())
	gauge(d.stuck, float64(len(h.Stuck)))
	gauge(d.failed, float64(len(h.Failed)))
}
