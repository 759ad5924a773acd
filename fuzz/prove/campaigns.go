package main

import (
	"fmt"
	"regexp"
	"strings"
)

// campaign is a row of the table.
type campaign struct {
	name, what  string
	quick, full float64 // how much: in CI, and on demand
	// commands returns commands that together do so much, from a seed on.
	commands func(amount, seed uint64) []string
	count    *regexp.Regexp // finds what was done in an output, with or without commas
	last     bool           // the last such number counts, not the sum of all
	fixed    bool           // the amount is not scaled
	tested   string         // is added to its commands if the tests are known to pass
}

// amount returns how much is asked for.
func (c *campaign) amount(f *flags) uint64 {
	n := c.quick
	if f.Full {
		n = c.full
	}
	if c.fixed {
		return uint64(n)
	}
	return max(2, uint64(n*f.Scale)) // each half does something
}

// one is a single command. Its format has the amount first, then the seed.
func one(format string) func(amount, seed uint64) []string {
	return func(amount, seed uint64) []string { return []string{filled(format, amount, seed)} }
}

// halves are two commands that do a half each, as each uses one processor.
func halves(format string) func(amount, seed uint64) []string {
	return func(amount, seed uint64) []string {
		first := (amount + 1) / 2
		return []string{filled(format, first, seed), filled(format, amount-first, seed+first)}
	}
}

func filled(format string, amount, seed uint64) string {
	return strings.NewReplacer("AMOUNT", fmt.Sprint(amount), "SEED", fmt.Sprint(seed)).Replace(format)
}

// campaigns are all rows, in the order in which they run.
var campaigns = []campaign{
	{
		name: "model", what: "random programs, the core against the reference model",
		quick: 100_000, full: 10e6,
		commands: one("go test ./fuzz -run ^TestCoreAgainstModel$ -v -timeout 0 -programs AMOUNT -seed SEED"),
		count:    regexp.MustCompile(`(\d+) programs, `),
	},
	{
		name: "sim", what: "simulated engines of 1,000 steps and 10 faults at least",
		quick: 40_000, full: 10e6,
		commands: halves("go test -tags explore ./fuzz -run ^TestSim$ -v -timeout 0 -seeds AMOUNT -seed SEED"),
		count:    regexp.MustCompile(`(\d+) seeds, `),
	},
	{
		name: "loom", what: "explorer executions",
		quick: 1.5e6, full: 100e6,
		commands: explorers,
		count:    regexp.MustCompile(`(\d+) executions +\d+ redundant`),
	},
	{
		name: "ring-race", what: "ring operations under the race detector, from where positions overflow",
		quick: 30e6, full: 1e9,
		commands: one("go test -race ./ring -run ^TestRingVolume$ -v -timeout 0 -operations AMOUNT"),
		count:    regexp.MustCompile(`(\d+) operations from`),
	},
	{
		name: "ring-plain", what: "the same, plain",
		quick: 100e6, full: 10e9,
		commands: one("go test ./ring -run ^TestRingVolume$ -v -timeout 0 -operations AMOUNT"),
		count:    regexp.MustCompile(`(\d+) operations from`),
	},
	{
		name: "fuzz", what: "fuzz executions",
		quick: 60_000, full: 100e6,
		commands: fuzzers,
		count:    regexp.MustCompile(`execs: (\d+)`), last: true,
	},
	{
		name: "linear", what: "operations of real goroutines, checked by porcupine, none unknown",
		quick: 200_000, full: 20e6,
		commands: histories,
		count:    regexp.MustCompile(`(\d+) operations in \d+ partitions of \d+ histories, unknown: 0;`),
	},
	{
		name: "windows", what: "windows in virtual time, under the race detector",
		quick: 10_000, full: 10e6,
		commands: halves("go test -race ./fuzz -run ^TestVirtualWindows$ -v -timeout 0 -windows AMOUNT -seed SEED"),
		count:    regexp.MustCompile(`(\d+) windows in \d+ bubbles`),
	},
	{
		name: "cycles", what: "starts, stops and restarts under load",
		quick: 500, full: 50_000,
		commands: one("go test ./fuzz -run ^TestCycles$ -v -timeout 0 -cycles AMOUNT -seed SEED"),
		count:    regexp.MustCompile(`(\d+) cycles and`),
	},
	{
		name: "mutants", what: "planted bugs found",
		quick: 20, full: 100,
		commands: planted,
		count:    regexp.MustCompile(`(?m)^(\d+) of \d+ mutants caught`), fixed: true,
		tested: " -tested",
	},
}

// explorers are two processes that explore a part each. Configurations that are
// exhausted give their share up, so that more is asked for than is wanted.
func explorers(amount, seed uint64) []string {
	const format = "go test -tags explore ./fuzz/loom -v -timeout 0 -executions %d -seed %d -part %d/2"
	n := amount * 11 / 20
	return []string{fmt.Sprintf(format, n, seed, 1), fmt.Sprintf(format, n, seed, 2)}
}

// histories checks so many operations at least, on different numbers of processors.
func histories(amount, seed uint64) []string {
	const perHistory, numbers = 1000, 3
	return []string{fmt.Sprintf("go test ./fuzz -run ^TestLinearizable$ -v -timeout 0 -count 1 -cpu 1,2,8 -histories %d -seed %d",
		amount/perHistory/numbers+1, seed)}
}

// planted breaks the code: quick bugs in CI, all of them on demand.
func planted(amount, _ uint64) []string {
	if amount < 100 {
		return []string{"go run ./fuzz/mutants -canaries"}
	}
	return []string{"go run ./fuzz/mutants"}
}

// inCode returns commands as a table's cell: the first of several.
func inCode(commands []string) string {
	more := ""
	if len(commands) > 1 {
		more = fmt.Sprintf(" and %d more", len(commands)-1)
	}
	return "`" + strings.ReplaceAll(commands[0], "|", `\|`) + "`" + more
}
