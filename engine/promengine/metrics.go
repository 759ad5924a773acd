package promengine

import (
	"strconv"

	"example.com/contend/engine"
	"github.com/prometheus/client_golang/prometheus"
)

// metric is a family of metrics and how it is read from a snapshot.
type metric struct {
	desc    *prometheus.Desc
	collect func(*engine.Metrics, chan<- prometheus.Metric)
}

// book makes metrics with the same constant labels.
type book struct {
	labels  prometheus.Labels
	metrics []metric
}

func (b *book) desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("contend_"+name, help, labels, b.labels)
}

func (b *book) add(desc *prometheus.Desc, collect func(*engine.Metrics, chan<- prometheus.Metric)) {
	b.metrics = append(b.metrics, metric{desc, collect})
}

func (b *book) counter(name, help string, read func(*engine.Metrics) uint64) {
	desc := b.desc(name, help)
	b.add(desc, func(m *engine.Metrics, to chan<- prometheus.Metric) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(read(m)))
	})
}

func (b *book) gauge(name, help string, read func(*engine.Metrics) int) {
	desc := b.desc(name, help)
	b.add(desc, func(m *engine.Metrics, to chan<- prometheus.Metric) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(read(m)))
	})
}

func (b *book) histogram(name, help string, bounds []int, read func(*engine.Metrics) *engine.Histogram) {
	desc := b.desc(name, help)
	b.add(desc, func(m *engine.Metrics, to chan<- prometheus.Metric) { to <- newHistogram(desc, read(m), bounds) })
}

// outcomes are how an operation can end. Each ends in one of these ways, or, if it
// won and the engine does not execute it (Contend, Stage), in none.
var outcomes = []struct {
	name string
	read func(*engine.Metrics) uint64
}{
	{"completed", func(m *engine.Metrics) uint64 { return m.Completed }},
	{"failed", func(m *engine.Metrics) uint64 { return m.Failed }},
	{"rejected", func(m *engine.Metrics) uint64 { return m.Rejected }},
	{"folded", func(m *engine.Metrics) uint64 { return m.Folded }},
	{"masked", func(m *engine.Metrics) uint64 { return m.Masked }},
	{"displaced", func(m *engine.Metrics) uint64 { return m.Displaced }},
	{"undecided", func(m *engine.Metrics) uint64 { return m.Undecided }},
	{"cleared", func(m *engine.Metrics) uint64 { return m.Cleared }},
	{"withdrawn", func(m *engine.Metrics) uint64 { return m.Withdrawn }},
	{"stopped", func(m *engine.Metrics) uint64 { return m.Stopped }},
}

func (b *book) operations() {
	desc := b.desc("operations_total", "Operations that contended, by how they ended. Winners that the engine does not execute are not among them.", "outcome")
	b.add(desc, func(m *engine.Metrics, to chan<- prometheus.Metric) {
		for _, o := range outcomes {
			to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(o.read(m)), o.name)
		}
	})
}

func (b *book) staged(shards int) {
	names := make([]string, shards)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	desc := b.desc("staged", "Operations accepted and not decided, by shard.", "shard")
	b.add(desc, func(m *engine.Metrics, to chan<- prometheus.Metric) {
		for i, n := range m.StagedIn {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), names[i])
		}
	})
}

// metricsOf lists the metrics of an engine but those of its health.
func metricsOf(shards int, labels prometheus.Labels) []metric {
	b := &book{labels: labels}
	b.operations()
	b.counters()
	b.staged(shards)
	b.gauge("open_windows", "Targets with an open window.", func(m *engine.Metrics) int { return m.Windows })
	b.gauge("running", "Winners between verdict and end.", func(m *engine.Metrics) int { return m.Running })
	b.gauge("staging_bytes", "Memory held for staging.", func(m *engine.Metrics) int { return m.Bytes })
	b.histograms()
	return b.metrics
}

func (b *book) counters() {
	b.counter("submitted_total", "Operations accepted for staging.", func(m *engine.Metrics) uint64 { return m.Submitted })
	b.counter("refused_total", "Submissions refused.", func(m *engine.Metrics) uint64 { return m.Refused })
	b.counter("overloaded_total", "Submissions refused because of overload; part of those refused.", func(m *engine.Metrics) uint64 { return m.Overloaded })
	b.counter("decided_total", "Groups decided, each with one winner.", func(m *engine.Metrics) uint64 { return m.Won })
	b.counter("conflicts_total", "Groups decided with more than one contender.", func(m *engine.Metrics) uint64 { return m.Conflicts })
	b.counter("early_rejections_total", "Operations that lost before their window closed; part of those rejected.", func(m *engine.Metrics) uint64 { return m.Early })
	b.counter("retries_total", "Losses that were made up for by trying again.", func(m *engine.Metrics) uint64 { return m.Retried })
	b.counter("direct_total", "Functions executed without contention.", func(m *engine.Metrics) uint64 { return m.Direct })
	b.counter("events_dropped_total", "Events that did not reach a hook or subscription.", func(m *engine.Metrics) uint64 { return m.EventsDropped })
	b.counter("journal_blocks_lost_total", "Blocks of the journal that were not written.", func(m *engine.Metrics) uint64 { return m.JournalLost })
	b.counter("incidents_total", "Failures of policies, hooks and contenders, survived.", func(m *engine.Metrics) uint64 { return m.Incidents })
	b.counter("restarts_total", "Restarts of shards after a panic in one, or its end.", func(m *engine.Metrics) uint64 { return m.Restarts })
	b.counter("sleeps_total", "Sleeps of shards with a timer.", func(m *engine.Metrics) uint64 { return m.Sleeps })
}

func (b *book) histograms() {
	b.histogram("window_operations", "Operations in each group decided.", sizes,
		func(m *engine.Metrics) *engine.Histogram { return &m.Utilisation })
	b.histogram("resolution_seconds", "Time from a window's opening to its decision.", durations,
		func(m *engine.Metrics) *engine.Histogram { return &m.Resolution })
	b.histogram("lateness_seconds", "Time of a decision beyond its window's end.", durations,
		func(m *engine.Metrics) *engine.Histogram { return &m.Lateness })
	b.histogram("execution_seconds", "Time that winners executed.", durations,
		func(m *engine.Metrics) *engine.Histogram { return &m.Execution })
	b.histogram("cycle_seconds", "Duration of a look of a shard.", durations,
		func(m *engine.Metrics) *engine.Histogram { return &m.Cycle })
}
