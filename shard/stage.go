package shard

import (
	"math"

	"example.com/contend/ring"
)

// Stage accepts an operation or refuses it with ErrFull, ErrOverloaded,
// ErrInUse or ErrClosed. It never blocks, and allocates nothing but once the annexes,
// if somebody needs one (see Config.Terms). The sequence it returns is the operation's
// place in the order of submission.
func (s *Shard) Stage(op *Op) (sequence uint64, err error) { return s.push(op, true) }

// crowded reports whether all room that is left belongs to those who wait for it.
func (s *Shard) crowded() bool {
	waiting := s.room.Waiting()
	return waiting > 0 && s.ring.Cap()-s.ring.Len() <= waiting
}

// noRoom returns why there is no room for a newcomer.
func (s *Shard) noRoom() error {
	if s.ring.Closed() {
		return ErrClosed
	}
	return ErrFull
}

// StageWait is Stage for a caller that parks while the ring is full, until
// there is room, done closes (ErrGaveUp) or the shard is closed (ErrClosed).
func (s *Shard) StageWait(op *Op, done <-chan struct{}) (sequence uint64, err error) {
	sequence, err = s.Stage(op)
	if err == ErrFull {
		return s.queueUp(*op, done)
	}
	return sequence, err
}

// queueUp stages an operation as soon as there is room.
func (s *Shard) queueUp(op Op, done <-chan struct{}) (sequence uint64, err error) {
	s.room.Enter()
	defer s.room.Leave()
	for {
		if err = s.awaitRoom(done); err != nil {
			return 0, err
		}
		if sequence, err = s.push(&op, false); err != ErrFull {
			return sequence, err
		}
	}
}

// awaitRoom parks a producer that has entered the room until it is admitted.
func (s *Shard) awaitRoom(done <-chan struct{}) error {
	s.bell.Ring()
	if s.room.Wait(done, s.closing) {
		return nil
	}
	select {
	case <-s.closing:
		return ErrClosed
	default:
		return ErrGaveUp
	}
}

// StageAll accepts a prefix of a batch, with one claim and at most one reading
// of the clock, and returns how many; it fails only when that is none. Those that went
// into the ring are the first of ops and have consecutive sequences from first on. An
// operation that was withdrawn while the ring was full counts as accepted, too: it is
// done with, has no sequence, and is moved between those and the ones that are left.
func (s *Shard) StageAll(ops []Op) (first uint64, n int, err error) {
	if s.crowded() {
		return 0, 0, s.noRoom()
	}
	if waiting := s.room.Waiting(); waiting > 0 {
		ops = ops[:min(len(ops), max(1, s.ring.Cap()-s.ring.Len()-waiting))]
	}
	return s.pushAll(ops)
}

// StageAllWait stages a whole batch, parking while the ring is full. It returns
// how many were accepted before done closed or the shard refused.
func (s *Shard) StageAllWait(ops []Op, done <-chan struct{}) (n int, err error) {
	_, n, err = s.StageAll(ops)
	if n == len(ops) || err != nil && err != ErrFull {
		return n, err
	}
	s.room.Enter()
	defer s.room.Leave()
	for n < len(ops) {
		if err := s.awaitRoom(done); err != nil {
			return n, err
		}
		_, more, err := s.pushAll(ops[n:])
		n += more
		if err != nil && err != ErrFull {
			return n, err
		}
	}
	return n, nil
}

// push stages an operation unless it is a newcomer's and all room is waited for.
func (s *Shard) push(op *Op, newcomer bool) (sequence uint64, err error) {
	if newcomer && s.crowded() {
		return 0, s.noRoom()
	}
	if err := s.refusal(op.Priority); err != nil {
		return 0, err
	}
	if !op.Begin() {
		return 0, ErrInUse
	}
	op.At = s.stamp()
	sequence, err = s.ring.Push(op)
	if err != nil {
		s.bell.Ring()
		if !op.cancel() {
			return 0, ErrGaveUp
		}
		return 0, err
	}
	s.announce(sequence, 1, s.due(op))
	return sequence, nil
}

func (s *Shard) pushAll(ops []Op) (first uint64, n int, err error) {
	if len(ops) == 0 {
		return 0, 0, nil
	}
	if err := s.refusal(ops[0].Priority); err != nil {
		return 0, 0, err
	}
	at, due := s.stamp(), int64(math.MaxInt64)
	ready := 0
	for ; ready < len(ops) && (ready == 0 || s.fits(ops[ready].Priority)) && ops[ready].Begin(); ready++ {
		op := &ops[ready]
		if op.At = at; at == unstamped {
			due = ring.Unstamped
		} else {
			due = min(due, s.due(op))
		}
	}
	if ready == 0 {
		return 0, 0, ErrInUse
	}
	first, n, err = s.ring.PushAll(ops[:ready])
	if n > 0 {
		s.announce(first, n, due)
	}
	if n < ready {
		s.bell.Ring()
		n += cancelAll(ops[n:ready])
		if n > 0 {
			err = nil
		}
	}
	return first, n, err
}

// cancelAll undoes Begin for operations that were refused. Those that were
// withdrawn meanwhile must not be tried again: they are moved to the front, and
// it returns how many.
func cancelAll(ops []Op) (withdrawn int) {
	for i := range ops {
		if op := ops[i]; !op.cancel() {
			copy(ops[withdrawn+1:i+1], ops[withdrawn:i])
			ops[withdrawn] = op
			withdrawn++
		}
	}
	return withdrawn
}

// refusal returns why an operation cannot be staged now, if the limit is
// reached.
func (s *Shard) refusal(priority int32) error {
	switch {
	case s.tally.staged.Load() < int64(s.config.Limit):
		return nil
	case s.config.Displace && int64(priority) > s.tally.floor.Load():
		return nil
	case s.ring.Closed():
		return ErrClosed
	}
	return ErrOverloaded
}

// fits reports whether another operation of a batch can be staged.
func (s *Shard) fits(priority int32) bool {
	return !s.config.Displace || s.refusal(priority) == nil
}

// stamp reads the clock for a submission, unless the owner is awake: then it
// looks again within lookEvery and stamps the operation itself.
func (s *Shard) stamp() int64 {
	if s.bell.Asleep() {
		return readClock(s.config.Now)
	}
	return unstamped
}

// announce wakes the owner if what was just published cannot wait until it
// wakes by itself.
func (s *Shard) announce(first uint64, n int, due int64) {
	s.bell.Publish(due)
	if s.ring.PassesHalf(first, n) {
		s.bell.Ring()
	}
}

// Begin prepares an operation's ticket for being staged, and reports false if it
// is in use. Shard.Stage does it for its submitters; who drives a Core directly
// calls it before Core.Stage.
func (op *Op) Begin() bool {
	op.Hash &^= hashFlags
	if op.Ticket == nil || !op.Ticket.heeded() {
		return true
	}
	return op.beginHeeded()
}

func (op *Op) beginHeeded() bool {
	t := op.Ticket
	op.Hash |= heedBit
	if t.Withdrawable && !t.begin() {
		return false
	}
	if t.Extra.counts() {
		op.Hash |= extraBit
	}
	if t.Extra != nil {
		t.Extra.begin(op)
	}
	return true
}

// cancel undoes Begin for an operation that was refused. It reports false if
// the operation was withdrawn meanwhile: then it must not be tried again.
func (op *Op) cancel() bool {
	return op.Hash&heedBit == 0 || !op.Ticket.Withdrawable || op.Ticket.cancel()
}

// due returns until when the owner has to have seen an operation: until its
// window closes if it opens one, or at once if its rules want that.
func (s *Shard) due(op *Op) int64 {
	if op.At == unstamped || s.strict.Load() {
		return ring.Unstamped
	}
	window := op.Terms.Window()
	if rules := op.Terms.Rules(); rules > 0 {
		r := &s.config.Rules[rules-1]
		if r.urgent(op.Priority) {
			return ring.Unstamped
		}
		if r.Idle > 0 {
			window = min(window, int64(r.Idle))
		}
	}
	return saturatingAdd(op.At, window)
}

// saturatingAdd adds two numbers that are not negative.
func saturatingAdd(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxInt64
}
