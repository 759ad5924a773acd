// Package fuzz compares the clever parts with plain ones. A byte string is a
// program (see Decode): a configuration and steps, that are run against both;
// every answer has to agree.
//
//	bytes ─Decode─▶ steps ─┬▶ shard.Core ──▶ decisions, dismissals, … ─┐
//	                       └▶ model.Model ─▶ decisions, dismissals, … ─┴▶ equal?
//
// Everything is logical time and seeded, so that a failing program fails
// again: go test reports the seed or writes the bytes to testdata, and prints
// what is left of the program when it is made as small as it gets.
//
//	go test ./fuzz -run TestCoreAgainstModel -programs 1000000 -seed 1
//
// The programs are also counted by what they exercise: each pair of features
// that can be on together has to be met by some (see coverage).
//
// What the model cannot follow, because it happens in the midst of a decision,
// is run against the core alone (see lone).
//
// Whole engines run in bubbles of testing/synctest: beside the model, where the
// order of submission is known and so is the tick of each decision (FuzzEngine),
// and alone, with values that nobody means (FuzzAPI).
//
// Parts that nobody outside of their package can see have their fuzz targets
// there: the ring's positions and holes (ring), wheel and table (shard).
//
// Adversaries use the public face against others (adversary_test.go and its
// neighbours), and the command in soak goes on for as long as it is told:
//
//	go test ./fuzz -run TestWaitersOnASmallRing -waiters 300000
//	go run ./fuzz/soak --duration 10m --seed 1
package fuzz
