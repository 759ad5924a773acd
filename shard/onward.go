package shard

// onward is whether operations are staged while a series of decisions is told.
type onward struct {
	told, groups   int // contenders, dismissed ones included, and the groups of this look
	pauses         int // since goOn was called
	asked, allowed bool
}

// begin is called by an owner that begins to deliver, or goes on for one whose goroutine
// ended in the midst of a batch.
func (w *onward) begin(midst bool) {
	w.asked = false // it may be another answer now
	if !midst {
		*w = onward{}
	}
}

// pause lets others have a turn in the midst of a batch, which may be one group of a
// million: the processor, and, when longTelling were told since, the submissions that
// wait. To let these in at each pause costs up to a quarter more of the processors' time.
func (s *Shard) pause() {
	s.giveWay()
	w := &s.owner.onward
	if w.pauses++; w.pauses == longTelling/longLook {
		s.goOn()
	}
}

// goOn lets submissions in while others are told, if many wait. Where all
// windows close at about the same time, telling takes longer than the ring lasts, and
// everybody would have to wait for the end of it. What is let in was submitted after
// the look that closed the windows, so it opens the next ones; and it is dated, as in
// a look, by a clock that was read after the tail.
func (s *Shard) goOn() {
	o := &s.owner
	o.onward.pauses = 0
	if o.onward.told < max(longTelling, largeGroups*o.onward.groups) || s.ring.Len() < max(1, s.ring.Cap()/4) {
		return
	}
	if o.telling.open && !o.core.calm {
		return // what rules dismiss at once would be released with the batch, untold
	}
	if !o.onward.asked {
		// What may end the goroutine is in looks only.
		o.onward.asked, o.onward.allowed = true, !o.risky && o.closeFired()
	}
	if !o.onward.allowed || !o.core.plain() {
		return
	}
	tail, before := s.ring.Tail(), s.ring.Drained()
	if s.inbox.full.Load() {
		return // what was put in there before is to be known first
	}
	o.found = readClock(s.config.Now)
	s.ring.DrainRuns(tail, o.take)
	o.drained += int(s.ring.Drained() - before)
	if o.journal != nil {
		o.journal.flush(o.looked, false) // else a block would be as large as all that is let in
	}
	s.tally.publish(o.core, s.ring.Drained()) // there is a limit
	s.takeBacklog()
	s.room.Admit(s.ring.Cap() - s.ring.Len())
}

// closeFired closes the windows that are told, and writes it down.
func (o *owner) closeFired() bool {
	if !o.core.CloseFired() {
		return false
	}
	o.note(codeCloseFired)
	return true
}

func (w *onward) count(batch []Decision, dismissed int) {
	w.told += dismissed
	w.groups += len(batch)
	for i := range batch {
		w.told += batch[i].Contenders
	}
}
