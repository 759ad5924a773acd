package engine

import (
	"encoding/json"
	"fmt"
	"time"

	"example.com/contend/shard"
)

// Histogram is how a quantity was distributed; see shard.Histogram.
type Histogram = shard.Histogram

// Metrics is a snapshot of everything that is counted and measured, over all shards
// and restarts. It is pulled: between two snapshots nothing but counters is touched.
type Metrics struct {
	Stats
	// StagedIn is how many operations are staged in each shard.
	StagedIn []int

	Utilisation Histogram // operations in each group, those of one operation included
	Resolution  Histogram // seconds from a window's opening to its decision
	Lateness    Histogram // seconds of a decision beyond its window's end; not if it waited for an Exclusive winner
	Execution   Histogram // seconds that winners of Do and Submit executed
	Cycle       Histogram // seconds of each look of a shard's goroutine
}

// Metrics returns a snapshot. It is safe for concurrent use; the counters are read one
// after another while the engine works.
func (e *Engine) Metrics() Metrics {
	m := Metrics{Stats: e.Stats(), StagedIn: make([]int, e.config.Shards)}
	if g := e.current.Load(); g != nil {
		for i, s := range g.shards {
			m.StagedIn[i] = s.Stats().Staged
		}
	}
	for _, c := range e.cells {
		m.Utilisation = m.Utilisation.Add(c.measures.Utilisation.Whole())
		m.Resolution = m.Resolution.Add(c.measures.Resolution.InSeconds())
		m.Lateness = m.Lateness.Add(c.measures.Lateness.InSeconds())
		m.Execution = m.Execution.Add(c.execution.InSeconds())
		m.Cycle = m.Cycle.Add(c.measures.Cycle.InSeconds())
	}
	return m
}

// Sub returns what came since an earlier snapshot of the same engine. What does not
// only grow stays as it is now.
func (m Metrics) Sub(earlier Metrics) Metrics {
	m.Stats = m.Stats.Sub(earlier.Stats)
	m.Utilisation = m.Utilisation.Sub(earlier.Utilisation)
	m.Resolution = m.Resolution.Sub(earlier.Resolution)
	m.Lateness = m.Lateness.Sub(earlier.Lateness)
	m.Execution = m.Execution.Sub(earlier.Execution)
	m.Cycle = m.Cycle.Sub(earlier.Cycle)
	return m
}

// String returns the counts in one line, and the distributions in one each.
func (m Metrics) String() string {
	text := m.Stats.String() + fmt.Sprintf("\nutilisation: mean %.2f, p50 %.0f, p99 %.0f of %d groups",
		m.Utilisation.Mean(), m.Utilisation.Quantile(0.5), m.Utilisation.Quantile(0.99), m.Utilisation.Count)
	for _, h := range []struct {
		name string
		Histogram
	}{{"resolution", m.Resolution}, {"lateness", m.Lateness}, {"execution", m.Execution}, {"cycle", m.Cycle}} {
		text += fmt.Sprintf("\n%s: p50 %v, p99 %v, p99.9 %v of %d",
			h.name, seconds(h.Quantile(0.5)), seconds(h.Quantile(0.99)), seconds(h.Quantile(0.999)), h.Count)
	}
	return text
}

// seconds makes a duration of seconds, without digits that a histogram cannot tell.
func seconds(s float64) time.Duration {
	d := time.Duration(s * float64(time.Second))
	for unit := time.Second; unit > 1; unit /= 10 {
		if d >= 10*unit {
			return d - d%(unit/10)
		}
	}
	return d
}

// Var is an engine's metrics as a variable for package expvar, which this package
// does not import, since that would open a page in the default HTTP server:
//
//	expvar.Publish("contend", e.Var())
type Var struct{ engine *Engine }

// Var returns the engine's metrics as a variable.
func (e *Engine) Var() Var { return Var{e} }

// distribution is what a Var shows of a histogram.
type distribution struct {
	Count               uint64
	Sum                 float64
	P50, P90, P99, P999 float64
}

func distributionOf(h Histogram) distribution {
	return distribution{h.Count, h.Sum, h.Quantile(0.5), h.Quantile(0.9), h.Quantile(0.99), h.Quantile(0.999)}
}

// String returns the metrics as a JSON object: the fields of Stats, and of each
// distribution its count, sum and percentiles, in seconds or operations.
func (v Var) String() string {
	m := v.engine.Metrics()
	text, err := json.Marshal(struct {
		Stats
		StagedIn                                            []int
		Utilisation, Resolution, Lateness, Execution, Cycle distribution
	}{
		m.Stats, m.StagedIn, distributionOf(m.Utilisation), distributionOf(m.Resolution), distributionOf(m.Lateness),
		distributionOf(m.Execution), distributionOf(m.Cycle),
	})
	if err != nil {
		return "null" // there is nothing in it that could fail
	}
	return string(text)
}
