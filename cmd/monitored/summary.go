package main

import (
	"fmt"
	"io"
	"time"

	"example.com/contend/engine"
	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// summary is what a run came to.
type summary struct {
	elapsed time.Duration
	stats   engine.Stats
	states  states
}

// print prints a summary for a person.
func (s *summary) print(out io.Writer) {
	row := func(name string, n uint64, of uint64, note string) {
		share := ""
		if of > 0 {
			share = fmt.Sprintf("%5.1f %%  ", 100*float64(n)/float64(of))
		}
		fmt.Fprintf(out, "  %-10s %12s  %s%s\n", name, humanize.Comma(int64(n)), share, note)
	}
	st := &s.stats
	asked := st.Submitted + st.Refused
	fmt.Fprintf(out, "\nmonitored: %s operations in %.1f s\n\n", humanize.Comma(int64(asked)), s.elapsed.Seconds())
	row("completed", st.Completed, asked, "winners, which were executed")
	row("rejected", st.Rejected, asked, "losers of a conflict")
	row("refused", st.Refused, asked, "not staged, because too much was")
	row("failed", st.Failed, asked, "winners whose function failed")
	row("stopped", st.Stopped, asked, "undecided or unfinished at the end")
	times := func(n int) string { return english.Plural(n, "time", "") }
	fmt.Fprintf(out, "\n  health: degraded %s, healthy again %s", times(s.states.degraded), times(s.states.recovered))
	if s.states.other > 0 {
		fmt.Fprintf(out, ", failed or down %s", times(s.states.other))
	}
	fmt.Fprintln(out)
}
