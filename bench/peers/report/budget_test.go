package main

import (
	"bytes"
	"testing"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/bench/peers/drive"
	"github.com/stretchr/testify/require"
)

// always is a figure that was measured.
func always(figure float64) measured {
	return func(*results) (float64, bool) { return figure, true }
}

func never(*results) (float64, bool) { return 0, false }

// A bar is met by its figure and its ratio to the best peer; one that is not is out of
// reach if the limit here breaks one of the two as well.
func TestBarsAreMetOrNot(t *testing.T) {
	s := scenarios{1}.home()
	least := bar{unit: "cpu-ns/op", limit: 100}
	ratio := bar{unit: "cpu-ns/op", limit: 100, ratio: 0.5}
	most := bar{unit: "ops/s", limit: 8e6, most: true}
	mostRatio := bar{unit: "ops/s", limit: 8e6, most: true, ratio: 4}
	for _, c := range []struct {
		name             string
		bar              bar
		contend, best    float64
		here             measured
		want             verdict
		measured, ratios string
		limit            string
	}{
		{"met", ratio, 50, 200, nil, met, "50", "0.25", "–"},
		{"met, whatever the limit", ratio, 50, 200, always(500), met, "50", "0.25", "500 (2.50)"},
		{"ratio missed", ratio, 50, 60, nil, missed, "50", "0.83", "–"},
		{"figure missed", least, 101, 900, nil, missed, "101", "0.11", "–"},
		{"figure missed, limit not measured", least, 101, 900, never, missed, "101", "0.11", "–"},
		{"figure missed, limit below it", least, 101, 900, always(100), missed, "101", "0.11", "100"},
		{"figure missed, limit above it", least, 120, 900, always(101), outOfReach, "120", "0.13", "101"},
		{"figure missed, ahead of the limit", least, 120, 900, always(121), missed, "120", "0.13", "121"},
		{"ratio missed, limit below it", ratio, 50, 60, always(30), missed, "50", "0.83", "30 (0.50)"},
		{"ratio missed, limit above it", ratio, 50, 60, always(31), outOfReach, "50", "0.83", "31 (0.52)"},
		{"figure missed, limit above the ratio alone", ratio, 120, 60, always(40), outOfReach, "120", "2.00", "40 (0.67)"},
		{"figure missed, limit above it, a peer ahead", least, 120, 100, always(101), missed, "120", "1.20", "101"},
		{"most: figure missed, limit below it, a peer ahead", most, 7e6, 7.6e6, always(7.5e6), missed, "7.00 M", "0.92", "7.50 M"},
		{"most: met", mostRatio, 9e6, 2e6, always(1e6), met, "9.00 M", "4.50", "1.00 M (0.50)"},
		{"most: ratio missed", mostRatio, 9e6, 3e6, nil, missed, "9.00 M", "3.00", "–"},
		{"most: figure missed", most, 7e6, 1e6, nil, missed, "7.00 M", "7.00", "–"},
		{"most: figure missed, limit above it", most, 7e6, 1e6, always(8e6), missed, "7.00 M", "7.00", "8.00 M"},
		{"most: figure missed, limit below it", most, 7e6, 1e6, always(7.5e6), outOfReach, "7.00 M", "7.00", "7.50 M"},
		{"most: figure missed, ahead of the limit", most, 7e6, 1e6, always(6e6), missed, "7.00 M", "7.00", "6.00 M"},
		{"most: ratio missed, limit above it", mostRatio, 9e6, 3e6, always(12e6), missed, "9.00 M", "3.00", "12.00 M (4.00)"},
		{"most: ratio missed, limit below it", mostRatio, 9e6, 3e6, always(11e6), outOfReach, "9.00 M", "3.00", "11.00 M (3.67)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.bar.value, c.bar.here = of(s, "cpu-ns/op"), c.here
			r := newResults()
			r.add(s.Question(), peers.Contend, "cpu-ns/op", c.contend)
			r.add(s.Question(), "expert", "cpu-ns/op", c.best)
			worse, none := 2*c.best, 0.001
			if c.bar.most {
				worse, none = c.best/2, 1e9
			}
			r.add(s.Question(), "afterfunc", "cpu-ns/op", worse)
			for _, name := range []string{"streams", drive.Nobody, drive.Waits, drive.Wakes} {
				r.add(s.Question(), name, "cpu-ns/op", none) // of other windows, or they decide nothing
			}
			row, verdict, ok := c.bar.row(r)
			require.True(t, ok)
			require.Equal(t, c.want, verdict, row)
			require.Equal(t, []string{c.measured, c.ratios, c.limit, string(c.want)}, []string{row[2], row[4], row[5], row[6]})
		})
	}
}

// Where no peer was measured a ratio is not met, and out of reach only by the figure.
func TestBarsWithoutPeers(t *testing.T) {
	s := scenarios{1}.home()
	r := newResults()
	b := bar{unit: "cpu-ns/op", limit: 100, ratio: 0.5, value: of(s, "cpu-ns/op"), here: always(90)}
	_, _, ok := b.row(r)
	require.False(t, ok, "contend was not measured")

	r.add(s.Question(), peers.Contend, "cpu-ns/op", 95)
	row, verdict, ok := b.row(r)
	require.True(t, ok)
	require.Equal(t, missed, verdict)
	require.Equal(t, []string{"not measured", "90"}, []string{row[4], row[5]})

	b.limit = 80
	_, verdict, _ = b.row(r)
	require.Equal(t, outOfReach, verdict)
}

// The headline counts what is met, and what is out of reach.
func TestHeadline(t *testing.T) {
	c := scenarios{1}
	r := newResults()
	s := c.batch(100, bench.Threes)
	r.add(s.Question(), peers.Contend, "cpu-ns/op", 50) // of 30, and 20 of 15 M
	r.add(c.staged(homeFlight).Question(), peers.Contend, "B/in-flight", 60)
	var out bytes.Buffer
	writeBars(&out, r, c)
	require.Contains(t, out.String(), "## The budget: 2 of 3 bars met, 0 out of reach here\n")
	p := c.partsOf(100, bench.Threes)
	for _, name := range drive.Parts {
		r.add(p.part.Question(), name, "cpu-ns/op", 8)
	}
	r.add(p.flatOut.Question(), "core", "cpu-ns/op", 9)
	out.Reset()
	writeBars(&out, r, c)
	require.Contains(t, out.String(), "## The budget: 2 of 3 bars met, 1 out of reach here\n")
	require.Contains(t, out.String(), "| 50 | – | – | 41 | out of reach |\n")
	require.Contains(t, out.String(), "| 20.00 M | – | – | 24.39 M | yes |\n")
	require.Contains(t, out.String(), "| 60 | – | – | – | yes |\n")
}

func TestLimits(t *testing.T) {
	c := scenarios{1}
	r := newResults()
	s := c.partsOf(homeTargets, bench.Threes)
	for i, name := range []string{"generator", "hash", "clock", "enqueue", "enqueue16", "dequeue", "core", "delivery"} {
		r.add(s.part.Question(), name, "cpu-ns/op", float64(int(1)<<i))
	}
	r.add(s.flatOut.Question(), "core", "cpu-ns/op", 512)
	r.add(s.flatOut.Question(), "delivery", "cpu-ns/op", 256)
	r.add(c.shards(1).Question(), peers.Contend, "cpu-ns/op", 250)
	r.add(c.shards(1).Question(), peers.Contend, "ops/s", 6e6)
	for name, want := range map[string]struct {
		limit measured
		is    float64
	}{
		"accepting": {c.accepting(), 2 + 4 + 8},
		"job":       {s.job(), 1 + 2 + 8 + 32 + 512 + 256},
		"batch":     {s.batch(), 1 + 2 + 16 + 32 + 512},
		"highest":   {c.highestRate(), 1e9 / (32 + 512 + 256)},
		"shards":    {c.bothBusy(), 2 / (250e-9 * 6e6)},
	} {
		figure, ok := want.limit(r)
		require.True(t, ok, name)
		require.InEpsilon(t, want.is, figure, 1e-9, name)
		_, ok = want.limit(newResults())
		require.False(t, ok, name)
	}
	r.add(s.part.Question(), "generator", "cpu-ns/op", 1999) // its median is 1000 now
	figure, _ := c.highestRate()(r)
	require.InEpsilon(t, 1e9/(1000+2+8), figure, 1e-9, "the producer is the slower one")
}

// At 300,000 a second the limit is what only wakes, net of the generator as contend is,
// and what has to be done besides to decide.
func TestLimitsOfTheHomeScenario(t *testing.T) {
	c := scenarios{1}
	r := newResults()
	for name, ns := range map[string]float64{drive.Nobody: 100, drive.Wakes: 250, peers.Contend: 600, "expert": 500} {
		r.add(c.home().Question(), name, "cpu-ns/op", ns)
		r.add(c.home().Question(), name, "p99-late-ns", 1e4*ns)
	}
	parts := c.partsOf(homeTargets, bench.Threes)
	r.add(parts.part.Question(), "hash", "cpu-ns/op", 10)
	r.add(parts.part.Question(), "core", "cpu-ns/op", 40)
	r.add(parts.flatOut.Question(), "core", "cpu-ns/op", 50)
	var here []string
	for _, b := range homeBars(c) {
		if row, _, ok := b.row(r); ok {
			here = append(here, row[5])
		}
	}
	require.Equal(t, []string{"200 (0.50)", "6.00", "2.50 ms (0.50)"}, here)
	r.addNet()
	require.Equal(t, "150", cell(r, c.home().Question(), drive.Wakes, "net-cpu-ns/op"))
}
