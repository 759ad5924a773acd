// Package loom runs ring and shard in all the ways in which their goroutines can
// interleave, as far as that can be done, and says how far it was. It is built
// with the tag explore, under which every atomic access, lock and wake-up by which
// something of theirs is decided, and every plain access to a ring's slot, is a step before which another
// thread can go on (see ring/interleave).
//
//	scenario ──▶ threads: producers, owner, closer, canceller, …   (coroutines)
//	                │ Step, Await
//	                ▼
//	             World ──who goes on?──▶ a search: bounded, sleepSets, priorities
//	                │                              or repeat, for a schedule
//	                └─▶ deadlock, livelock, data race, panic, a check that fails
//
// The code under test is the real one. Time is logical: it passes when nobody can
// do anything else, and where a scenario's clock says so. So a wake-up that is lost
// is a deadlock or a moment that is too late.
//
//	go test -tags explore ./fuzz/loom -v
//	go test -tags explore ./fuzz/loom -v -executions 100000000 -part 1/2
//
// prints a table of what was exhausted, by configuration and bound. A failure
// comes with its trace, with how many executions it took, and with the command
// that repeats it (-schedule). With another -seed, other random executions are
// tried.
//
// # Searches
//
// Each configuration is searched depth-first with 0, 1, 2 … preemptions, for as
// long as there are executions. Where threads see nothing of each other but words,
// all executions are tried without a bound, one for each class of equivalent ones.
// The rest goes to random priorities. Exhausted means that no execution of the
// configuration within the bound is left, up to the order of steps at words that
// one thread has for itself; the reasons are at bounded and sleepSets.
//
// # What it does not see
//
// Steps are sequentially consistent, as Go's atomics are. That plain memory is
// accessed in an order that these establish is checked where the code marks it
// (ring's slots). Channels that are closed, and what is behind a mutex, count as
// part of the step before. Code that ends its goroutine is not run here. A
// compare-and-swap never fails for no reason.
package loom
