package bench

import (
	"fmt"
	"io"
	"testing"

	"example.com/contend/engine"
)

// BenchmarkWays is what ways beside the plain one cost, and how late they make
// verdicts, at a million operations a second: there, whatever is done for each of them
// one after the other shows.
func BenchmarkWays(b *testing.B) {
	rules := func(r engine.Rules) Options {
		return Options{Configure: func(c *engine.Config) { c.Rules = r }}
	}
	for _, way := range []struct {
		name     string
		withdraw float64
		options  Options
		watched  bool
	}{
		{name: "plain"},
		{name: "withdrawn", withdraw: 0.01}, // so that of every group some can be
		{name: "last-wins", options: rules(engine.Rules{Policy: engine.LastWins})},
		{name: "earliest-deadline", options: rules(engine.Rules{Policy: engine.EarliestDeadline})},
		{name: "size", options: rules(engine.Rules{Size: 1 << 30})},
		{name: "early", options: rules(engine.Rules{Early: true})},
		{name: "journal", options: Options{Journal: io.Discard}},
		{name: "watched", watched: true},
	} {
		for _, w := range []Workload{{Targets: 100, Skew: Threes}, {Targets: 10_000, Skew: Uniform}} {
			b.Run(fmt.Sprintf("%s/%v/targets=%d", way.name, w.Skew, w.Targets), func(b *testing.B) {
				w.Rate, w.Withdraw = 1_000_000, way.withdraw
				o := way.options
				o.Rung, o.Shards, o.Net = Callback, 1, true
				if way.watched {
					var s *engine.Subscription
					o.Started = func(e *engine.Engine) { s = readAll(e) }
					defer func() { s.Close() }()
				}
				benchmark(b, w, o)
			})
		}
	}
}

// readAll takes all events of an engine until the subscription is closed.
func readAll(e *engine.Engine) *engine.Subscription {
	s := e.Subscribe(engine.Filter{}, 8192)
	go func() {
		for range s.All() {
			continue // that is all
		}
	}()
	return s
}
