//go:build explore

package fuzz

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/contend/fuzz/sim"
	"example.com/contend/ring/interleave"
)

// simulateSeed runs the world of a seed.
func simulateSeed(t *testing.T, seed uint64, traced bool) (w *simWorld) {
	defer interleave.Use(nil)
	sim.Collect(seed)
	synctest.Test(t, func(*testing.T) {
		w = newSimWorld(seed, traced)
		w.turn.Runaway(100*simSteps, func() {
			w.violation("it runs in circles")
			fmt.Printf("%s\n--- FAIL: %s (0.00s)\n    %s\nFAIL\n", strings.Join(w.turn.Trace(), "\n"), t.Name(), w.failure())
			os.Exit(1)
		})
		w.run()
		if w.turn.Report().Hung { // the bubble cannot end: this is the last that is seen
			fmt.Fprintf(os.Stderr, "%s\n%s\n", w.failure(), strings.Join(w.turn.Trace(), "\n"))
		}
	})
	return w
}

// failure says what is wrong, and how to see it again.
func (w *simWorld) failure() string {
	return fmt.Sprintf("seed %d, found after %d executions:\n\t%s\nrepeat: go test ./fuzz -run TestSim -seeds 1 -seed %d -transcript",
		w.seed, w.seed-*firstSeed+1, strings.Join(w.violations[:min(10, len(w.violations))], "\n\t"), w.seed)
}

// Whole engines under random schedules, faults, stops and restarts. What fails is
// printed as the command that repeats it.
func TestSim(t *testing.T) {
	sim.OneProcessor(t)
	begun := time.Now()
	var total sim.Report
	var faults simFaults
	operations, decisions := 0, 0
	for seed := *firstSeed; seed < *firstSeed+uint64(*simSeeds); seed++ {
		w := simulateSeed(t, seed, *simTranscript && *simSeeds == 1)
		if *simSeeds == 1 && *simTranscript {
			t.Log(strings.Join(w.turn.Trace(), "\n"))
		}
		if len(w.violations) > 0 {
			t.Fatal(w.failure())
		}
		require.GreaterOrEqual(t, w.faults.total(), simTrouble, "seed %d", seed)
		r := w.turn.Report()
		total.Steps += r.Steps
		total.Switches += r.Switches
		faults.add(&w.faults)
		operations += len(w.attempts)
		decisions += len(w.groups)
	}
	t.Logf("%d seeds, %d steps (%d to another goroutine), %d operations, %d decisions, %d faults in %.1fs: %v",
		*simSeeds, total.Steps, total.Switches, operations, decisions, faults.total(), time.Since(begun).Seconds(), &faults)
}

// The same seed does the same.
func TestSimRepeats(t *testing.T) {
	sim.OneProcessor(t)
	for seed := range uint64(100) {
		first := simulateSeed(t, seed, false)
		second := simulateSeed(t, seed, false)
		require.Equal(t, first.turn.Report(), second.turn.Report(), "seed %d", seed)
		require.Equal(t, first.faults, second.faults, "seed %d", seed)
	}
}
