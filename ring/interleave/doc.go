// Package interleave is what ring, shard and engine synchronise through when
// they are built with the tag explore: atomic words, locks, and marks at plain
// accesses, each of which is a scheduling point of whoever explores how
// goroutines can interleave. Without the tag nothing of it is linked; the
// packages then use the standard types under the same names (see atomics.go in
// each of them).
//
//	ring, shard, engine          interleave              an explorer
//	word.Load(), mu.Lock(), … ─▶ Scheduler.Step ───────▶ who goes on?
//	bell.Wait(), room.Wait()  ─▶ Scheduler.Await ──────▶ until it is ready
//
// There are two explorers. Package fuzz/loom runs parts of the engine as
// coroutines and tries all interleavings, as far as it can. The simulation in
// package fuzz runs whole engines, whose goroutines it lets go one at a time in
// an order drawn from a seed.
//
// Without an explorer, CONTEND_YIELDS=24 in the environment has goroutines give way at
// one in 24 accesses, at random, so that ordinary tests run in orders that are rare.
//
// The package is below ring, so that it can be imported from there.
package interleave
