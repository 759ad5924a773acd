package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"example.com/contend/bench"
	"github.com/dustin/go-humanize"
)

// progressLine shows how far a run is: on a terminal in one line that is
// written over, elsewhere in a line a second.
type progressLine struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	shown    bool
}

func newProgressLine(out io.Writer) *progressLine {
	p := &progressLine{out: out, every: time.Second}
	if f, ok := out.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.terminal, p.every = true, 200*time.Millisecond
		}
	}
	return p
}

// show is called by the runner.
func (p *progressLine) show(now bench.Progress) {
	s := now.Stats
	of := ""
	if now.Total != bench.Endless {
		of = fmt.Sprintf(" of %s", humanize.Comma(now.Total))
	}
	line := fmt.Sprintf("%4.1fs  submitted %s%s, in flight %s on %s targets, won %s, rejected %s",
		now.Elapsed.Seconds(), comma(s.Submitted), of, comma(s.Staged), comma(s.Windows), comma(s.Won), comma(s.Rejected))
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.out, line)
	}
	p.shown = true
}

// clear makes room for the summary.
func (p *progressLine) clear() {
	if p.shown && p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func comma[N int | int64 | uint64](n N) string { return humanize.Comma(int64(n)) }
