package promengine

import (
	"example.com/contend/engine"
	"github.com/prometheus/client_golang/prometheus"
)

// Collector collects the metrics of one engine. It is safe for concurrent use, and
// works before the engine's start, over restarts and after its end.
type Collector struct {
	engine  *engine.Engine
	metrics []metric
	health  *health
}

var _ prometheus.Collector = (*Collector)(nil)

// New makes a collector of an engine, to be registered. All of its metrics bear the
// labels; nil means the label "engine" with engine.Config.Name, or none if that is
// empty. Collectors in one registry need labels that differ in value, not in name.
func New(e *engine.Engine, labels prometheus.Labels) *Collector {
	if name := e.Name(); labels == nil && name != "" {
		labels = prometheus.Labels{"engine": name}
	}
	return &Collector{engine: e, metrics: metricsOf(e.Shards(), labels), health: newHealth(labels)}
}

// Describe sends what the collector collects.
func (c *Collector) Describe(to chan<- *prometheus.Desc) {
	for _, m := range c.metrics {
		to <- m.desc
	}
	c.health.describe(to)
}

// Collect takes one snapshot of the engine and sends it. It waits for no shard and
// wakes none.
func (c *Collector) Collect(to chan<- prometheus.Metric) {
	m := c.engine.Metrics()
	for i := range c.metrics {
		c.metrics[i].collect(&m, to)
	}
	h := c.engine.Health()
	c.health.collect(&h, to)
}
