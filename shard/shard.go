// Package shard decides which of the operations aimed at the same target wins,
// for the targets that are routed to it. One goroutine, the owner, does all of
// it; everybody else only puts operations into its ring, or into the backlog in front
// of it where the ring is full and the submitter waits for the verdict anyway.
//
//	submitters                      owner goroutine
//	──────────                      ───────────────────────────────────────
//	StageLater ─▶ backlog ─▶ ring, by the owner
//	Stage ─▶ ring ─drain─▶ Core.Stage ─▶ table ─▶ group ◀─ wheel (deadlines)
//	Lock, Ended ─▶ inbox ─▶ Core.Lock, Core.Ended
//	                       Core.Advance ─▶ Core.Decide ─▶ Decided hook
//	                                                   └▶ Contender.Decided
//	Ticket.Withdraw ────── state word ──────▲ read when it matters who stands
//
// The files, from the pure to the busy: policy, slab, table, wheel and group
// are the parts of Core, which is a state machine over logical time without
// clock, goroutine or I/O. Shard puts the ring, an inbox, a clock and the
// owner's loop (owner.go) around it and tells the contenders (tell.go).
//
// # Rules
//
// A window without Rules takes the short way through core.go: nothing else is
// looked at. Rules add, each in a file of its own:
//
//	enter.go     the long way in: locks, limit, window, comparison
//	policy.go    who beats whom; the user's own code, and what if it fails
//	early.go     losers are told as soon as somebody is ahead of them
//	closing.go   a window closes before its time: idle, full, decisive
//	hold.go      a target's next window waits for its winner's end
//	lock.go      operations below a priority are kept out
//	retry.go     losers enter the next window, aged
//	displace.go  the lowest-ranked makes room
//	conclude.go  the long way out: who stands, who wins, who tries again
//
// What the core is told besides its methods' arguments goes through a Tape:
// journal.go writes everything down, player.go plays it back.
//
// # When a window closes
//
// Unless its rules close it before: at the first tick not before its due time,
// the owner snapshots the ring's tail, drains up to there and only then decides. So every operation whose
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
// pass between two looks, or until the windows have come due that one burst had opened,
// if a gap shows that there was one. An operation whose rules may ask for something at once
// wakes any owner that sleeps, but waits for the next look of a busy one, too. A
// flooded one stays awake, which here means that it promises to look again within
// that millisecond; submitters then leave out the stamp and the owner's own time
// counts, taken after the snapshot so that no window gets too short.
//
// The thread that it wakes on may be the one that waited at Go's poller. For a look at
// many operations it has another one sent there (ring.Bell.Relieve); and where it tells
// for longer than a millisecond, submissions may go on meanwhile (onward.go), and others
// may have the processor (giveway.go).
package shard

import (
	"errors"
	"math"
	"sync/atomic"

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
	// Terms are those of most operations. The first that has others, or a tag that does
	// not fit into 56 bits or comes while the owner sleeps, makes annexes to all slots of
	// the ring: 16 bytes each.
	Terms Terms
	// Limit is how many operations may be staged; 0 means no limit. It is
	// checked against the count of the owner's last look, so it can be
	// exceeded by what fits into the ring.
	Limit int
	// Displace lets a higher-ranked newcomer take the place of the lowest-ranked
	// operation when the limit is reached, which is then exact: what is in the
	// ring has yet to find a place.
	Displace bool
	// Rules are what Terms.Rules refers to, from 1 on.
	Rules []Rules
	// Fence is what fencing tokens count from, unless what is Carried has
	// greater ones.
	Fence uint64
	// Carried is what the shard takes over from one that has ended.
	Carried Carried
	// Now reads the clock: nanoseconds since a fixed moment, monotonic.
	Now func() int64
	// Key is what entry IDs are made from.
	Key Key
	// Decided is the hook between decided and told: it gets every decision, in
	// batches, on the owner goroutine. Nil for none.
	Decided func([]Decision)
	// Dismissed gets every operation that is told apart from a decision, before
	// it is told. Nil for none.
	Dismissed func([]Dismissal)
	// Preempted gets the winners that are to make way. Nil for none.
	Preempted func([]Preemption)
	// Measures is where it is counted how decisions and looks are distributed. Nil
	// for nowhere.
	Measures *Measures
	// Watcher sees what happens to each operation. Nil for none.
	Watcher Watcher
	// Journal takes the blocks of the shard's journal, on the owner goroutine,
	// and returns memory for the next one, which may be nil. Nil for no journal.
	// It must not block: if it does not take a block now, that grows and is
	// offered again.
	Journal func(block []byte) (fresh []byte, taken bool)
	// Hottest is how many of the hottest targets are counted; 0 for none.
	Hottest int
	// Busy is called on the owner goroutine when it begins to look after a sleep that
	// was to last a second or longer, or until it is woken (see Vitals.Resting): until
	// the next such sleep it has promised when to look. It must not block. Nil for
	// nobody.
	Busy func()
	// Incident is told about a panic or runtime.Goexit in a policy, a hook or a
	// contender, and about a panic of the shard's own, on the owner goroutine. It must
	// not panic. Nil for none.
	Incident func(value any, stack []byte)
}

// Shard is one partition of an engine. Its methods are safe for concurrent
// use; Run is called once.
type Shard struct {
	config Config // immutable
	ring   *intake
	bell   *ring.Bell
	room   *ring.Room

	closeOnce once
	closing   chan struct{} // closed by Close
	done      chan struct{} // closed when the owner has ended
	waiting   chan struct{} // closed when what is left after Close waits for winners
	aborted   atomicBool    // publishes Abort to the owner; no other memory
	inbox     inbox
	backlog   backlog
	waits     atomicBool // publishes to ending winners that the owner waits for one
	strict    atomicBool // publishes to submitters that they may be kept out, and told so at once

	owner owner
	tally tally
	pulse pulse

	failure atomic.Pointer[Fault] // why the shard was given up; publishes only itself

	hottest *hottest // nil for none
}

// New makes a shard. Run starts it; operations can be staged before. It panics if
// RingSize is not between 1 and 2³⁰. Now is required; the rules have to be valid.
func New(config Config) *Shard {
	if config.Limit == 0 {
		config.Limit = math.MaxInt
	}
	s := &Shard{
		config:  config,
		ring:    newIntake(config.RingSize, config.Terms),
		bell:    ring.NewBell(),
		room:    ring.NewRoom(),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		waiting: make(chan struct{}),
		hottest: newHottest(config.Hottest),
	}
	s.owner.init(s)
	s.pulse.init()
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

// Waiting is closed when the shard was closed and all that is left are windows of
// exclusive targets that wait for their winners' end.
func (s *Shard) Waiting() <-chan struct{} { return s.waiting }

// JournalTail returns what Config.Journal has not taken. The shard must have ended.
func (s *Shard) JournalTail() []byte {
	if s.owner.journal == nil {
		return nil
	}
	return s.owner.journal.block
}
