//go:build !explore

package fuzz

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestSim is that of the build with the tag explore, which only the go command can
// make.
func TestSim(t *testing.T) {
	run := exec.Command("go", "test", "-tags", "explore", "-run", "^TestSim", "-v", ".",
		"-seeds", fmt.Sprint(*simSeeds), "-seed", fmt.Sprint(*firstSeed), fmt.Sprintf("-transcript=%t", *simTranscript))
	if run.Err != nil {
		t.Skipf("the simulation needs the go command: %v", run.Err)
	}
	out, err := run.CombinedOutput()
	t.Logf("%s", out)
	if err == nil {
		return
	}
	t.Errorf("go test -tags explore: %v", err)
	if crashed := crashedSeed.FindSubmatch(out); crashed != nil { // a goroutine of the engine's panicked
		seed, _ := strconv.ParseUint(string(crashed[1]), 16, 64)
		t.Errorf("repeat: go test ./fuzz -run TestSim -seeds 1 -seed %d -transcript", seed)
	}
}

// crashedSeed finds the seed among the arguments in a stack trace.
var crashedSeed = regexp.MustCompile(`simulateSeed\(0x[0-9a-f]+, 0x([0-9a-f]+)`)
