// Package otelengine shows an engine to OpenTelemetry: its metrics, and a span for
// each operation.
//
// # Metrics
//
// [Observe] registers observable instruments, fed by one callback from one snapshot;
// [Producer] adds the distributions, for which the API has no observable instrument,
// as exponential histograms to a reader of the SDK. Neither has a goroutine or costs
// anything between collections.
//
//	contend.operations {operation}    counter by contend.outcome: completed, failed, rejected, folded,
//	                                  masked, displaced, undecided, cleared, withdrawn, stopped
//	contend.staged {operation}        up-down counter by contend.shard
//	contend.window.operations         histogram of {operation}; and, of s: contend.resolution.duration,
//	                                  contend.lateness, contend.execution.duration, contend.cycle.duration
//	contend.health 1                  gauge by contend.state: 1 for the state that the engine is in
//
// and the rest of engine.Stats.
//
// # Traces
//
// A [Tracer] makes spans of the engine's events, away from where decisions are made:
//
//	operation  ├── staged ──────── conflict ── started ──────┤ contend.outcome=completed
//	                                           └─ execution ─┘
//	loser      ├── staged ─────────┤ contend.outcome=rejected, link to the winner
//
// Losing is no error: only what failed, was stopped or displaced has the status Error.
// [Do] and [Submit] make the operation's span a child of the caller's, and the
// execution's span the parent of what the function begins. Operations that are submitted
// without them have spans without a parent.
package otelengine
