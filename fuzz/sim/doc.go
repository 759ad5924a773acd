// Package sim lets the goroutines of a program go one at a time, in an order that
// is drawn from a seed, so that whatever a race does can be done again.
//
//	go test ./fuzz -run TestSim -seeds 1 -seed 4711
//
// The program is the real one, built with the tag explore: each access to an
// atomic word or lock of ring, shard and engine is a gate (see ring/interleave),
// behind which a goroutine waits until it gets the token. Whoever has the token
// runs until it comes to its next gate, draws who is next and hands the token
// over, or keeps it. Everything happens in a testing/synctest bubble: its time
// stands still while anybody can go on.
//
//	         ┌────────── token ─────────┐
//	         │                          ▼
//	submitter ─gate─ Push ─gate─ …   owner ─gate─ Drain ─gate─ …
//	         ▲                          │
//	         └── Turnstile: draws who ──┘◀─ synctest.Wait: who had it sleeps
//
// What goroutines do besides passing gates, they do on their own: a goroutine
// that is woken by a channel, a timer or a context runs as far as its next gate.
// Where that is the only goroutine that runs, which one processor sees to, the
// order is the seed's (see OneProcessor).
//
// A turnstile also does what a machine does to a program: it keeps a goroutine
// from going on for a long time, lets seconds pass while nobody can run, and
// wakes sleepers late.
package sim
