//go:build explore

package loom

import (
	"math"

	"example.com/contend/shard"
)

func (u *shardUsers) produce(p int, mine []*submission) {
	if u.how == batch {
		u.submitAll(mine)
		return
	}
	for i, s := range mine {
		if i > 0 && u.exclusive {
			u.Until(func() bool { return len(mine[i-1].told) > 0 || u.ends != decided })
		}
		if i > 0 && u.reuses {
			u.awaitTicket(mine[i-1])
			s.op.Ticket.To = s
		}
		u.submit(p, s)
	}
}

// awaitTicket waits until a submission's ticket is free: when it was told, or its
// window has closed after it was withdrawn.
func (u *shardUsers) awaitTicket(s *submission) {
	u.Until(func() bool { return s.withdrawn || len(s.told) > 0 })
	if s.withdrawn {
		u.Sleep(2 * window)
	}
}

func (u *shardUsers) submit(p int, s *submission) {
	s.begin()
	var done chan struct{}
	if p == 0 && u.gives {
		done = u.gaveUp
	}
	switch {
	case u.how == waiting || u.how == mixed && p == 1:
		s.sequence, s.err = u.shard.StageWait(&s.op, done)
	case u.how == leaving || u.how == mixed:
		s.leaves = true
		s.sequence = math.MaxUint64 // until it is told
		s.deferred.Op = s.op
		if err := u.shard.StageLater(&s.deferred); err != nil { // else it may have been refused meanwhile
			s.err = err
		}
	default:
		s.sequence, s.err = u.shard.Stage(&s.op)
	}
	s.end()
}

func (u *shardUsers) submitAll(all []*submission) {
	ops := make([]shard.Op, len(all))
	for i, s := range all {
		ops[i] = s.op
		s.beganAt = u.Time()
	}
	first, n, err := u.shard.StageAll(ops)
	for i, s := range all {
		s.sequence, s.err = first+uint64(i), err
		if err == nil && i >= n {
			s.err = shard.ErrFull
		}
		s.end()
	}
}

func (s *submission) begin() {
	if s.ordered {
		s.began = s.Event()
	}
	s.beganAt = s.Time()
}

func (s *submission) end() {
	s.returned, s.backAt, s.over = s.Happened(), s.Time(), true
	if s.err != nil && !s.withdrawn {
		s.outcomes++
	}
}

// Decided is told the verdict.
func (s *submission) Decided(v *shard.Verdict) {
	s.told = append(s.told, v.Outcome)
	s.toldAt, s.closed = s.Time(), v.Closed
	s.outcomes++
	if s.withdrawn {
		s.Failf("it was withdrawn and is told %v", v.Outcome)
	}
	if s.leaves {
		s.sequence = v.Op.Sequence
	}
	if v.Op.Sequence != s.sequence && s.over {
		s.Failf("operation %d is told what is meant for %v", s.sequence, v.Op)
	}
}

// Refused is told that there was no room in time.
func (s *submission) Refused(err error) {
	if s.withdrawn || s.err != nil {
		s.Failf("it is refused (%v) after it was withdrawn (%v) or refused (%v)", err, s.withdrawn, s.err)
	}
	if s.err = err; s.over { // else end counts it
		s.outcomes++
	}
}

// decided is the hook.
func (u *shardUsers) decided(batch []shard.Decision) {
	for i := range batch {
		d := &batch[i]
		copied := decision{
			target: d.Target, token: d.Token(), number: d.Number, opened: d.Opened, due: d.Due, closed: d.Closed,
			winner: d.Winner, abandoned: d.Abandoned, exclusive: d.Exclusive(), look: u.looks[0], retried: d.Retried,
		}
		for m := range d.All() {
			copied.members = append(copied.members, m)
		}
		if copied.exclusive {
			u.exclude(&copied)
			u.running = append(u.running, copied)
		}
		u.decisions = append(u.decisions, copied)
	}
}

// exclude checks that no winner of the same target runs.
func (u *shardUsers) exclude(d *decision) {
	for _, before := range u.decisions {
		if before.exclusive && before.target == d.target && !u.ended[before.token] {
			u.Failf("decision %d has a winner while that of %d runs", d.number, before.number)
		}
	}
}

// endWinners ends one winner after another, every other at once.
func (u *shardUsers) endWinners() {
	for {
		u.Until(func() bool { return len(u.running) > 0 || u.hasEnded() })
		if len(u.running) == 0 {
			return
		}
		d := u.running[0]
		u.running = u.running[1:]
		if len(u.decisions)%2 == 1 { // until the next window is due
			u.Sleep(window)
		}
		u.ended[d.token] = true
		if !u.shard.Ended(d.target, d.token) {
			u.Failf("the shard does not take it")
		}
	}
}

func (u *shardUsers) withdraw() {
	for _, s := range u.submissions[:u.items] {
		if s.ticket.Withdraw() {
			if s.withdrawn = true; len(s.told) > 0 {
				s.Failf("withdrawn after it was told %v", s.told)
			}
			if !s.over || s.err == nil {
				s.outcomes++
			}
		}
		if u.reuses {
			return
		}
	}
}

// lock locks all targets, submits, unlocks and submits again.
func (u *shardUsers) lock() {
	for i, s := range []*submission{u.locked, u.unlocked} {
		var applied <-chan struct{}
		ok, at := false, u.Time()
		if i == 0 {
			applied, ok = u.shard.Lock(shard.Lock{ID: 1, Name: "locked", All: true, Below: 10, Stay: true})
		} else {
			applied, ok = u.shard.Unlock(1)
		}
		if !ok {
			u.Failf("the shard does not take it")
		}
		u.submit(u.producers, s)
		if u.ends == decided {
			u.Until(func() bool { return isClosed(applied) })
			if u.Time() != at {
				u.Failf("it took %d ns until it was in force", u.Time()-at)
			}
		}
		u.Until(func() bool { return s.err != nil || len(s.told) > 0 })
	}
}

// keep sets a lock that keeps nobody out.
func (u *shardUsers) keep() {
	applied, ok := u.shard.Lock(shard.Lock{ID: 2, Name: "kept", All: true, Below: -10, Stay: true})
	if !ok {
		u.Failf("the shard does not take it")
	}
	if u.ends == decided {
		u.Until(func() bool { return isClosed(applied) })
	}
	u.kept = true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (u *shardUsers) hasEnded() bool { return isClosed(u.shard.Done()) }

// stop ends the shard.
func (u *shardUsers) stop() {
	if u.ends == decided {
		u.Until(func() bool { return u.outcomes >= len(u.submissions) && (u.kept || !u.locks) })
	}
	if u.ordered {
		u.stopBegan = u.Event()
	}
	if u.ends == aborts {
		u.shard.Abort()
	} else {
		u.shard.Close()
	}
	u.stopReturned, u.stopReturnedAt = u.Happened(), u.Time()
}
