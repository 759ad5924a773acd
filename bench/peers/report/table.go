package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"example.com/contend/bench/peers"
)

// write prints the whole report.
func write(w io.Writer, h *header, p *plan, c *campaign) {
	h.write(w)
	writeBars(w, c.results, p.scenarios)
	for _, s := range p.sections {
		s.write(w, c.results)
	}
	writeParts(w, c.results, p.scenarios, p.quoted)
	if len(c.faults) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## What must not be\n\n")
	for _, fault := range c.faults {
		fmt.Fprintf(w, "- %s\n", fault)
	}
}

// write prints a table for each unit of the section.
func (s *section) write(w io.Writer, r *results) {
	var asked []string
	for _, q := range s.questions {
		if len(s.names(r, q)) > 0 {
			asked = append(asked, q)
		}
	}
	if len(asked) == 0 || len(s.units) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n", s.title)
	if s.text != "" {
		fmt.Fprintf(w, "\n%s\n", s.text)
	}
	names := s.names(r, asked...)
	if len(asked) == 1 {
		s.writeUnits(w, r, asked[0], names)
		return
	}
	for _, unit := range s.units {
		head := []string{unitNames[unit]}
		for _, q := range asked {
			head = append(head, s.heads[q])
		}
		var rows [][]string
		for _, name := range names {
			row := []string{name}
			for _, q := range asked {
				row = append(row, cell(r, q, name, unit))
			}
			rows = append(rows, row)
		}
		writeTable(w, head, rows)
	}
}

// writeUnits prints a section of one question: its units across.
func (s *section) writeUnits(w io.Writer, r *results, question string, names []string) {
	head := []string{s.heads[question]}
	for _, unit := range s.units {
		head = append(head, unitNames[unit])
	}
	var rows [][]string
	for _, name := range names {
		row := []string{name}
		for _, unit := range s.units {
			row = append(row, cell(r, question, name, unit))
		}
		rows = append(rows, row)
	}
	writeTable(w, head, rows)
}

// names returns who was asked and measured, in the order of the roster, then others.
func (s *section) names(r *results, questions ...string) []string {
	var found []string
	for key := range r.figures {
		if slices.Contains(questions, key.question) && slices.Contains(s.by[key.question], key.by) && !slices.Contains(found, key.by) {
			found = append(found, key.by)
		}
	}
	order := append(everybody(), orderOfOthers...)
	slices.SortFunc(found, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return found
}

func cell(r *results, question, by, unit string) string {
	f, ok := r.get(question, by, unit)
	if !ok {
		return "–"
	}
	text := show(f.median, unit)
	if f.spread >= 0.005 {
		text += fmt.Sprintf(" ±%.0f%%", 100*f.spread)
	}
	if by == peers.Contend {
		text = "**" + text + "**"
	}
	return text
}

// unitNames are what stands in the corner of a table.
var unitNames = map[string]string{
	"ns/op": "wall ns/op", "cpu-ns/op": "CPU ns/op", "B/op": "allocated B/op", "allocs/op": "allocs/op",
	"ops/s": "ops/s", "highest-ops/s": "ops/s", "B/in-flight": "bytes in flight",
	"p50-late-ns": "p50 late", "p99-late-ns": "p99 late", "p999-late-ns": "p99.9 late",
	"accept-ns/op": "accept ns/op", "net-cpu-ns/op": "net CPU ns/op", "switches/s": "sleeps per second",
}

// show formats a figure.
func show(v float64, unit string) string {
	switch {
	case strings.HasSuffix(unit, "late-ns"):
		return fmt.Sprintf("%.2f ms", v/1e6)
	case strings.HasSuffix(unit, "ops/s"):
		return fmt.Sprintf("%.2f M", v/1e6)
	case unit == "allocs/op":
		return fmt.Sprintf("%.3f", v)
	case unit == "%", unit == "times":
		return fmt.Sprintf("%.2f", v)
	case math.Abs(v) < 10 && v != 0:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func writeTable(w io.Writer, head []string, rows [][]string) {
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(row, " | "))
	}
}
