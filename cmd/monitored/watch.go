package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/contend/engine"
	"github.com/dustin/go-humanize"
)

const (
	// lookEvery is how often the engine's state is looked at.
	lookEvery = 50 * time.Millisecond
	// lineEvery is how often a line tells of it.
	lineEvery = time.Second
)

// watch tells how an engine is, a line a second. It belongs to one goroutine.
type watch struct {
	engine *engine.Engine
	phases phases
	out    io.Writer

	before engine.Metrics // at the last line
	told   time.Duration  // when that was
	states states
}

func newWatch(e *engine.Engine, ps phases, out io.Writer) *watch {
	return &watch{engine: e, phases: ps, out: out, before: e.Metrics()}
}

// run watches until the context ends.
func (w *watch) run(ctx context.Context, start time.Time) {
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-looks.C:
		}
		h, elapsed := w.engine.Health(), time.Since(start)
		w.states.saw(h.State)
		if w.due(elapsed) {
			fmt.Fprintln(w.out, w.line(h, elapsed))
		}
	}
}

// due reports whether it is time for another line: at each full second, but for one
// that comes soon after a line that was late.
func (w *watch) due(elapsed time.Duration) bool {
	return elapsed >= w.told.Round(lineEvery)+lineEvery
}

// line tells how the engine is now, and what it did since the line before: in the
// phase of the middle of that time.
func (w *watch) line(h engine.Health, elapsed time.Duration) string {
	now := w.engine.Metrics()
	since, d := now.Sub(w.before), elapsed-w.told
	p, _ := w.phases.at(elapsed - d/2)
	w.before, w.told = now, elapsed
	per := func(n uint64) string { return humanize.Comma(int64(float64(n)/d.Seconds() + 0.5)) }
	state := h.State.String()
	if len(h.Reasons) > 0 {
		state += ": " + strings.Join(h.Reasons, "; ")
	}
	return fmt.Sprintf("%4.0fs  %-8s  staged %6s, per second completed %6s, rejected %6s, refused %6s, p99 late %.1f ms, %s",
		elapsed.Seconds(), p.name, humanize.Comma(int64(h.Staged)),
		per(since.Completed), per(since.Rejected), per(since.Refused), since.Lateness.Quantile(0.99)*1e3, state)
}

// states count how often an engine's state changed.
type states struct {
	last                engine.State // 0 at first
	degraded, recovered int
	other               int // changes to anything else
}

// saw notes a state.
func (s *states) saw(now engine.State) {
	if now == s.last {
		return
	}
	switch {
	case now == engine.StateDegraded:
		s.degraded++
	case now != engine.StateHealthy:
		s.other++
	case s.last != 0:
		s.recovered++
	}
	s.last = now
}
