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
	// command returns the words of a command that does so much, from a seed on.
	command func(amount, seed uint64) string
	// halves lets two commands do a half each, since one uses one processor.
	halves bool
	count  *regexp.Regexp // finds what was done in the output, with or without commas
}

// amount returns how much is asked for.
func (c *campaign) amount(f *flags) uint64 {
	n := c.quick
	if f.Full {
		n = c.full
	}
	return max(1, uint64(n*f.Scale))
}

// commands returns the campaign's commands.
func (c *campaign) commands(f *flags) []string {
	n := c.amount(f)
	if !c.halves {
		return []string{c.command(n, f.Seed)}
	}
	first := (n + 1) / 2
	return []string{c.command(first, f.Seed), c.command(n-first, f.Seed+first)}
}

// campaigns are all rows, in the order in which they run.
var campaigns = []campaign{
	{
		name: "model", what: "random programs, the core against the reference model",
		quick: 100_000, full: 10e6,
		command: func(n, seed uint64) string {
			return fmt.Sprintf("go test ./fuzz -run ^TestCoreAgainstModel$ -v -timeout 0 -programs %d -seed %d", n, seed)
		},
		count: regexp.MustCompile(`(\d+) programs, `),
	},
	{
		name: "sim", what: "simulated engines of 1,000 steps and 10 faults at least",
		quick: 50_000, full: 10e6, halves: true,
		command: func(n, seed uint64) string {
			return fmt.Sprintf("go test -tags explore ./fuzz -run ^TestSim$ -v -timeout 0 -seeds %d -seed %d", n, seed)
		},
		count: regexp.MustCompile(`(\d+) seeds, `),
	},
	{
		name: "ring-race", what: "ring operations under the race detector, from where positions overflow",
		quick: 50e6, full: 1e9,
		command: func(n, _ uint64) string {
			return fmt.Sprintf("go test -race ./ring -run ^TestRingVolume$ -v -timeout 0 -operations %d", n)
		},
		count: regexp.MustCompile(`(\d+) operations from`),
	},
	{
		name: "ring-plain", what: "the same, plain",
		quick: 100e6, full: 10e9,
		command: func(n, _ uint64) string {
			return fmt.Sprintf("go test ./ring -run ^TestRingVolume$ -v -timeout 0 -operations %d", n)
		},
		count: regexp.MustCompile(`(\d+) operations from`),
	},
}

// inCode returns commands as a table's cell: one of several that differ in their
// seeds only.
func inCode(commands []string) string {
	more := ""
	if len(commands) > 1 {
		more = ", and the other half"
	}
	return "`" + strings.ReplaceAll(commands[0], "|", `\|`) + "`" + more
}
