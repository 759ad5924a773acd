//go:build explore

package loom

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

var (
	executions = flag.Int("executions", 100_000, "how many executions there are in all")
	seed       = flag.Uint64("seed", 0, "the seed of the first random execution")
	schedule   = flag.String("schedule", "", "repeats one execution of the one configuration that -run selects")
	part       = flag.String("part", "", "what part this process does, for instance 1/2")
)

func TestMain(m *testing.M) {
	flag.Parse()
	debug.SetGCPercent(800) // an execution leaves its whole state behind
	os.Exit(m.Run())
}

// configuration is a scenario with its sizes, and how it is explored.
type configuration struct {
	name        string
	share       int // of the executions, relative to the other configurations
	preemptions int // bound of the search
	all         bool
	scenario    Scenario
}

// configurations are all there are, by test.
var configurations = map[string][]configuration{
	"TestRing":   ringConfigurations,
	"TestBell":   bellConfigurations,
	"TestRoom":   roomConfigurations,
	"TestTicket": ticketConfigurations,
	"TestShard":  shardConfigurations,
}

// budget is the share of the executions that a configuration gets.
func budget(c configuration) int {
	total := 0
	for _, all := range configurations {
		for _, c := range all {
			total += c.share
		}
	}
	return max(10, *executions*c.share/total)
}

// explore explores the configurations of a test.
func explore(t *testing.T) {
	for _, c := range configurations[t.Name()] {
		t.Run(c.name, func(t *testing.T) {
			o := Options{Executions: budget(c), Preemptions: c.preemptions, All: c.all, Random: 25, Seed: *seed}
			if *schedule != "" {
				var err error
				if o.Schedule, err = ParseSchedule(*schedule); err != nil {
					t.Fatal(err)
				}
			}
			o.Part, o.Parts = parts(t)
			report(t, Explore(c.scenario, o))
		})
	}
}

// parts parses the flag.
func parts(t *testing.T) (number, of int) {
	if *part == "" {
		return 0, 0
	}

	if _, err := fmt.Sscanf(*part, "%d/%d", &number, &of); err != nil || number < 1 || number > of {
		t.Fatalf("part %q is not like 1/2", *part)
	}
	return number - 1, of
}

// report logs what was explored, or how it failed.
func report(t *testing.T, r Result) {
	t.Helper()
	for line := range strings.Lines(r.Table()) {
		t.Logf("%-28s %s", t.Name(), strings.TrimSuffix(line, "\n"))
	}
	if f := r.Failure; f != nil {
		t.Fatalf("%s\nfound after %d executions\n%s\nrepeat it with\n  go test -tags explore ./fuzz/loom -run '%s' -schedule %s",
			f.What, f.Executions, f.Trace, "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", f.Schedule)
	}
}
