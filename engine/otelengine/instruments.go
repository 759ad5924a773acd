package otelengine

import (
	"context"
	"errors"
	"strconv"

	"example.com/contend/engine"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope names the instrumentation.
const scope = "example.com/contend/engine/otelengine"

// counter is a count that only grows.
type counter struct {
	name, unit, help string
	read             func(*engine.Metrics) uint64
}

var counters = []counter{
	{"contend.submitted", "{operation}", "Operations accepted for staging.", func(m *engine.Metrics) uint64 { return m.Submitted }},
	{"contend.refused", "{operation}", "Submissions refused.", func(m *engine.Metrics) uint64 { return m.Refused }},
	{"contend.overloaded", "{operation}", "Submissions refused because of overload; part of those refused.", func(m *engine.Metrics) uint64 { return m.Overloaded }},
	{"contend.decided", "{group}", "Groups decided, each with one winner.", func(m *engine.Metrics) uint64 { return m.Won }},
	{"contend.conflicts", "{group}", "Groups decided with more than one contender.", func(m *engine.Metrics) uint64 { return m.Conflicts }},
	{"contend.early_rejections", "{operation}", "Operations that lost before their window closed; part of those rejected.", func(m *engine.Metrics) uint64 { return m.Early }},
	{"contend.retries", "{retry}", "Losses that were made up for by trying again.", func(m *engine.Metrics) uint64 { return m.Retried }},
	{"contend.direct", "{operation}", "Functions executed without contention.", func(m *engine.Metrics) uint64 { return m.Direct }},
	{"contend.events.dropped", "{event}", "Events that did not reach a hook or subscription.", func(m *engine.Metrics) uint64 { return m.EventsDropped }},
	{"contend.journal.lost", "{block}", "Blocks of the journal that were not written.", func(m *engine.Metrics) uint64 { return m.JournalLost }},
	{"contend.incidents", "{panic}", "Failures of policies, hooks and contenders, survived.", func(m *engine.Metrics) uint64 { return m.Incidents }},
	{"contend.restarts", "{restart}", "Restarts of shards after a panic in one, or its end.", func(m *engine.Metrics) uint64 { return m.Restarts }},
	{"contend.sleeps", "{sleep}", "Sleeps of shards with a timer.", func(m *engine.Metrics) uint64 { return m.Sleeps }},
}

// levels are counts that rise and fall.
var levels = []struct {
	name, unit, help string
	read             func(*engine.Metrics) int
}{
	{"contend.windows", "{window}", "Targets with an open window.", func(m *engine.Metrics) int { return m.Windows }},
	{"contend.running", "{operation}", "Winners between verdict and end.", func(m *engine.Metrics) int { return m.Running }},
	{"contend.staging.memory", "By", "Memory held for staging.", func(m *engine.Metrics) int { return m.Bytes }},
}

// outcomes are how an operation can end.
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

var states = []engine.State{engine.StateDown, engine.StateFailed, engine.StateDegraded, engine.StateHealthy}

// observation is an instrument and how it is read.
type observation func(metric.Observer, *engine.Metrics, *engine.Health)

// instruments collects what one callback feeds.
type instruments struct {
	meter metric.Meter
	named []attribute.KeyValue // on everything
	all   []metric.Observable
	read  []observation
	err   error
}

// Observe registers instruments that show an engine's metrics whenever the provider's
// readers collect, until the registration is undone. All bear the attribute
// contend.engine with engine.Config.Name, if there is one.
func Observe(e *engine.Engine, provider metric.MeterProvider) (metric.Registration, error) {
	in := &instruments{meter: provider.Meter(scope), named: named(e)}
	in.operations()
	in.counters()
	in.staged(e.Shards())
	in.levels()
	in.health()
	if in.err != nil {
		return nil, in.err
	}
	return in.meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		m, h := e.Metrics(), e.Health()
		for _, read := range in.read {
			read(to, &m, &h)
		}
		return nil
	}, in.all...)
}

func named(e *engine.Engine) []attribute.KeyValue {
	if e.Name() == "" {
		return nil
	}
	return []attribute.KeyValue{attribute.String("contend.engine", e.Name())}
}

// with makes the option of an observation with one more attribute, or none.
func (in *instruments) with(more ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(more, in.named...)...))
}

func (in *instruments) add(o metric.Observable, err error, read observation) {
	in.err = errors.Join(in.err, err)
	in.all, in.read = append(in.all, o), append(in.read, read)
}

func (in *instruments) operations() {
	o, err := in.meter.Int64ObservableCounter("contend.operations", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations that contended, by how they ended. Winners that the engine does not execute are not among them."))
	options := make([]metric.MeasurementOption, len(outcomes))
	for i, outcome := range outcomes {
		options[i] = in.with(attribute.String("contend.outcome", outcome.name))
	}
	in.add(o, err, func(to metric.Observer, m *engine.Metrics, _ *engine.Health) {
		for i, outcome := range outcomes {
			to.ObserveInt64(o, int64(outcome.read(m)), options[i])
		}
	})
}

func (in *instruments) counters() {
	option := in.with()
	for _, c := range counters {
		o, err := in.meter.Int64ObservableCounter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.help))
		in.add(o, err, func(to metric.Observer, m *engine.Metrics, _ *engine.Health) {
			to.ObserveInt64(o, int64(c.read(m)), option)
		})
	}
}

func (in *instruments) staged(shards int) {
	o, err := in.meter.Int64ObservableUpDownCounter("contend.staged", metric.WithUnit("{operation}"),
		metric.WithDescription("Operations accepted and not decided."))
	options := make([]metric.MeasurementOption, shards)
	for i := range options {
		options[i] = in.with(attribute.String("contend.shard", strconv.Itoa(i)))
	}
	in.add(o, err, func(to metric.Observer, m *engine.Metrics, _ *engine.Health) {
		for i, n := range m.StagedIn {
			to.ObserveInt64(o, int64(n), options[i])
		}
	})
}

func (in *instruments) levels() {
	option := in.with()
	for _, l := range levels {
		o, err := in.meter.Int64ObservableUpDownCounter(l.name, metric.WithUnit(l.unit), metric.WithDescription(l.help))
		in.add(o, err, func(to metric.Observer, m *engine.Metrics, _ *engine.Health) {
			to.ObserveInt64(o, int64(l.read(m)), option)
		})
	}
}

func (in *instruments) health() {
	state, err := in.meter.Int64ObservableGauge("contend.health", metric.WithUnit("1"),
		metric.WithDescription("1 for the state that the engine is in, 0 for the others."))
	options := map[engine.State]metric.MeasurementOption{}
	for _, s := range states {
		options[s] = in.with(attribute.String("contend.state", s.String()))
	}
	in.add(state, err, func(to metric.Observer, _ *engine.Metrics, h *engine.Health) {
		for _, s := range states {
			is := int64(0)
			if s == h.State {
				is = 1
			}
			to.ObserveInt64(state, is, options[s])
		}
	})
	late, err := in.meter.Float64ObservableGauge("contend.lateness.worst", metric.WithUnit("s"),
		metric.WithDescription("By how much windows closed after their time at worst, in the last one to two seconds."))
	option := in.with()
	in.add(late, err, func(to metric.Observer, _ *engine.Metrics, h *engine.Health) {
		to.ObserveFloat64(late, h.Lateness.Seconds(), option)
	})
}
