// Package engine decides which of many operations aimed at the same target at
// the same time is executed.
//
// An operation is staged instead of executed. The first one aimed at a target
// opens its window, 100 ms by default; when the window closes, the highest
// priority wins and equal priorities go to the first submitted. The winner gets
// an identity, is registered and executes; every loser is told to whom it lost
// and why, and leaves nothing behind.
//
//	Do, Submit, Wrap, Contend, Stage, Batch
//	      │  hash of the target
//	      ├──────────────┬──────────────┐
//	   shard 0        shard 1   …   shard n     one goroutine each: ring,
//	      │              │              │       wheel, open windows
//	      └──────┬───────┴──────┬───────┘
//	          verdict        verdict
//	     winner: registry,   loser: RejectedError
//	     then its function
//
// # The ladder
//
// The way an operation learns its verdict decides what it costs, from the
// cheapest to the most comfortable; README.md has measured figures:
//
//   - Decisions by batch: [Engine.Stage] or a [Batch] with a Bid that has a Tag
//     only, and [Config].Decided. Nothing is touched but the engine's memory.
//   - Callback: a Bid with a [Ticket] in memory of the caller's, told on the
//     shard's goroutine. Nothing is allocated.
//   - Handle: [Submit] allocates a [Handle] and runs a winner's function on an
//     executor.
//   - Blocking: [Do], [Engine.Contend] and functions made by [Wrap] park the calling
//     goroutine, which runs the function itself if it wins.
//
// # Rules
//
// [Config].Rules change how targets are decided: by another policy, early, in a
// window that closes before its time, with one winner at a time. Beside them
// there are locks on targets ([Engine.Lock]), operations that try again
// ([Retry]), that fold instead of losing ([Folding]) or that inherit a priority
// ([Lineage]), an overload that chooses who has to go ([Overload]), and a journal
// from which every decision can be derived again ([ReadJournal]). What is not used
// costs nothing.
//
// # Being watched
//
// What happens to each operation can be seen in order, through [Config].Hooks or
// [Engine.Subscribe]; nobody waits for those who watch, and what they miss is
// counted. [Engine.Metrics] and [Engine.Stats] are pulled.
//
// # Concurrency
//
// Everything here is safe for concurrent use unless its comment says otherwise.
// A user's code runs on these goroutines: the hooks' own (Config.Hooks), the journal's
// (Config.Journal), the caller's (functions of Do and of a Folding, Wrapping.Targets,
// Entity.ECSID, Config.WindowOf, Config.RulesOf), an executor's (functions of Submit), the
// winner's, which is one of these two (Config.Registry), and a shard's (Config.Decided,
// Dismissed, Preempted and Executor, Contender.Decided, Rules.Order and Choose). Only the
// last kind must not block: all targets of that shard wait for it. Config.Logger is told
// wherever a failure is found; a Context of the user's own is asked for its Value, and its
// AfterFunc is stopped, on others, too.
//
// A look, as comments here call it, is one pass of a shard's goroutine over what was
// submitted to it and the windows that are due.
package engine
