//go:build explore

package loom

import (
	"slices"
	"time"

	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
)

// check checks what the contract promises, when all threads have ended.
func (u *shardUsers) check() {
	if !u.hasEnded() {
		u.Failf("the owner has not ended")
	}
	if staged := u.shard.Stats().Staged; staged != 0 {
		u.Failf("%d operations are left", staged)
	}
	for _, s := range u.submissions {
		s.check()
	}
	for i := range u.decisions {
		u.checkDecision(i)
	}
	if u.ordered {
		u.checkOrder()
	}
	if u.locks {
		u.checkLocks()
	}
}

// check checks that an accepted operation has one outcome, and others none.
func (s *submission) check() {
	outcomes := len(s.told)
	if s.withdrawn {
		outcomes++
	}
	if most := s.slack() * int64(len(s.submissions)); s.backAt-s.beganAt > most {
		s.Failf("it took %d ns to be accepted or refused, at most %d are needed", s.backAt-s.beganAt, most)
	}
	if s.op.Ticket.InUse() {
		s.Failf("the ticket of operation %d is still in use", s.sequence)
	}
	if s.ends == aborts && s.toldAt > max(s.stopReturnedAt, s.backAt)+s.slack() {
		s.Failf("it was told at %d, the shard was aborted at %d", s.toldAt, s.stopReturnedAt)
	}
	switch s.err {
	case nil:
		if outcomes != 1 {
			s.Failf("operation %d was told %v, withdrawn: %v", s.sequence, s.told, s.withdrawn)
		}
		return
	case shard.ErrClosed:
		if s.ends == decided || s.ordered && s.returned < s.stopBegan {
			s.Failf("it was refused as closed before")
		}
	case shard.ErrFull:
		if s.how >= waiting && s.how <= mixed || len(s.submissions) <= s.slots {
			s.Failf("it was refused as full")
		}
	case shard.ErrGaveUp:
		if !s.gives && !s.withdrawn {
			s.Failf("it gave up for nothing")
		}
	default:
		s.Failf("refused: %v", s.err)
	}
	if len(s.told) > 0 {
		s.Failf("it was refused and told %v", s.told)
	}
}

// slack is how much later than the contract's tick something may happen.
func (u *shardUsers) slack() int64 {
	slack := time.Duration(0)
	if u.late {
		slack += lateness
	}
	if u.how >= waiting && u.how <= mixed {
		slack += lookEvery
	}
	return int64(slack)
}

// checkDecision checks who won, and when.
func (u *shardUsers) checkDecision(i int) {
	d := &u.decisions[i]
	if d.number != uint64(i+1) || len(d.members) == 0 {
		u.Failf("decision %d is number %d, of %d", i+1, d.number, len(d.members))
	}
	group := make([]model.Op, len(d.members))
	for k, m := range d.members {
		group[k] = model.Op{ID: m.ID, Priority: m.Priority}
		if k > 0 && m.ID <= d.members[k-1].ID {
			u.Failf("operations %d and %d are in the wrong order", d.members[k-1].ID, m.ID)
		}
	}
	if winner := model.Winner(group); !d.abandoned && d.retried == 0 && winner.ID != d.winner.ID {
		u.Failf("of %v, %d has won", group, d.winner.ID)
	}
	if d.abandoned {
		if u.ends != aborts {
			u.Failf("decision %d was abandoned", d.number)
		}
		return
	}
	u.checkTimes(d)
	u.checkOutcomes(d)
}

// checkTimes checks that a window lasts as long as it should.
func (u *shardUsers) checkTimes(d *decision) {
	length := int64(u.windowOf(int(d.target[0])))
	if d.due != d.opened+length || d.closed < d.due {
		u.Failf("the window of decision %d opened at %d, was due at %d and closed at %d", d.number, d.opened, d.due, d.closed)
	}
	if most := d.due + int64(shard.Tick) + u.slack(); d.closed > most && !u.exclusive {
		u.Failf("the window of decision %d, due at %d, closed at %d", d.number, d.due, d.closed)
	}
	first := u.bySequence(d.members[0].ID)
	if u.withdraws || u.exclusive || u.retries {
		return // somebody else has opened it
	}
	if d.opened < first.beganAt || d.opened > first.backAt+u.slack() {
		u.Failf("a window was opened at %d, by what was submitted from %d to %d", d.opened, first.beganAt, first.backAt)
	}
}

func (u *shardUsers) checkOutcomes(d *decision) {
	for _, m := range d.members {
		outcome := shard.Lost
		if m == d.winner {
			outcome = shard.Won
		}
		s := u.bySequence(m.ID)
		if !slices.Contains(s.told, outcome) || s.closed != d.closed || s.toldAt > d.closed+u.slack() {
			u.Failf("operation %d was told %v at %d, it has %v at %d", m.ID, s.told, s.toldAt, outcome, d.closed)
		}
	}
}

func (u *shardUsers) bySequence(sequence uint64) *submission {
	for _, s := range u.submissions {
		if s.sequence == sequence && s.err == nil {
			return s
		}
	}
	u.Failf("operation %d was not accepted", sequence)
	return nil
}

// checkOrder compares events: of two submissions, one of which had returned when
// the other began, the order; of those that had returned when the owner began to
// look, that they are in the group; that none is accepted after the close.
func (u *shardUsers) checkOrder() {
	for _, a := range u.submissions {
		if a.err != nil {
			continue
		}
		if u.ends != decided && a.began > u.stopReturned {
			u.Failf("operation %d was accepted after the close", a.sequence)
		}
		for _, b := range u.submissions {
			if b.err == nil && a.returned < b.began && a.sequence >= b.sequence {
				u.Failf("operation %d had returned before %d began", a.sequence, b.sequence)
			}
		}
		if len(a.told) == 1 && !a.withdrawn {
			u.checkInGroup(a)
		}
	}
}

// checkInGroup checks that an operation is in the first group of its target that
// it can be in.
func (u *shardUsers) checkInGroup(a *submission) {
	for _, d := range u.decisions {
		if d.target != a.op.Target {
			continue
		}
		if slices.ContainsFunc(d.members, func(m shard.Standing) bool { return m.ID == a.sequence }) {
			return
		}
		if a.returned < d.look {
			u.Failf("operation %d had returned before decision %d was made, and is not in its group", a.sequence, d.number)
		}
	}
}

// checkLocks checks that a lock masks what was submitted after it was set, and
// nothing that was after it was taken back.
func (u *shardUsers) checkLocks() {
	if s := u.locked; s.err == nil && s.told[0] != shard.Masked {
		u.Failf("a lock was set, and an operation submitted then was told %v", s.told)
	}
	if s := u.unlocked; s.err == nil && s.told[0] == shard.Masked {
		u.Failf("a lock was taken back, and an operation submitted then was masked")
	}
}
