package main

import "fmt"

// fuzzer is a target of go test -fuzz.
type fuzzer struct {
	name, folder string
	share        uint64 // of the executions, in percent: the fast ones do more
}

// fuzzTargets are all there are; a test sees to that.
var fuzzTargets = []fuzzer{
	{"FuzzRing", "ring", 15},
	{"FuzzTable", "shard", 10},
	{"FuzzWheel", "shard", 2},
	{"FuzzRate", "bench", 16},
	{"FuzzMix", "bench", 14},
	{"FuzzSkew", "bench", 14},
	{"FuzzRung", "bench", 14},
	{"FuzzTrace", "bench", 5},
	{"FuzzPlayer", "shard", 4},
	{"FuzzJournal", "engine", 2},
	{"FuzzCore", "fuzz", 2},
	{"FuzzAPI", "fuzz", 1},
	{"FuzzEngine", "fuzz", 1},
}

// fuzzers fuzzes all targets, by executions: at the end of a time go test can
// report its own deadline as a failure. Inputs that add coverage are not made
// smaller for long: by default that takes a minute each.
func fuzzers(amount, _ uint64) (commands []string) {
	for _, t := range fuzzTargets {
		commands = append(commands, fmt.Sprintf("go test -run ^$ -fuzz ^%s$ -fuzztime %dx -fuzzminimizetime 10x -parallel 1 -timeout 0 ./%s",
			t.name, max(1, amount*t.share/100), t.folder))
	}
	return commands
}
