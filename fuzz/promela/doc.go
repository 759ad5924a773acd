// Package promela checks the protocols between producers and owner: all their
// interleavings, in models small enough for that. Each model says beside its
// lines for which statement of the code they stand.
//
//	ring.pml    ring/ring.go            claim, publish, drain, close, holes
//	bell.pml    ring/bell.go            the owner's sleep and who ends it
//	room.pml    ring/room.go            producers of a full ring, parked
//	ticket.pml  shard/op.go             withdrawal against verdict
//
// The model checker is Spin (spinroot.com), which needs a C compiler:
//
//	apt-get install spin gcc
//	go test ./fuzz/promela -v
//	go test ./fuzz/promela -v -run TestLarge -large -timeout 20m
//
// Without them those tests are skipped. By hand:
//
//	cd fuzz/promela
//	spin -a -DPRODUCERS=3 ring.pml && gcc -O2 -DSAFETY -o pan pan.c && ./pan -m100000
//
// # What is shown
//
// ring.pml: every value that was accepted is taken exactly once, at its
// position, each producer's in order; whoever begins a push after another one
// returned comes later; nothing is overwritten, and no slot is read while it is
// written or cleared; "full" and "closed" are true when they are said; Close is
// exact, and after it nothing is accepted; what was drained is cleared.
//
// bell.pml: no wake-up is lost. An owner that sleeps without a timer while there
// is something to do, or with a timer while something lies in the ring that is
// due before it, gets stuck in the model. A publication rings at most once each
// time that the owner arms.
//
// room.pml: whoever waits for room gets it, gives up when its caller does, or is
// refused when the shard closes. Besides that nobody gets stuck, it is shown that
// nobody goes round in circles, if everybody who can move does so at some time.
//
// ticket.pml: each round of a ticket is told, withdrawn or refused, exactly one of
// them; the owner does not touch a ticket that it gave back.
//
// # What is left out
//
//   - Go's sync/atomic is sequentially consistent, and so are the models. That a
//     slot's value, which is not atomic, is ordered by the word beside it
//     is checked by writing it in two steps: whoever comes in between is found out.
//   - Positions are small numbers that do not overflow: 63 bits are a matter for
//     the tests in package ring.
//   - One abstraction rests on another: where bell.pml and room.pml have a claim in
//     one step, ring.pml has shown that it may be seen as one.
//   - Time is a choice, not a number: a timer fires now or at the very end. Only the
//     order of due times counts.
//   - What the core does with operations; the ring filling up half (PassesHalf),
//     which makes the owner come earlier; anything that only makes things faster.
//
// # How far
//
// All interleavings of few goroutines, each doing little: the tests print the
// configurations with the states that were stored, and fail if one was not searched to the
// end. By default these are, of the ring, up to three producers that push once and two
// that push twice, or two at a time, into 1 to 4 slots; of the bell two producers with and
// without Close, one with a winner that ends; of the room three producers, or two that
// push twice, or with Close and callers that give up; of the ticket three rounds with two
// withdrawals each. With -large they are bigger, each gets as long as -limit says, and it
// is printed which were not searched to the end. What a model shows for three
// producers is no proof for four.
//
// # How the models are kept honest
//
// Bugs can be switched on in each (BUG_…), and have to be found. Every line has to be
// reached by some configuration and every process has to be able to end in each,
// since what is never reached never fails.
// And every statement that is quoted has to be found in its function, in
// the same order, and every atomic access of those functions has to be quoted:
// so the code cannot be changed without a look at its model.
package promela
