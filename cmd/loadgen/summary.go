package main

import (
	"fmt"
	"io"
	"time"

	"example.com/contend/bench"
	"github.com/dustin/go-humanize"
)

// summarize prints a report for a person.
func summarize(out io.Writer, r *bench.Report) {
	row := func(name, value, format string, args ...any) {
		fmt.Fprintf(out, "  %-10s %12s   %s\n", name, value, fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(out, "%s\n\n", headline(r))
	s := &r.Stats
	row("submitted", comma(s.Submitted), "in %.2f s, %s/s", r.Submitting.Seconds(), perSecond(r))
	row("won", comma(s.Won), "groups, of which %s were conflicts (%s)", comma(s.Conflicts), percent(s.Conflicts, s.Won))
	row("rejected", comma(s.Rejected), "%s of the submitted", percent(s.Rejected, s.Submitted))
	row("withdrawn", comma(r.Withdrawn), "%s", percent(uint64(r.Withdrawn), s.Submitted))
	row("refused", comma(r.Refused), "%s", refusedHint(r))
	fmt.Fprintln(out)
	late := &r.Lateness
	row("lateness", millis(late.P50), "p50 beyond the window; p90 %s, p99 %s, p99.9 %s, max %s, early %d%s",
		millis(late.P90), millis(late.P99), millis(late.P999), millis(late.Max), late.Early, latenessHint(r))
	row("cpu", nanos(r.CPUPerOp()), "per operation, %s", cpuHint(r))
	row("memory", fmt.Sprintf("%.0f B", r.BytesPerOp()), "per operation in flight: %s for %s, rings included",
		humanize.IBytes(uint64(r.PeakBytes)), comma(r.PeakStaged))
	if r.Options.Journal != nil {
		row("journal", comma(s.JournalLost), "blocks lost")
	}
	fmt.Fprintln(out)
	verified(out, r)
	hottest(out, r)
}

func headline(r *bench.Report) string {
	w := &r.Workload
	targets := fmt.Sprintf("%s targets, %v", comma(w.Distinct()), w.Skew)
	if w.Distinct() != w.Targets && w.Skew == bench.Threes {
		targets = fmt.Sprintf("two alternating sets of %s targets, %v", comma(w.Targets), w.Skew)
	}
	if w.Trace != nil {
		targets = fmt.Sprintf("trace %s, %s targets", w.Trace.Name(), comma(w.Trace.Distinct()))
	}
	rate := "flat out"
	if w.Rate != bench.FlatOut {
		rate = comma(int64(w.Rate)) + " operations/s open loop"
	}
	line := fmt.Sprintf("%s over %s, window %v, %v, seed %d", rate, targets, w.Window, r.Options.Rung, w.Seed)
	if r.Interrupted {
		line += " (interrupted: what was accepted was decided)"
	}
	return line
}

func perSecond(r *bench.Report) string {
	if r.Submitting <= 0 {
		return "0"
	}
	return comma(int64(float64(r.Accepted()) / r.Submitting.Seconds()))
}

func percent(part, whole uint64) string {
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func nanos(d time.Duration) string { return fmt.Sprintf("%d ns", d.Nanoseconds()) }

func refusedHint(r *bench.Report) string {
	if r.Refused == 0 {
		return ""
	}
	return "more would be staged than --max-staged allows"
}

func latenessHint(r *bench.Report) string {
	lag := fmt.Sprintf("p50 %s, p99 %s", millis(r.Lag.P50), millis(r.Lag.P99))
	switch {
	case r.Exact:
		return fmt.Sprintf("\n%28sthe generator's own lag is part of it: %s", "", lag)
	case r.Workload.Rate != bench.FlatOut:
		return fmt.Sprintf("; from the opening\n%28sof the window: the generator's own lag is not part of it: %s", "", lag)
	}
	return "; from the opening of the window"
}

func cpuHint(r *bench.Report) string {
	hint := "generator included"
	if r.Verified != nil {
		hint = "generator and verification included"
	}
	if r.Generator.Total() > 0 {
		hint += fmt.Sprintf("; %s without the generator", nanos(r.NetCPUPerOp()))
	}
	return hint
}

func verified(out io.Writer, r *bench.Report) {
	v := r.Verified
	switch {
	case v == nil:
		fmt.Fprintln(out, "  not verified (--no-verify)")
	case v.Violations == 0:
		fmt.Fprintf(out, "  verified: all %s decisions agree with the reference model; %s operations\n  have one outcome each, none is lost, none was told early%s\n",
			comma(v.Decisions), comma(v.Operations), verifiedHint(r))
	default:
		fmt.Fprintf(out, "  FAILED: %s violations, %s operations without an outcome\n", comma(v.Violations), comma(v.Unsettled))
		for _, m := range v.Messages {
			fmt.Fprintf(out, "    %s\n", m)
		}
	}
}

func verifiedHint(r *bench.Report) string {
	if r.Options.Rung == bench.Blocking {
		return " (Do does not tell its\n  place in line: that nobody was left out is not checked)"
	}
	return ""
}

func hottest(out io.Writer, r *bench.Report) {
	if len(r.Hottest) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  %-36s %10s %8s %9s %8s\n", "hottest targets", "operations", "groups", "conflicts", "largest")
	for _, h := range r.Hottest {
		fmt.Fprintf(out, "  %-36v %10s %8s %9s %8s\n", h.Target, comma(h.Operations), comma(h.Groups), comma(h.Conflicts), comma(h.Largest))
	}
}
