package shard

import "runtime/debug"

// telling is how far the owner has come in telling a batch, so that it can go
// on behind a contender that panicked or ended the goroutine.
type telling struct {
	open      bool        // the core has to release it
	hooked    int         // hooks that were called
	shown     bool        // to the watcher
	dismissed []Dismissal // not told yet
	batch     []Decision
	next      int     // decision of batch
	members   members // its contenders that are not told yet
	atOnce    int     // how many more are told before there is a pause
	verdict   Verdict
	ranks     ranking
	scouting  scout
}

// deliver decides the groups that are due and tells their contenders.
func (s *Shard) deliver() {
	t := &s.owner.telling
	s.owner.onward.begin(t.open)
	for {
		if !t.open {
			if !s.decide() {
				return
			}
			s.giveWay()
		}
		s.hooks()
		s.show()
		for !s.tell() {
			if t.atOnce == 0 { // else only somebody panicked
				s.pause()
			}
		}
		decided := len(t.batch) > 0
		*t = telling{ranks: ranking{scratch: t.ranks.kept()}}
		s.owner.core.Release()
		if decided {
			s.goOn()
		}
	}
}

// decide takes the next decisions from the core. It reports false if there is
// nothing to tell.
func (s *Shard) decide() bool {
	t, c := &s.owner.telling, s.owner.core
	if s.owner.journal != nil {
		s.owner.journal.begin()
	}
	t.batch = c.Decide()
	t.dismissed = c.Dismissed()
	preempted := c.Preempted()
	if s.owner.journal != nil {
		s.owner.journal.end(c, t.batch)
	}
	if len(t.batch)+len(t.dismissed)+len(preempted)+len(c.faults)+len(c.notices) == 0 {
		return false
	}
	t.open = true
	t.scouting = scout{}
	if len(t.batch) > 0 {
		t.members = t.batch[0].members // before any hook: it may end the goroutine
	}
	s.tally.count(t.batch)
	s.owner.onward.count(t.batch, len(t.dismissed))
	s.relieve(s.owner.onward.told)
	if s.hottest != nil {
		s.hottest.count(t.batch, s.owner.looked)
	}
	s.measure(t.batch)
	s.tally.countDismissed(t.dismissed)
	return true
}

// hooks reports the policies that failed and shows a round to the hooks, each once: also
// if one of them ends the goroutine, after which the next owner comes here again.
func (s *Shard) hooks() {
	t, c := &s.owner.telling, s.owner.core
	for f := c.takeFault(); f != nil; f = c.takeFault() {
		s.reportFault(f)
	}
	for t.hooked < 3 {
		t.hooked++
		switch preempted := c.Preempted(); {
		case t.hooked == 1 && len(preempted) > 0:
			s.hook(func() { s.config.Preempted(preempted) }, s.config.Preempted != nil)
		case t.hooked == 2 && len(t.batch) > 0:
			s.hook(func() { s.config.Decided(t.batch) }, s.config.Decided != nil)
		case t.hooked == 3 && len(t.dismissed) > 0:
			s.hook(func() { s.config.Dismissed(t.dismissed) }, s.config.Dismissed != nil)
		}
	}
}

// hook calls the user's code, if there is any.
func (s *Shard) hook(call func(), set bool) {
	if set {
		defer s.guard()
		call()
	}
}

// tell tells everybody of the batch, in order. It returns false after longLook of them,
// when atOnce is 0, or behind one that panicked; called again, it goes on there.
func (s *Shard) tell() (done bool) {
	defer s.guard()
	t := &s.owner.telling
	if t.atOnce == 0 {
		t.atOnce = longLook
	}
	for len(t.dismissed) > 0 {
		if t.atOnce == 0 {
			return false
		}
		t.atOnce--
		d := &t.dismissed[0]
		t.dismissed = t.dismissed[1:]
		s.tellDismissed(d)
	}
	for t.next < len(t.batch) {
		if d := &t.batch[t.next]; d.listened {
			if s.tellGroup(d); t.members.left > 0 {
				return false
			}
		}
		if t.next++; t.next < len(t.batch) {
			t.members = t.batch[t.next].members
		}
	}
	return true
}

// tellGroup tells the rest of one group, as far as that is allowed at once.
func (s *Shard) tellGroup(d *Decision) {
	t := &s.owner.telling
	t.verdict = Verdict{
		Target: d.Target, Opened: d.Opened, Due: d.Due, Closed: d.Closed,
		Contenders:     d.Contenders,
		Winner:         OpID{Shard: d.Shard, Sequence: d.Winner.ID},
		WinnerPriority: d.Winner.Priority,
		WinnerName:     d.WinnerName,
		Token:          d.Token(),
		Exclusive:      d.Exclusive(),
		Preempted:      d.Preempted,
		Fault:          d.Fault(),
		number:         d.Number,
		key:            s.config.Key,
		ranks:          &t.ranks,
	}
	t.ranks.begin(d)
	if f := t.ranks.fault; f != nil {
		t.ranks.fault = nil
		s.reportFault(f)
	}
	for t.members.left > 0 && t.atOnce > 0 {
		t.atOnce--
		t.scout()
		member := t.members.standing()
		t.ranks.at = t.members.left
		t.members.advance()
		if member.Ticket == nil {
			continue
		}
		t.verdict.Outcome = d.OutcomeOf(member)
		t.verdict.Op = OpID{Shard: d.Shard, Sequence: member.ID}
		t.verdict.Priority = member.Priority
		if d.heeded {
			t.verdict.Retries = member.Retries()
		}
		member.Ticket.tell(&t.verdict)
	}
}

// tellDismissed tells an operation its outcome apart from a decision.
func (s *Shard) tellDismissed(d *Dismissal) {
	if d.Op.Ticket == nil {
		return
	}
	v := &s.owner.telling.verdict
	*v = Verdict{
		Outcome: d.Outcome, Target: d.Target, Opened: d.Opened, Due: d.At, Closed: d.At,
		Contenders: d.Contenders,
		Op:         OpID{Shard: s.config.Index, Sequence: d.Op.ID},
		Priority:   d.Op.Priority, Retries: d.Retries,
		Early: d.Outcome == Lost, Lock: d.Lock,
	}
	if d.Outcome == Lost {
		v.Winner = OpID{Shard: s.config.Index, Sequence: d.Leader.ID}
		v.WinnerPriority, v.WinnerName = d.Leader.Priority, d.LeaderName
	}
	if d.Fault != nil {
		v.Fault = d.Fault
	}
	d.Op.Ticket.tell(v)
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

func (s *Shard) incident(v any) { s.incidentAt(v, debug.Stack()) }

func (s *Shard) incidentAt(v any, stack []byte) {
	s.tally.incidents.Add(1)
	if s.config.Incident != nil {
		s.config.Incident(v, stack)
	}
}

// reportFault reports that a policy failed, but not what died has reported.
func (s *Shard) reportFault(f *Fault) {
	if f.Value != errGoexit {
		s.incidentAt(f.Value, f.Stack)
	}
}
