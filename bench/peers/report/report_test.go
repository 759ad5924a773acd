package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
	"github.com/stretchr/testify/require"
)

// TestMain is the command where it has started itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "measure" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func defaultPlan() *plan { return newPlan(&reportFlags{Seed: 1}) }

// faked returns results in which everything that is planned was measured.
func faked(p *plan, figure float64) *results {
	r := newResults()
	for _, m := range p.measurements {
		for unit := range unitNames {
			r.add(m.Question(), m.By, unit, figure)
		}
	}
	return r
}

// Every bar of the budget can be told from what is planned, none that asks for a ratio to
// the best peer is without one, and none that has a limit here.
func TestPlanAnswersEveryBar(t *testing.T) {
	r := faked(defaultPlan(), 100)
	limits := 0
	for _, b := range bars(scenarios{1}) {
		row, _, ok := b.row(r)
		require.True(t, ok, b.what)
		require.NotContains(t, row, "not measured", b.what)
		if b.here != nil {
			require.NotEqual(t, "–", row[5], b.what)
			limits++
		}
	}
	require.Equal(t, 18, limits)
}

func TestPlanAnswersTheSumOfTheParts(t *testing.T) {
	var out bytes.Buffer
	writeParts(&out, faked(defaultPlan(), 10), scenarios{1}, newResults())
	require.Contains(t, out.String(), "| sum | 60 | 60 | 60 | 60 | 60 | 60 |")
	require.Contains(t, out.String(), "| the rest | -50 |")
}

// The sum takes each part once, and what is not in it is in parentheses.
func TestSumTakesEachPartOnce(t *testing.T) {
	c := scenarios{1}
	s := c.partsOf(homeTargets, bench.Threes)
	r := newResults()
	for i, name := range drive.Parts {
		r.add(s.part.Question(), name, "cpu-ns/op", 10+float64(i))
	}
	r.add(s.flatOut.Question(), "core", "cpu-ns/op", 30)
	var out bytes.Buffer
	writeParts(&out, r, c, newResults())
	require.Empty(t, out.String(), "without all parts there is no sum")

	r.add(s.flatOut.Question(), "delivery", "cpu-ns/op", 40)
	writeParts(&out, r, c, newResults())
	for _, line := range []string{
		"| generator | 10 |", "| hash | 11 |", "| clock | (12) |", "| enqueue | 13 |", "| enqueue, sixteen at a time | (14) |",
		"| dequeue | 15 |", "| core with 30,000 in flight | (16) |", "| core with 400,000 in flight | 30 |",
		"| delivery with 30,000 in flight | (17) |", "| delivery with 400,000 in flight | 40 |",
		"| sum | 119 |", "| the whole | – |",
	} {
		require.Contains(t, out.String(), line)
	}
}

// Measurements can be told apart by name, which is what benchstat goes by, and what the
// results are kept by.
func TestPlanNamesAreUnique(t *testing.T) {
	for _, full := range []bool{false, true} {
		seen := make(map[string]bool)
		for _, m := range newPlan(&reportFlags{Full: full, Trace: []string{"a/one.gz", "b/two-three.csv.gz"}}).measurements {
			require.False(t, seen[m.Name()], m.Name())
			seen[m.Name()] = true
			require.NotContains(t, m.Name(), " ")
			require.Contains(t, m.Name(), fmt.Sprintf("procs=%d/", m.Procs))
		}
	}
}

// What takes long does not keep the rest from being measured again, and nothing extra is
// in the first round, which is always made whole.
func TestOrderOfARound(t *testing.T) {
	p := newPlan(&reportFlags{})
	planned := slices.Clone(p.measurements)
	seen := make(map[when]int)
	for _, m := range p.inRound(0) {
		require.NotEqual(t, extra, m.when, m.Name())
		seen[m.when]++
	}
	require.Equal(t, planned, p.measurements, "a round must not change the plan")
	later := p.inRound(1)
	require.ElementsMatch(t, planned, later)
	at := first
	for _, m := range later {
		require.GreaterOrEqual(t, m.when, at, m.Name())
		at = m.when
	}
	require.Equal(t, extra, at)
	require.Positive(t, seen[first])
	for _, question := range []string{p.highest().Question(), p.staged(million).Question()} { // asked in two parts
		var by []string
		for _, m := range planned {
			if m.Question() == question {
				by = append(by, m.By)
			}
		}
		require.ElementsMatch(t, windowed(), by)
	}
	require.Positive(t, seen[last])
	for _, f := range []reportFlags{{Full: true}, {Only: "Highest"}} {
		for _, m := range newPlan(&f).measurements {
			require.Equal(t, first, m.when, m.Name())
		}
	}
}

func TestMediansAndNet(t *testing.T) {
	r := newResults()
	for _, v := range []float64{30, 10, 20} {
		r.add("q", peers.Contend, "cpu-ns/op", v)
		r.add("q", drive.Nobody, "cpu-ns/op", v/10)
	}
	f, ok := r.get("q", peers.Contend, "cpu-ns/op")
	require.True(t, ok)
	require.Equal(t, figure{20, 0.5}, f)
	r.addNet()
	require.Equal(t, "**18 ±56%**", cell(r, "q", peers.Contend, "net-cpu-ns/op"))
	require.Equal(t, "–", cell(r, "q", "expert", "cpu-ns/op"))
}

// The whole command, with what it starts.
func TestCommand(t *testing.T) {
	raw := filepath.Join(t.TempDir(), "raw")
	var out, progress bytes.Buffer
	code := run([]string{"--only", "Part.*by=(hash|delivery)", "--rounds", "2", "--raw", raw}, &out, &progress)
	require.Equal(t, exitOK, code, progress.String())
	lines, err := os.ReadFile(raw)
	require.NoError(t, err)
	require.Len(t, regexp.MustCompile(`(?m)^BenchmarkPart/`).FindAllString(string(lines), -1), 36, "twice each; delivery is two")
	require.Contains(t, out.String(), "# contend beside its peers")

	out.Reset()
	require.Equal(t, exitOK, run([]string{"--list"}, &out, &progress))
	require.Contains(t, out.String(), "by=contend")
	for _, wrong := range [][]string{{"--only", "("}, {"--rounds", "0"}, {"--quote", "/nowhere"}, {"--nonsense"}, {"measure", "nonsense"}, {"measure", "{}"}} {
		require.Equal(t, exitUsage, run(wrong, &out, &progress), wrong)
	}
	require.Equal(t, exitOK, run([]string{"--help"}, &out, &progress))
}

func TestQuote(t *testing.T) {
	file := filepath.Join(t.TempDir(), "quoted")
	require.NoError(t, os.WriteFile(file, []byte("BenchmarkWheel-2\t100\t30.0 ns/op\nBenchmarkWheel-2\t100\t40.0 ns/op\nBenchmarkWheel-2\t100\t35.0 ns/op\n"), 0o600))
	quoted, err := quote(file)
	require.NoError(t, err)
	var out bytes.Buffer
	writeQuoted(&out, quoted)
	require.Contains(t, out.String(), "| Wheel-2 | 35 ±14% |")
}
