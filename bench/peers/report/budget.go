package main

import (
	"fmt"
	"io"
	"strings"

	"example.com/contend/bench/peers"
)

// verdict is what became of a bar.
type verdict string

const (
	met        verdict = "yes"
	missed     verdict = "**no**"
	outOfReach verdict = "out of reach" // missed, and so would be what the limit allows
)

// limitText is below the budget.
const limitText = "The limit here is what is left of contend if nothing stands between its parts, measured in the same run: " +
	"their sum (see below); where goroutines wait, only-waits, which decides nothing; at 300,000/s, only-wakes, which does not either, for the cost with hash and core; with two shards, both processors busy all the time with operations that cost what they do with one. " +
	"In parentheses is its ratio to the best peer. It cannot be reached: the parts are measured on one thread, in a ring that is warm, " +
	"with no cache line that goes from core to core. Out of reach is a bar that is not met and that the limit breaks, too; a limit that contend or a peer was ahead of counts for nothing."

// writeBars prints what is met, what is not, and what cannot be.
func writeBars(w io.Writer, r *results, c scenarios) {
	var rows [][]string
	count := make(map[verdict]int)
	for _, b := range bars(c) {
		row, verdict, ok := b.row(r)
		if !ok {
			continue
		}
		rows = append(rows, row)
		count[verdict]++
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n## The budget: %d of %d bars met, %d out of reach here\n\n", count[met], len(rows), count[outOfReach])
	fmt.Fprintf(w, "The best peer is the best of those whose windows are those of the contract, in the same run.\n")
	writeTable(w, []string{"what", "bar", "measured", "best peer", "to the best peer", "limit here", "met"}, rows)
	fmt.Fprintf(w, "\n%s\n", limitText)
}

// row is a line of the table; not ok if contend was not measured.
func (b *bar) row(r *results) (row []string, v verdict, ok bool) {
	value, ok := b.value(r, peers.Contend)
	if !ok {
		return nil, "", false
	}
	best, ratio := "–", "–"
	peer, name, known := b.bestPeer(r)
	switch {
	case known:
		best = fmt.Sprintf("%s (%s)", show(peer, b.unit), name)
		if peer != 0 {
			ratio = fmt.Sprintf("%.2f", value/peer)
		}
	case b.ratio != 0:
		ratio = "not measured"
	}
	v = b.judge(r, value)
	return []string{b.what, b.words(), show(value, b.unit), best, ratio, b.showHere(r), string(v)}, v, true
}

// showHere shows the limit, and what it is to the best peer if that is asked for.
func (b *bar) showHere(r *results) string {
	here, ok := b.limitHere(r)
	if !ok {
		return "–"
	}
	text := show(here, b.unit)
	if peer, _, known := b.bestPeer(r); known && b.ratio != 0 {
		text += fmt.Sprintf(" (%.2f)", here/peer)
	}
	return text
}

// judge says what became of the bar, with what was measured of contend. A limit that this
// or a peer is ahead of is none.
func (b *bar) judge(r *results, value float64) verdict {
	peer, _, compared := b.bestPeer(r)
	here, limited := b.limitHere(r)
	switch {
	case !b.broken(r, value) && (compared || b.ratio == 0):
		return met
	case limited && b.reached(here, value) && (!compared || b.reached(here, peer)) && b.broken(r, here):
		return outOfReach
	}
	return missed
}

// broken reports whether a figure is beyond the bar, or too near to the best peer if that
// is known.
func (b *bar) broken(r *results, figure float64) bool {
	if !b.reached(figure, b.limit) {
		return true
	}
	peer, _, known := b.bestPeer(r)
	return known && b.ratio != 0 && !b.reached(figure/peer, b.ratio)
}

// reached reports whether a figure is as good as another at least.
func (b *bar) reached(figure, limit float64) bool {
	if b.most {
		return figure >= limit
	}
	return figure <= limit
}

// limitHere is the limit on this machine; not ok if it was not measured.
func (b *bar) limitHere(r *results) (here float64, ok bool) {
	if b.here == nil {
		return 0, false
	}
	return b.here(r)
}

// words says what is asked for.
func (b *bar) words() string {
	sign := "≤"
	if b.most {
		sign = "≥"
	}
	words := strings.TrimSpace(fmt.Sprintf("%s %s %s", sign, show(b.limit, b.unit), unitWords[b.unit]))
	if b.ratio != 0 {
		words += fmt.Sprintf(", %s %.2f of the best peer", sign, b.ratio)
	}
	return words
}

// unitWords follow a bar's limit; what is formatted with its unit has none.
var unitWords = map[string]string{
	"cpu-ns/op": "CPU ns", "accept-ns/op": "ns", "B/in-flight": "bytes", "ops/s": "ops/s",
	"times": "times", "%": "%", "allocs/op": "per operation", "switches/s": "per second",
}

func (b *bar) bestPeer(r *results) (best float64, name string, ok bool) {
	if b.alone {
		return 0, "", false
	}
	for _, candidate := range windowed()[1:] {
		value, known := b.value(r, candidate)
		if known && (!ok || (value < best) != b.most) {
			best, name, ok = value, candidate, true
		}
	}
	return best, name, ok
}
