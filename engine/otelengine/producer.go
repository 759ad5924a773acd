package otelengine

import (
	"context"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// Producer gives the distributions of an engine to a reader of the SDK:
//
//	metric.NewPeriodicReader(exporter, metric.WithProducer(otelengine.NewProducer(e)))
//
// They are cumulative since engine.New, whatever the reader's temporality.
type Producer struct {
	engine *engine.Engine
	start  time.Time
	set    attribute.Set
}

var _ metric.Producer = (*Producer)(nil)

// NewProducer makes a producer of an engine's distributions.
func NewProducer(e *engine.Engine) *Producer {
	return &Producer{e, time.Now().Add(-time.Duration(e.Now())), attribute.NewSet(named(e)...)}
}

// Produce returns a snapshot. It is safe for concurrent use.
func (p *Producer) Produce(context.Context) ([]metricdata.ScopeMetrics, error) {
	m := p.engine.Metrics()
	return []metricdata.ScopeMetrics{{
		Scope: instrumentation.Scope{Name: scope},
		Metrics: []metricdata.Metrics{
			p.histogram("contend.window.operations", "{operation}", "Operations in each group decided.", &m.Utilisation),
			p.histogram("contend.resolution.duration", "s", "Time from a window's opening to its decision.", &m.Resolution),
			p.histogram("contend.lateness", "s", "Time of a decision beyond its window's end.", &m.Lateness),
			p.histogram("contend.execution.duration", "s", "Time that winners executed.", &m.Execution),
			p.histogram("contend.cycle.duration", "s", "Duration of a look of a shard.", &m.Cycle),
		},
	}}, nil
}

// histogram makes an exponential histogram: bucket i of ours has index i-1 there.
func (p *Producer) histogram(name, unit, help string, h *engine.Histogram) metricdata.Metrics {
	return metricdata.Metrics{
		Name: name, Unit: unit, Description: help,
		Data: metricdata.ExponentialHistogram[float64]{
			Temporality: metricdata.CumulativeTemporality,
			DataPoints: []metricdata.ExponentialHistogramDataPoint[float64]{{
				Attributes: p.set, StartTime: p.start, Time: time.Now(),
				Count: h.Count, Sum: h.Sum, Scale: shard.HistogramSchema, ZeroCount: h.Zero,
				PositiveBucket: metricdata.ExponentialBucket{Offset: int32(h.First - 1), Counts: h.Counts},
			}},
		},
	}
}
