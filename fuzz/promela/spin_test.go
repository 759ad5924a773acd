package promela

import (
	"context"
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// budget is what a search may take.
type budget struct {
	optimize string // for the C compiler: what is small is compiled longer than it runs
	compress bool   // states take less memory and more time
	hashBits int
	memoryMB int
	time     time.Duration // before it is interrupted; 0 for no limit
}

// found is what a search came to.
type found struct {
	errors    int
	violation string
	states    float64
	depth     int
	seconds   float64
	memoryMB  float64
	exhausted bool

	coverage
}

//go:embed *.pml
var models embed.FS

// requireSpin skips the test where there is no model checker.
func requireSpin(t *testing.T) {
	for _, tool := range []string{"spin", "gcc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: apt-get install spin gcc", tool)
		}
	}
}

// readModel returns a model with what it includes put in its place, so that its lines
// have numbers of their own.
func readModel(t *testing.T, name string) string {
	text, err := models.ReadFile(name + ".pml")
	require.NoError(t, err)
	included, err := models.ReadFile("handshake.pml")
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), `#include "handshake.pml"`, string(included))
}

// run generates, compiles and runs the checker of a model.
func (s search) run(t *testing.T, b budget) found {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.pml"), []byte(readModel(t, s.model)), 0o600))
	ctx := t.Context()
	spin := []string{"-a", "-o3"} // o3: steps are not merged, so that each is known to be reached
	for _, d := range s.defines {
		spin = append(spin, "-D"+d)
	}
	out, err := command(ctx, dir, "spin", append(spin, "model.pml")...)
	require.NoError(t, err, out)
	require.NotContains(t, out, "Error")

	gcc := []string{b.optimize, fmt.Sprintf("-DMEMLIM=%d", b.memoryMB), "-o", "pan", "pan.c"}
	pan := []string{"-m1000000", fmt.Sprintf("-w%d", b.hashBits)}
	if s.fair {
		gcc, pan = append(gcc, "-DNP", "-DNFAIR=3"), append(pan, "-l", "-f")
	} else {
		gcc = append(gcc, "-DSAFETY")
	}
	if b.compress {
		gcc = append(gcc, "-DCOLLAPSE")
	}
	out, err = command(ctx, dir, "gcc", gcc...)
	require.NoError(t, err, out)

	states, err := command(ctx, dir, "./pan", "-d")
	require.NoError(t, err, states)
	if b.time > 0 {
		limited, cancel := context.WithTimeout(ctx, b.time)
		defer cancel()
		ctx = limited
	}
	out, _ = command(ctx, dir, "./pan", pan...)
	return parse(t, out, states)
}

// command runs a program, which is interrupted when the context ends.
func command(ctx context.Context, dir, name string, args ...string) (output string, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var (
	depthAndErrors = regexp.MustCompile(`depth reached (\d+), errors: (\d+)`)
	statesStored   = regexp.MustCompile(`([\d.e+]+) states, stored`)
	elapsed        = regexp.MustCompile(`pan: elapsed time ([\d.e+-]+) seconds`)
	memory         = regexp.MustCompile(`([\d.]+)\s+total actual memory`)
	violation      = regexp.MustCompile(`pan:1: (.*)`)

	// A search that has one of these was not exhaustive.
	cutShort = regexp.MustCompile(`(?i)max search depth too small|search not completed|out of memory|MEMLIM|interrupted|bit statespace`)
)

// parse reads what the checker has printed about a search, and about the states that
// there are.
func parse(t *testing.T, out, states string) found {
	one := func(r *regexp.Regexp, i int) float64 {
		m := r.FindStringSubmatch(out)
		require.NotNil(t, m, "no %s in\n%s", r, out)
		v, err := strconv.ParseFloat(m[i], 64)
		require.NoError(t, err)
		return v
	}
	f := found{
		errors:    int(one(depthAndErrors, 2)),
		states:    one(statesStored, 1),
		depth:     int(one(depthAndErrors, 1)),
		seconds:   one(elapsed, 1),
		memoryMB:  one(memory, 1),
		exhausted: strings.Contains(out, "Full statespace search") && !cutShort.MatchString(out),
	}
	if m := violation.FindStringSubmatch(out); m != nil {
		f.violation = m[1]
	}
	f.coverage = covered(out, states)
	return f
}
