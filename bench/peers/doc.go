// Package peers is contend beside the other ways to do the same job: of the
// operations that are aimed at the same target within a window, the one with
// the highest priority wins, among equals the first submitted, and each of them
// is told so once.
//
//	bench.Stream ──▶ producer ──Submit──▶ Contestant ──▶ Op.tell ──▶ state word
//	                    ▲                                               │
//	                    └──────────── memory, used again ◀──────────────┘
//
// Every [Contestant] is built as a competent Go programmer would with common
// parts; its comment says where the idea comes from and what it costs. All of
// them get the same operations in the same memory of the caller's, an [Op] of one
// cache line, and tell it the same [Verdict]. What they do not have is the rest of
// contend's contract: giving up, stopping in the middle, rules, typed errors,
// bounds on what is in flight.
//
// [Nobody], [Waits] and [Wakes] decide nothing and are no peers. They are for measuring
// what is not the contestants' own: the generator, what a goroutine costs that waits, and
// what it costs to be woken in time.
//
// # Concurrency
//
// Submit is safe for concurrent use. An Op belongs to its producer until Submit
// is called, to the contestant from then on, and to the producer again once it
// was told. Operations are told on goroutines of the contestant's.
package peers
