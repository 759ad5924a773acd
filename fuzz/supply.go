// # Dependencies
//
// Few, pinned by go.mod and go.sum, each with a reason and a licence that asks for
// nothing but its text, or that is of tests only. TestDependencies holds this list against go.mod and the
// licences against the texts that came with the modules; go mod verify, which
// TestModulesAreWhatTheyWere runs, the modules against go.sum.
//
//	github.com/cespare/xxhash/v2             v2.3.0   MIT           engine: routing targets to shards, and entry IDs; faster than what the standard library has
//	github.com/google/uuid                   v1.6.0   BSD-3-Clause  engine: the type that targets and entries have where it is embedded
//	go.uber.org/atomic                       v1.12.0  MIT           engine: typed atomics that copylocks sees, beside standard ones in ring and shard
//	github.com/HdrHistogram/hdrhistogram-go  v1.4.0   MIT           bench: percentiles of lateness with a bounded error in bounded memory
//	github.com/alecthomas/kong               v1.17.0  MIT           commands: flags with groups, help and custom types from a struct
//	github.com/dustin/go-humanize            v1.1.0   MIT           commands: numbers that a person can read
//	github.com/anishathalye/porcupine        v1.3.1   MIT           tests: checks histories of real goroutines for linearizability
//	github.com/cockroachdb/datadriven        v1.0.3   Apache-2.0    tests of shard: scripts with the expected transcript, and -rewrite
//	github.com/petermattis/goid              v0.0.0-20260820044319-269ab09b5261  Apache-2.0  simulation: which goroutine comes to a gate, at a nanosecond a time; only with the tag explore
//	github.com/stretchr/testify              v1.12.1  MIT           tests: assertions that print what differs
//	go.uber.org/goleak                       v1.3.0   MIT           tests: no goroutine outlives a package's tests; see TestEveryPackageLooksForLeaks
//	pgregory.net/rapid                       v1.3.0   MPL-2.0       tests: properties whose counterexamples shrink
//
// Who embeds engine links the first three and nothing else.
//
// Not in use: NilAway (go.uber.org/nilaway of 2026-09-18). It made 88 reports about
// this module: 42 about examples that leave out the check of New's error, 14 about a
// report that is nil only beside an error, 13 in tests, where it does not know that
// require ends them, and 19 in the library and the model, about nil slices that are
// sliced and invariants such as that only groups with rules have an Order. None was a
// fault. Neither in use: govulncheck, which needs a database from the network.
package fuzz
