package otelengine_test

import (
	"context"
	"fmt"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/otelengine"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// An engine's metrics are observed whenever a reader collects; its distributions come
// from a producer of the reader's.
func ExampleObserve() {
	// The window closes with the second operation here, so that the example is quick.
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	ctx := context.Background()
	reader := metric.NewManualReader(metric.WithProducer(otelengine.NewProducer(e)))
	if _, err := otelengine.Observe(e, metric.NewMeterProvider(metric.WithReader(reader))); err != nil {
		panic(err)
	}
	player := uuid.New()
	for _, p := range []engine.Priority{engine.High, engine.Low} {
		engine.Submit(ctx, e, engine.Op{Target: player, Priority: p}, func(context.Context) (int, error) { return 0, nil })
	}
	e.Stop(ctx)

	var collected metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &collected); err != nil {
		panic(err)
	}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				if m.Name == "contend.conflicts" {
					fmt.Println(m.Name, data.DataPoints[0].Value)
				}
			case metricdata.ExponentialHistogram[float64]:
				if m.Name == "contend.window.operations" {
					fmt.Println(m.Name, data.DataPoints[0].Count, "window of", data.DataPoints[0].Sum)
				}
			}
		}
	}
	// Output:
	// contend.conflicts 1
	// contend.window.operations 1 window of 2
}
