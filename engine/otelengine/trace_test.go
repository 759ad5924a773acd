package otelengine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/otelengine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// recorded makes an engine with a tracer. Its spans are there when it was stopped.
func recorded(t *testing.T, limit int) (*engine.Engine, *otelengine.Tracer, *tracetest.InMemoryExporter, *trace.TracerProvider) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(exporter))
	tracer := otelengine.NewTracer(provider, limit)
	return newEngine(t, engine.Config{Shards: 1, Hooks: tracer.Hooks()}), tracer, exporter, provider
}

// spansOf returns the ended spans by what is said of them: their operation's name,
// or their own.
func spansOf(exporter *tracetest.InMemoryExporter) map[string]tracetest.SpanStub {
	spans := map[string]tracetest.SpanStub{}
	for _, s := range exporter.GetSpans() {
		name := attr(s, "contend.operation.name")
		if name == "" {
			name = s.Name
		}
		spans[name] = s
	}
	return spans
}

func attr(s tracetest.SpanStub, key string) string {
	for _, kv := range s.Attributes {
		if string(kv.Key) == key {
			return kv.Value.AsString()
		}
	}
	return ""
}

func TestLosersLinkToTheirWinner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, tracer, exporter, _ := recorded(t, 0)
		run := func(context.Context) (int, error) {
			time.Sleep(30 * time.Millisecond)
			return 0, nil
		}
		for i, name := range []string{"a", "b", "c", "d"} { // two groups: c beats a, d beats b
			submit(t, e, engine.Op{Target: target(i % 2), Priority: engine.Priority(i), Name: name, Type: "move"}, run)
		}
		require.NoError(t, e.Stop(background))
		spans := spansOf(exporter)
		for loser, winner := range map[string]string{"a": "c", "b": "d"} {
			l, w := spans[loser], spans[winner]
			require.Equal(t, "contend move", l.Name)
			require.Len(t, l.Links, 1)
			require.Equal(t, w.SpanContext.SpanID(), l.Links[0].SpanContext.SpanID(), "%s lost to %s", loser, winner)
			require.Equal(t, w.SpanContext.TraceID(), l.Links[0].SpanContext.TraceID())
			require.Equal(t, winner, attr(l, "contend.winner.name"))
			require.Equal(t, "rejected", attr(l, "contend.outcome"))
			require.Equal(t, codes.Unset, l.Status.Code)
			require.Equal(t, 100*time.Millisecond, l.EndTime.Sub(l.StartTime))

			require.Empty(t, w.Links)
			require.Equal(t, "completed", attr(w, "contend.outcome"))
			require.Equal(t, 130*time.Millisecond, w.EndTime.Sub(w.StartTime))
		}
		executions := 0
		for _, s := range exporter.GetSpans() {
			if s.Name == "contend execution" {
				executions++
				require.Contains(t, []any{spans["c"].SpanContext.SpanID(), spans["d"].SpanContext.SpanID()}, any(s.Parent.SpanID()))
				require.Equal(t, 30*time.Millisecond, s.EndTime.Sub(s.StartTime))
			}
		}
		require.Equal(t, 2, executions)
		dropped, unlinked := tracer.Dropped()
		require.Zero(t, dropped+unlinked)
	})
}

func TestDoIsBelowItsCaller(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, tracer, exporter, provider := recorded(t, 0)
		ctx, request := provider.Tracer("test").Start(background, "request")
		h, err := otelengine.Submit(ctx, tracer, e, engine.Op{Target: target(0), Priority: 1, Name: "lesser"}, nothing)
		require.NoError(t, err)
		_, err = otelengine.Do(ctx, tracer, e, engine.Op{Target: target(0), Priority: 2, Name: "greater"}, func(ctx context.Context) (int, error) {
			_, span := provider.Tracer("test").Start(ctx, "query")
			span.End()
			return 0, errors.New("no")
		})
		require.ErrorIs(t, err, engine.ErrFailed)
		_, err = h.Wait(background)
		require.ErrorIs(t, err, engine.ErrRejected)
		_, err = otelengine.Do(ctx, tracer, e, engine.Op{Target: target(0), Window: -1, Type: "refused"}, nothing)
		require.ErrorIs(t, err, engine.ErrInvalid)
		_, err = otelengine.Do(ctx, tracer, e, engine.Op{Mode: engine.None, Type: "direct"}, nothing)
		require.NoError(t, err)
		request.End()
		require.NoError(t, e.Stop(background))

		spans := spansOf(exporter)
		for _, name := range []string{"lesser", "greater", "contend refused", "contend direct"} {
			require.Equal(t, request.SpanContext().SpanID(), spans[name].Parent.SpanID(), name)
		}
		require.Equal(t, spans["greater"].SpanContext.SpanID(), spans["lesser"].Links[0].SpanContext.SpanID())
		require.Equal(t, codes.Unset, spans["lesser"].Status.Code)
		require.Equal(t, codes.Error, spans["greater"].Status.Code)
		require.Equal(t, codes.Error, spans["contend refused"].Status.Code)
		require.Equal(t, codes.Unset, spans["contend direct"].Status.Code)
		for _, s := range exporter.GetSpans() {
			if s.SpanContext.SpanID() == spans["query"].Parent.SpanID() {
				require.Equal(t, "contend execution", s.Name)
				require.Equal(t, spans["greater"].SpanContext.SpanID(), s.Parent.SpanID())
				require.Equal(t, codes.Error, s.Status.Code)
			}
		}
		tracer.Close()
		dropped, unlinked := tracer.Dropped()
		require.Zero(t, dropped+unlinked, "nothing is left")
	})
}

// After a restart, operations may have the IDs of earlier ones: a loser is not linked
// to a winner with the ID of its own, but another entry.
func TestNoLinkToAnEarlierWinner(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracer := otelengine.NewTracer(trace.NewTracerProvider(trace.WithSyncer(exporter)), 0)
	hooks := tracer.Hooks()
	won, entry := engine.OpID{Sequence: 1}, target(1)
	hooks.Staged(engine.Event{Kind: engine.EventStaged, Op: won})
	hooks.Completed(engine.Event{Kind: engine.EventCompleted, Op: won, EntryID: entry, Outcome: engine.Won})
	lose := func(sequence uint64, to uuid.UUID) tracetest.SpanStub {
		exporter.Reset()
		op := engine.OpID{Sequence: sequence}
		hooks.Staged(engine.Event{Kind: engine.EventStaged, Op: op})
		hooks.Rejected(engine.Event{Kind: engine.EventRejected, Op: op, Winner: engine.Winner{ID: won, EntryID: to}, Outcome: engine.Lost})
		require.Len(t, exporter.GetSpans(), 1)
		return exporter.GetSpans()[0]
	}
	require.Len(t, lose(2, entry).Links, 1)
	require.Empty(t, lose(3, target(2)).Links)
	_, unlinked := tracer.Dropped()
	require.Equal(t, uint64(1), unlinked)
}

// A winner of Stage is executed by somebody else: its span ends with the verdict.
func TestBidsEndWithTheVerdict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, tracer, exporter, _ := recorded(t, 0)
		_, err := e.Stage(&engine.Bid{Target: target(0), Tag: 7})
		require.NoError(t, err)
		require.NoError(t, e.Stop(background))
		require.Len(t, exporter.GetSpans(), 1)
		require.Equal(t, "won", attr(exporter.GetSpans()[0], "contend.outcome"))
		tracer.Close()
		dropped, _ := tracer.Dropped()
		require.Zero(t, dropped)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e, tracer, exporter, _ := recorded(t, 10)
		for i := range 25 {
			submit(t, e, engine.Op{Target: target(i)}, nothing)
		}
		require.NoError(t, e.Stop(background))
		dropped, _ := tracer.Dropped()
		require.Equal(t, uint64(15), dropped)
		require.Len(t, exporter.GetSpans(), 25+10, "each is ended, and 10 executions were seen")
	})
}

// The span of what is refused, or does not contend and ends its goroutine, is ended.
func TestSpansOfWhatDoesNotTakePart(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracer := otelengine.NewTracer(trace.NewTracerProvider(trace.WithSyncer(exporter)), 0)
	e := newEngine(t, engine.Config{Shards: 1, Lineage: &engine.Lineage{}, Hooks: tracer.Hooks()})
	id := uuid.New()
	_, err := otelengine.Do(context.Background(), tracer, e, engine.Op{Target: uuid.New(), ID: id, Parents: []uuid.UUID{id}},
		func(context.Context) (int, error) { return 0, nil })
	require.IsType(t, &engine.CycleError{}, err)
	require.Len(t, exporter.GetSpans(), 1)

	ended := make(chan struct{})
	go func() {
		defer close(ended)
		otelengine.Do(context.Background(), tracer, e, engine.Op{}, func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
	}()
	<-ended
	require.Len(t, exporter.GetSpans(), 3, "the operation's and the execution's")
}
