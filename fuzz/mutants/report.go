package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// verdict says what a finding means for a trial.
func (t trial) verdict(f *finding) string {
	switch {
	case f.noticed && t.survives != "":
		return "CAUGHT, though said to survive"
	case f.noticed:
		return "caught"
	case t.survives != "":
		return "survives, explained"
	}
	return "SURVIVED"
}

// right reports whether a trial ended as it should.
func (t trial) right(f *finding) bool { return f.noticed == (t.survives == "") }

const longestReason = 110

// print reports a trial in a line, or more if asked to.
func (r *runner) print(t trial, f *finding) {
	kind := ""
	if t.check.canary {
		kind = "canary "
	}
	fmt.Fprintf(r.out, "%-9s %5.1fs  %-32s %s%s\n", t.verdict(f), f.took.Seconds(), t.name, kind, t.check)
	for _, line := range []string{f.reason, f.effort, t.survives} {
		if line != "" {
			fmt.Fprintf(r.out, "%19s%s\n", "", shorten(line))
		}
	}
	if r.verbose || !t.right(f) {
		fmt.Fprintf(r.out, "%19s%s (%s)\n", "", t.why, t.at)
	}
	if r.verbose {
		fmt.Fprintln(r.out, "\t"+strings.ReplaceAll(strings.TrimSpace(f.output), "\n", "\n\t"))
	}
}

func shorten(line string) string {
	if runes := []rune(line); len(runes) > longestReason {
		return string(runes[:longestReason]) + "…"
	}
	return line
}

// totals counts mutants and canaries.
type totals struct {
	mutants, caught, explained, wrong int
	canaries, found                   int

	last   *mutant
	missed bool // by a check of the last
}

func (n *totals) add(t trial, f *finding) {
	if t.mutant != n.last {
		n.last, n.missed = t.mutant, false
		n.mutants++
		if t.survives == "" {
			n.caught++
		} else {
			n.explained++
		}
	}
	if t.check.canary {
		n.canaries++
		if f.noticed {
			n.found++
		}
	}
	if t.right(f) || n.missed {
		return
	}
	n.missed = true
	n.wrong++
	if t.survives == "" {
		n.caught--
	} else {
		n.explained--
	}
}

func (n *totals) ok() bool { return n.wrong == 0 }

func (n *totals) print(out io.Writer, took time.Duration) {
	fmt.Fprintf(out, "\n%d of %d mutants caught by all of their checks, %d survive with an explanation, %d are not as they should be",
		n.caught, n.mutants, n.explained, n.wrong)
	if n.canaries > 0 {
		fmt.Fprintf(out, "; %d of %d canaries found", n.found, n.canaries)
	}
	fmt.Fprintf(out, " (%.0fs)\n", took.Seconds())
}
