// Package shard decides which of the operations aimed at the same target wins,
// for the targets that are routed to it. One goroutine, the owner, does all of
// it; everybody else only puts operations into its ring.
//
//	submitters                      owner goroutine
//	──────────                      ───────────────────────────────────────
//	Stage ─▶ ring ─drain─▶ Core.Stage ─▶ table ─▶ group ◀─ wheel (deadlines)
//	                       Core.Advance ─▶ Core.Decide ─▶ Decided hook
//	                                                   └▶ Contender.Decided
//	Ticket.Withdraw ────── state word ──────▲ read once, at the decision
//
// The files, from the pure to the busy: policy, slab, table, wheel and group
// are the parts of Core, which is a state machine over logical time without
// clock, goroutine or I/O. Shard puts the ring, a clock and the owner's loop
// (owner.go) around it and tells the contenders (tell.go).
//
// # When a window closes
//
// At the first tick not before its due time, the owner snapshots the ring's
// tail, drains up to there and only then decides. So every operation whose
// submission had returned is in its group, and no window closes early. An
// operation that is claimed after the snapshot opens the next window.
//
// # When the owner wakes
//
// It sleeps until the next deadline, without a timer when nothing is staged.
// A submitter that finds it asleep reads the clock and stamps its operation,
// so that it need not be woken: it is due after a full window anyway, and the
// deadline that the owner sleeps for usually comes before. Only an operation
// due at least a tick before that wakes it. A busy owner lets a millisecond
// pass between two looks. A flooded one stays awake, which here means that it
// promises to look again within that millisecond; submitters then leave out the
// stamp and the owner's own time counts, taken after the snapshot so
// that no window gets too short.
package shard

import (
	"errors"
	"math"
	"sync"

	"example.com/contend/ring"
)

var (
	// ErrFull is returned when the ring has no room at this moment.
	ErrFull = ring.ErrFull
	// ErrClosed is returned after Close.
	ErrClosed = ring.ErrClosed
	// ErrOverloaded is returned when the limit of staged operations is reached.
	ErrOverloaded = errors.New("shard: limit of staged operations reached")
	// ErrInUse is returned for a withdrawable ticket that is still staged, or
	// was withdrawn from a window that is still open.
	ErrInUse = errors.New("shard: ticket is in use")
	// ErrGaveUp is returned when the caller's done channel closed while waiting
	// for room, or the ticket was withdrawn while being refused.
	ErrGaveUp = errors.New("shard: gave up waiting for room")
)

// Config configures a Shard. All of it is read-only once the shard runs.
type Config struct {
	// Index is the shard's number within its engine.
	Index uint32
	// RingSize is how many submissions fit between two looks of the owner;
	// rounded up to a power of two.
	RingSize int
	// Limit is how many operations may be staged; 0 means no limit. It is
	// checked against the count of the owner's last look, so it can be
	// exceeded by what fits into the ring.
	Limit int
	// Now reads the clock: nanoseconds since a fixed moment, monotonic.
	Now func() int64
	// Key is what entry IDs are made from.
	Key Key
	// Decided is the hook between decided and told: it gets every decision, in
	// batches, on the owner goroutine. Nil for none.
	Decided func([]Decision)
	// Incident is told about a panic or runtime.Goexit in Decided or in a
	// contender, on the owner goroutine. Nil for none.
	Incident func(value any, stack []byte)
}

// Shard is one partition of an engine. Its methods are safe for concurrent
// use; Run is called once.
type Shard struct {
	config Config // immutable
	ring   *ring.Ring[Op]
	bell   *ring.Bell
	room   *ring.Room

	closeOnce sync.Once
	closing   chan struct{} // closed by Close
	done      chan struct{} // closed when the owner has ended
	aborted   atomicBool    // publishes Abort to the owner; no other memory

	owner owner
	tally tally
}

// New makes a shard. Run starts it; operations can be staged before.
func New(config Config) *Shard {
	if config.Limit == 0 {
		config.Limit = math.MaxInt
	}
	s := &Shard{
		config:  config,
		ring:    ring.New[Op](config.RingSize),
		bell:    ring.NewBell(),
		room:    ring.NewRoom(),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	s.owner.init(s)
	return s
}

// Close refuses all later submissions. Open windows close in their time, then
// the owner ends. Closing twice is harmless.
func (s *Shard) Close() {
	s.closeOnce.Do(func() {
		s.ring.Close()
		close(s.closing)
		s.bell.Ring()
	})
}

// Abort closes the shard and tells everything that is staged Stopped, at once.
func (s *Shard) Abort() {
	s.Close()
	s.aborted.Store(true)
	s.bell.Ring()
}

// Done is closed when the shard was closed, all it had accepted was told and
// its goroutine has ended.
func (s *Shard) Done() <-chan struct{} { return s.done }
