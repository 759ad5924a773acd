package main

import "fmt"

// fuzzer is a target of go test -fuzz.
type fuzzer struct {
	name, folder string
	share        uint64 // of the executions, in percent: the fast ones do more
}

// fuzzTargets are all there are; a test sees to that.
var fuzzTargets = []fuzzer{
	{"FuzzRing", "ring", 20},
	{"FuzzTable", "shard", 15},
	{"FuzzWheel", "shard", 10},
	{"FuzzRate", "bench", 10},
	{"FuzzMix", "bench", 10},
	{"FuzzSkew", "bench", 10},
	{"FuzzRung", "bench", 10},
	{"FuzzTrace", "bench", 5},
	{"FuzzPlayer", "shard", 4},
	{"FuzzJournal", "engine", 2},
	{"FuzzCore", "fuzz", 2},
	{"FuzzAPI", "fuzz", 1},
	{"FuzzEngine", "fuzz", 1},
}

// fuzzers fuzzes all targets, by executions: at the end of a time go test can
// report its own deadline as a failure.
func fuzzers(amount, _ uint64) (commands []string) {
	for _, t := range fuzzTargets {
		commands = append(commands, fmt.Sprintf("go test -run ^$ -fuzz ^%s$ -fuzztime %dx -parallel 1 -timeout 0 ./%s",
			t.name, max(1, amount*t.share/100), t.folder))
	}
	return commands
}
