package otelengine_test

import (
	"context"
	"fmt"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/otelengine"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func Example() {
	exporter := tracetest.NewInMemoryExporter()
	tracer := otelengine.NewTracer(trace.NewTracerProvider(trace.WithSyncer(exporter)), 0)
	// The window closes with the second operation here, so that the example is quick.
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}, Hooks: tracer.Hooks()})

	ctx, player := context.Background(), uuid.New()
	nothing := func(context.Context) (int, error) { return 0, nil }
	otelengine.Submit(ctx, tracer, e, engine.Op{Target: player, Priority: engine.High, Type: "heal"}, nothing)
	otelengine.Submit(ctx, tracer, e, engine.Op{Target: player, Priority: engine.Low, Type: "strike"}, nothing)
	e.Stop(ctx)

	names := map[string]string{}
	for _, s := range exporter.GetSpans() {
		names[s.SpanContext.SpanID().String()] = s.Name
	}
	for _, s := range exporter.GetSpans() {
		for _, l := range s.Links {
			fmt.Println(s.Name, "lost to", names[l.SpanContext.SpanID().String()])
		}
	}
	// Output: contend strike lost to contend heal
}
