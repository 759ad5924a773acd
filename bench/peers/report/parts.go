package main

import (
	"fmt"
	"io"
	"os"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
	"golang.org/x/perf/benchfmt"
)

// partsText is above the table of the parts.
const partsText = "What an operation passes through, each part measured alone on one thread, beside the whole job. " +
	"The core is table, wheel and chunks in logical time. " +
	"What is in parentheses is not in the sum: core and delivery with less in flight than there is flat out; what a batch does instead; what only a submission does that finds the shard asleep. " +
	"The rest is what no part has: cache lines that go from one thread to the other and back, and waking up."

// partRow is a row of the table of the parts.
type partRow struct {
	label, name string
	flatOut     bool // with as much in flight as flat out
	aside       bool // not in the sum
}

// partRows are the rows above the sum.
func partRows() []partRow {
	home, flatOut := " with "+count(homeFlight)+" in flight", " with "+count(flatOutFlight)+" in flight"
	return []partRow{
		{label: "generator", name: "generator"},
		{label: "hash", name: "hash"},
		{label: "enqueue", name: "enqueue"},
		{label: "dequeue", name: "dequeue"},
		{label: "core" + flatOut, name: "core", flatOut: true},
		{label: "core" + home, name: "core", aside: true},
		{label: "delivery" + flatOut, name: "delivery", flatOut: true},
		{label: "delivery" + home, name: "delivery", aside: true},
		{label: "enqueue, sixteen at a time", name: "enqueue16", aside: true},
		{label: "clock", name: "clock", aside: true},
	}
}

// writeParts prints the sum of the parts beside the whole.
func writeParts(w io.Writer, r *results, c scenarios, quoted *results) {
	head := []string{"CPU ns/op"}
	var rows [][]string
	for _, row := range partRows() {
		rows = append(rows, []string{row.label})
	}
	rows = append(rows, []string{"sum"}, []string{"the whole"}, []string{"the rest"})
	for _, s := range partSpecs(c) {
		column, ok := s.column(r)
		if !ok {
			continue
		}
		head = append(head, s.head)
		for i, text := range column {
			rows[i] = append(rows[i], text)
		}
	}
	if len(head) == 1 {
		return
	}
	fmt.Fprintf(w, "\n## The sum of the parts\n\n%s\n", partsText)
	writeTable(w, head, rows)
	writeQuoted(w, quoted)
}

// partSpec is a column: the parts, those with as much in flight as flat out, and the whole
// job with the same operations.
type partSpec struct {
	head                 string
	part, flatOut, whole drive.Spec
}

func (c scenarios) partsOf(targets int, skew bench.Skew) partSpec {
	s := partSpec{
		head: fmt.Sprintf("%s %s", count(targets), skewWords[skew]),
		part: c.part(targets, skew), whole: c.flat(targets, skew),
	}
	s.flatOut = s.part
	s.flatOut.InFlight = flatOutFlight
	return s
}

func partSpecs(c scenarios) (all []partSpec) {
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			all = append(all, c.partsOf(targets, skew))
		}
	}
	return all
}

// column returns the column's cells; not ok if a part was not measured.
func (s partSpec) column(r *results) (cells []string, ok bool) {
	for _, row := range partRows() {
		text, ok := s.cell(r, row)
		if !ok {
			return nil, false
		}
		cells = append(cells, text)
	}
	sum, _ := s.job()(r) // it has no other parts
	cells = append(cells, show(sum, "cpu-ns/op"))
	whole, ok := r.get(s.whole.Question(), peers.Contend, "cpu-ns/op")
	if !ok {
		return append(cells, "–", "–"), true
	}
	return append(cells, show(whole.median, "cpu-ns/op"), show(whole.median-sum, "cpu-ns/op")), true
}

// cell shows a part, in parentheses if it is not in the sum.
func (s partSpec) cell(r *results, row partRow) (text string, ok bool) {
	figure, ok := s.cost(row.name, row.flatOut)(r)
	if !ok {
		return "", false
	}
	text = show(figure, "cpu-ns/op")
	if row.aside {
		text = "(" + text + ")"
	}
	return text, true
}

// quote reads what go test -bench has printed about parts that a package keeps to
// itself.
func quote(file string) (*results, error) {
	r := newResults()
	if file == "" {
		return r, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	reader := benchfmt.NewReader(f, file)
	for reader.Scan() {
		if result, ok := reader.Result().(*benchfmt.Result); ok {
			if seconds, ok := result.Value("sec/op"); ok {
				r.add(result.Name.String(), "", "ns/op", 1e9*seconds)
			}
		}
	}
	return r, reader.Err()
}

func writeQuoted(w io.Writer, quoted *results) {
	var rows [][]string
	for _, name := range quoted.questions() {
		rows = append(rows, []string{name, cell(quoted, name, "", "ns/op")})
	}
	if len(rows) > 0 {
		writeTable(w, []string{"quoted from another run", "ns/op"}, rows)
	}
}
