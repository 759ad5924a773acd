// Package fuzz compares the clever parts with plain ones. A byte string is a
// program (see Decode) that is run against both; every answer has to agree.
//
//	bytes ─Decode─▶ steps ─┬▶ shard.Core ──▶ decisions ─┐
//	                       └▶ model.Model ─▶ decisions ─┴▶ equal?
//
// Everything is logical time and seeded, so that a failing program fails
// again: go test reports the seed or writes the bytes to testdata.
package fuzz
