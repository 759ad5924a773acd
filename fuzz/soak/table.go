package main

import (
	"fmt"
	"io"
	"time"

	"example.com/contend/fuzz/model"
	"github.com/dustin/go-humanize"
)

// table is what a soak came to.
type table struct {
	seed        uint64
	began       time.Time
	took        time.Duration
	interrupted bool

	epochs, bursts, restarts int
	accepted, incidents      uint64
	tally                    map[string]uint64
	found                    map[string]int // violations, by kind
	texts                    []string

	before, peak, after usage   // of the epoch with the worst ratio
	worst               float64 // heap after to before
}

// mostTexts is how many violations are printed.
const mostTexts = 20

// add takes in an epoch.
func (t *table) add(e *epoch) {
	if t.tally == nil {
		t.tally = map[string]uint64{}
	}
	t.epochs++
	t.bursts += e.bursts
	t.restarts += e.restarts
	t.accepted += e.stats.Submitted
	t.incidents += e.stats.Incidents
	for name, n := range e.tally {
		t.tally[name] += n
	}
	if r := e.ratio(); r > t.worst {
		t.worst, t.before, t.after = r, e.before, e.after
	}
	t.peak.heap = max(t.peak.heap, e.peak.heap)
	t.peak.goroutines = max(t.peak.goroutines, e.peak.goroutines)
	for _, v := range e.wrong {
		t.found[string(v.Kind)]++
		if len(t.texts) < mostTexts {
			t.texts = append(t.texts, fmt.Sprintf("epoch %d: %v", t.epochs, v))
		}
	}
}

func (t *table) wrong() bool { return len(t.found) > 0 }

// endings are the outcomes in the order in which they are printed.
var endings = []string{"completed", "failed", "won", "rejected", "withdrawn", "stopped", "masked", "undecided", "gave up", "refused"}

// kinds are the ways of being wrong in the order in which they are printed.
var kinds = []model.Kind{
	model.Vanished, model.Duplicated, model.Hung, model.WronglyWon, model.LeftOut, model.Disordered, model.TooEarly, model.TooLate,
	model.Leftover, model.Misregistered, model.Misexecuted, "incidents", "unexpected",
}

// print prints it for a person.
func (t *table) print(out io.Writer) {
	ended := ""
	if t.interrupted {
		ended = ", interrupted"
	}
	fmt.Fprintf(out, "soak of %v, seed %d, %d epochs%s\n\n", t.took.Round(time.Millisecond), t.seed, t.epochs, ended)
	row := func(name, value, hint string) { fmt.Fprintf(out, "  %-16s %12s   %s\n", name, value, hint) }
	count := func(n uint64) string { return humanize.Comma(int64(n)) }
	row("accepted", count(t.accepted), "operations; each of them got one of these outcomes, but for the last two:")
	for _, name := range endings {
		row("  "+name, count(t.tally[name]), "")
	}
	row("bursts", count(uint64(t.bursts)), "")
	row("restarts", count(uint64(t.restarts)), "of a started engine, beside one engine per epoch")
	row("incidents", count(t.incidents), "panics and Goexits in policies, hooks, contenders, the executor and the registry, survived")
	row("heap", fmt.Sprintf("%.2f", t.worst), fmt.Sprintf("of what it was, at most, when silence had followed a burst: %s before, %s after; peak %s, recording included",
		humanize.IBytes(t.before.heap), humanize.IBytes(t.after.heap), humanize.IBytes(t.peak.heap)))
	row("goroutines", fmt.Sprint(t.after.goroutines), fmt.Sprintf("after, %d before, peak %d", t.before.goroutines, t.peak.goroutines))
	fmt.Fprintln(out)
	for _, kind := range kinds {
		row(string(kind), fmt.Sprint(t.found[string(kind)]), "")
	}
	if !t.wrong() {
		fmt.Fprintln(out, "\n  nothing was wrong")
		return
	}
	fmt.Fprintln(out, "\n  FAILED:")
	for _, text := range t.texts {
		fmt.Fprintf(out, "    %s\n", text)
	}
}
