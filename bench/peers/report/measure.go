package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// childTime is how long a measurement may take before it is given up.
const childTime = 90 * time.Second

// campaign is the measurements of a plan being made.
type campaign struct {
	self     string // the command's own file
	deadline time.Time
	progress io.Writer
	raw      io.Writer
	results  *results
	faults   []string
	rounds   int // that were made of everything
	skipped  int // measurements that there was no time for
}

// measure makes all measurements, round after round, and prints the report.
func (f *reportFlags) measure(p *plan, out, progress io.Writer) (faults int, err error) {
	c := &campaign{progress: progress, raw: io.Discard, results: newResults(), deadline: time.Now().Add(f.Within)}
	if f.Full {
		c.deadline = time.Now().Add(1000 * time.Hour)
	}
	if c.self, err = os.Executable(); err != nil {
		return 0, err
	}
	if f.Raw != "" {
		file, err := os.Create(f.Raw)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		c.raw = file
	}
	h := newHeader()
	h.writeConfig(c.raw)
	began := time.Now()
	for round := range f.Rounds {
		if err := c.play(p, round, f.Rounds); err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(progress, "\r\x1b[K")
	c.results.addNet()
	h.took, h.rounds, h.skipped = time.Since(began), c.rounds, c.skipped
	write(out, h, p, c)
	return len(c.faults), nil
}

// play makes every measurement once. After the first round it stops where the time
// is over.
func (c *campaign) play(p *plan, round, rounds int) error {
	complete := true
	for i, m := range p.inRound(round) {
		if round > 0 && time.Now().After(c.deadline) {
			if m.when != extra {
				c.skipped++
				complete = false
			}
			continue
		}
		fmt.Fprintf(c.progress, "\r\x1b[Kround %d of %d, %d of %d: %s", round+1, rounds, i+1, len(p.measurements), m.Name())
		if err := c.make(m); err != nil {
			return err
		}
	}
	if complete {
		c.rounds++
	}
	return nil
}

// make makes a measurement in a process of its own.
func (c *campaign) make(m measurement) error {
	spec, err := json.Marshal(m.Spec)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), childTime)
	defer cancel()
	command := exec.CommandContext(ctx, c.self, "measure", string(spec))
	command.Stderr = c.progress
	lines, err := command.Output()
	if ctx.Err() != nil {
		c.faults = append(c.faults, fmt.Sprintf("%s: not done after %v", m.Name(), childTime))
		return nil
	}
	if err != nil { // one of hundreds: the others are worth having
		c.faults = append(c.faults, fmt.Sprintf("%s: %v", m.Name(), err))
		return nil
	}
	for line := range strings.Lines(string(lines)) {
		if fault, ok := strings.CutPrefix(line, faultMark); ok {
			c.faults = append(c.faults, strings.TrimSpace(fault))
		}
	}
	if _, err := c.raw.Write(lines); err != nil {
		return err
	}
	return c.read(m, lines)
}

// read adds the figures of a measurement's line to the results.
func (c *campaign) read(m measurement, lines []byte) error {
	reader := benchfmt.NewReader(bytes.NewReader(lines), m.Name())
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue // a fault, which is no line of a benchmark
		}
		for _, v := range result.Values {
			figure, unit := v.Value, v.Unit
			if v.OrigUnit != "" {
				figure, unit = v.OrigValue, v.OrigUnit
			}
			c.results.add(m.Question(), m.By, unit, figure)
		}
	}
	return reader.Err()
}
