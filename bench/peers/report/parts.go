package main

import (
	"fmt"
	"io"
	"os"

	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
	"golang.org/x/perf/benchfmt"
)

// partsText is above the table of the parts.
const partsText = "What an operation passes through, each part measured alone on one thread, beside the whole job. " +
	"The core is table, wheel and chunks in logical time. The rest is what no part has: cache lines that go from one " +
	"thread to the other, the operations' memory coming back cold, wake-ups, the clock."

// writeParts prints the sum of the parts beside the whole.
func writeParts(w io.Writer, r *results, c scenarios, quoted *results) {
	head := []string{"CPU ns/op"}
	rows := make([][]string, len(drive.Parts)+3)
	for i, name := range append(append([]string(nil), drive.Parts...), "sum", "the whole", "the rest") {
		rows[i] = []string{name}
	}
	for _, s := range partSpecs(c) {
		column, ok := partColumn(r, s)
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

// partSpec is a column: the parts, and the whole job with the same operations.
type partSpec struct {
	head        string
	part, whole drive.Spec
}

func partSpecs(c scenarios) (all []partSpec) {
	for _, targets := range []int{100, homeTargets, million} {
		for _, skew := range skews {
			all = append(all, partSpec{
				head: fmt.Sprintf("%s %s", count(targets), skewWords[skew]),
				part: c.part(targets, skew), whole: c.flat(targets, skew),
			})
		}
	}
	return all
}

// partColumn returns the column's cells; not ok if a part was not measured.
func partColumn(r *results, s partSpec) (cells []string, ok bool) {
	sum := 0.0
	for _, name := range drive.Parts {
		f, ok := r.get(s.part.Question(), name, "cpu-ns/op")
		if !ok {
			return nil, false
		}
		sum += f.median
		cells = append(cells, show(f.median, "cpu-ns/op"))
	}
	cells = append(cells, show(sum, "cpu-ns/op"))
	whole, ok := r.get(s.whole.Question(), peers.Contend, "cpu-ns/op")
	if !ok {
		return append(cells, "–", "–"), true
	}
	return append(cells, show(whole.median, "cpu-ns/op"), show(whole.median-sum, "cpu-ns/op")), true
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
