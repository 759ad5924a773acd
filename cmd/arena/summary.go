package main

import (
	"fmt"
	"io"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/dustin/go-humanize"
)

// summarize prints a report for a person.
func summarize(out io.Writer, f flags, r *report) {
	row := func(name string, value int, format string, args ...any) {
		fmt.Fprintf(out, "  %-10s %9s   %s\n", name, humanize.Comma(int64(value)), fmt.Sprintf(format, args...))
	}
	t, s := r.total(), &r.stats
	fmt.Fprintf(out, "arena: %s entities, %d systems with %d operations a tick each, seed %d%s\n\n",
		humanize.Comma(int64(f.Entities)), f.Systems, f.Actions, f.Seed, map[bool]string{true: ", losers act too"}[f.Cheat])
	row("ticks", r.ticks, "in %.2f s, %d skipped; began late: %s", r.played.Seconds(), r.skipped, percentiles(r.delays.tick))
	row("operations", t.asked, "%s", outcomes(r))
	row("windows", int(s.Won), "of %v, of which %s were conflicts (%s); closed late: %s",
		window, humanize.Comma(int64(s.Conflicts)), percent(int(s.Conflicts), int(s.Won)), percentiles(r.delays.verdict))
	row("changes", r.changes, "of the world; from verdict to world: %s", percentiles(r.delays.handover))
	fmt.Fprintf(out, "\n  %-10s %9s %9s %9s %9s %9s\n", "system", "priority", "asked", "won", "lost", "share")
	for k := range kinds {
		t := r.tallies[k]
		fmt.Fprintf(out, "  %-10v %9d %9s %9s %9s %9s\n", k, int(k.priority()),
			humanize.Comma(int64(t.asked)), humanize.Comma(int64(t.won)), humanize.Comma(int64(t.lost)), percent(t.won, t.asked))
	}
	fmt.Fprintln(out)
	checked(out, r)
}

// checked prints what the referee found.
func checked(out io.Writer, r *report) {
	if r.violations == 0 {
		fmt.Fprintf(out, "  check: ok: every change of an entity was its one winner's of that tick, or the pay of\n"+
			"  one who won a trade with it; every winner changed the world once;\n  %s gold as at the start; health %s, from %s, as the winners account for it\n",
			humanize.Comma(r.gold), humanize.Comma(r.health), humanize.Comma(r.healthAtStart))
		return
	}
	fmt.Fprintf(out, "  check: FAILED: %s violations, the first:\n", humanize.Comma(int64(r.violations)))
	for _, text := range r.violationTexts {
		fmt.Fprintf(out, "    %s\n", text)
	}
}

func outcomes(r *report) string {
	t := r.total()
	text := fmt.Sprintf("%s won, %s lost", humanize.Comma(int64(t.won)), humanize.Comma(int64(t.lost)))
	if t.refused+t.failed > 0 {
		text += fmt.Sprintf(", %d refused, %d failed", t.refused, t.failed)
	}
	if r.missed > 0 {
		text += fmt.Sprintf("; systems were too busy for a tick %d times", r.missed)
	}
	return text
}

func percentiles(h *hdrhistogram.Histogram) string {
	millis := func(us int64) float64 { return float64(us) / 1000 }
	return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms",
		millis(h.ValueAtQuantile(50)), millis(h.ValueAtQuantile(99)), millis(h.Max()))
}

func percent(part, whole int) string {
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}
