package shard

import (
	"errors"
	"runtime/debug"
)

// telling is how far the owner has come in telling a batch, so that it can go
// on behind a contender that panicked or ended the goroutine.
type telling struct {
	batch   []Decision
	next    int     // decision of batch
	members members // its contenders that are not told yet
	verdict Verdict
}

// deliver decides the groups that are due and tells their contenders.
func (s *Shard) deliver() {
	t := &s.owner.telling
	for {
		if len(t.batch) == 0 {
			if t.batch = s.owner.core.Decide(); len(t.batch) == 0 {
				return
			}
			t.next, t.members = 0, t.batch[0].members
			s.tally.count(t.batch)
			s.decidedHook()
		}
		for !s.tell() {
		}
		t.batch, t.members, t.verdict = nil, members{}, Verdict{}
		s.owner.core.Release()
	}
}

func (s *Shard) decidedHook() {
	if s.config.Decided != nil {
		defer s.guard()
		s.config.Decided(s.owner.telling.batch)
	}
}

// tell tells the contenders of the batch, in order. It returns false if one of
// them panicked; called again, it goes on behind that one.
func (s *Shard) tell() (done bool) {
	defer s.guard()
	t := &s.owner.telling
	for {
		s.tellGroup(&t.batch[t.next])
		t.next++
		if t.next == len(t.batch) {
			return true
		}
		t.members = t.batch[t.next].members
	}
}

// tellGroup tells the rest of one group.
func (s *Shard) tellGroup(d *Decision) {
	t := &s.owner.telling
	t.verdict = Verdict{
		Target: d.Target, Opened: d.Opened, Due: d.Due, Closed: d.Closed,
		Contenders:     d.Contenders,
		Winner:         OpID{Shard: d.Shard, Sequence: d.Winner.ID},
		WinnerPriority: d.Winner.Priority,
		WinnerName:     d.WinnerName,
		number:         d.Number,
		key:            s.config.Key,
	}
	for t.members.left > 0 {
		member := t.members.standing()
		t.members.advance()
		if member.Ticket == nil {
			continue
		}
		t.verdict.Outcome = d.outcome(member)
		t.verdict.Op = OpID{Shard: d.Shard, Sequence: member.ID}
		t.verdict.Priority = member.Priority
		member.Ticket.tell(&t.verdict)
	}
}

// outcome returns what a contender of the group is told.
func (d *Decision) outcome(member Standing) Outcome {
	switch {
	case d.Abandoned:
		return Stopped
	case member.Ticket == d.Winner.Ticket && member.ID == d.Winner.ID:
		return Won
	}
	return Lost
}

// tell gives the ticket back to its submitter and the verdict with it.
func (t *Ticket) tell(v *Verdict) {
	to := t.To
	if t.Withdrawable {
		t.release()
	}
	to.Decided(v)
}

// guard keeps a panic of the user's from ending the owner.
func (s *Shard) guard() {
	if v := recover(); v != nil {
		s.incident(v)
	}
}

// errGoexit is the incident of a hook or contender that ended the goroutine.
var errGoexit = errors.New("runtime.Goexit")

func (s *Shard) incident(v any) {
	s.tally.incidents.Add(1)
	if s.config.Incident != nil {
		s.config.Incident(v, debug.Stack())
	}
}
