package point

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// Argument is what the executable is called with to be a child: it then calls
// [Main].
const Argument = "measure-point"

// Main is a child's whole work: it reads a point from in, measures it and writes
// the result to out.
func Main(ctx context.Context, in io.Reader, out io.Writer) error {
	var p Point
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return err
	}
	r, err := p.Measure(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(r)
}

// Child runs this executable again with an argument and more environment, feeds
// it what in encodes to and decodes what it prints into out.
func Child(ctx context.Context, argument string, env []string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var printed, failed bytes.Buffer
	c := exec.CommandContext(ctx, self, argument)
	c.Env = append(os.Environ(), env...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(text), &printed, &failed
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("measuring %s: %w: %s", text, err, strings.TrimSpace(failed.String()))
	}
	return json.Unmarshal(printed.Bytes(), out)
}

// Spread is a point's rounds: their median, least and most.
type Spread struct{ Median, Least, Most float64 }

// NewSpread returns the spread of values, of which there is at least one.
func NewSpread(values []float64) Spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Least: sorted[0], Most: sorted[n-1]}
}

// Measured are the results of a point, one for each round.
type Measured []Result

// Of returns the spread of one figure.
func (m Measured) Of(figure func(Result) float64) Spread {
	var values []float64
	for _, r := range m {
		values = append(values, figure(r))
	}
	return NewSpread(values)
}

// Figures of a result, for Of.
func Value(r Result) float64    { return r.Value }
func Rate(r Result) float64     { return r.Rate }
func InFlight(r Result) float64 { return r.InFlight }
func Bytes(r Result) float64    { return r.Bytes }

// Job is a point and how often it is measured.
type Job struct {
	Point  Point
	Rounds int
}

// Rounds measures every job once, then every job that wants it again, and so on.
// Progress, if not nil, is told before each measurement.
func Rounds(ctx context.Context, jobs []Job, progress func(done, total int)) ([]Measured, error) {
	total, most := 0, 0
	for _, j := range jobs {
		total, most = total+j.Rounds, max(most, j.Rounds)
	}
	results := make([]Measured, len(jobs))
	done := 0
	for round := range most {
		for i, j := range jobs {
			if round >= j.Rounds {
				continue
			}
			if progress != nil {
				progress(done, total)
			}
			p := j.Point
			p.Workload = p.Workload.WithDefaults()
			p.Processors = cmp.Or(p.Processors, 1)
			var r Result
			if err := Child(ctx, Argument, []string{"GOMAXPROCS=" + strconv.Itoa(p.Processors)}, p, &r); err != nil {
				return nil, err
			}
			results[i] = append(results[i], r)
			done++
		}
	}
	return results, nil
}
