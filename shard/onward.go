package shard

// longTelling is after how many contenders a look has been telling for so long, about
// a millisecond, that submissions go on meanwhile. They do not before: what a look has
// let in, the next one has to close, and looks would grow.
const longTelling = 1 << 14

// largeGroups is how many contenders the groups of a look have on average if it is
// worth while to close the rest in advance, which costs another way through memory.
const largeGroups = 8

// onward is whether operations are staged while a series of decisions is told.
type onward struct {
	told, groups   int // contenders and their groups, in this look
	asked, allowed bool
}

// goOn lets submissions in between two batches of decisions, if many wait. Where all
// windows close at about the same time, telling takes longer than the ring lasts, and
// everybody would have to wait for the end of it. What is let in was submitted after
// the look that closed the windows, so it opens the next ones; and it is dated, as in
// a look, by a clock that was read after the tail.
func (s *Shard) goOn() {
	o := &s.owner
	if o.onward.told < max(longTelling, largeGroups*o.onward.groups) || s.ring.Len() < max(1, s.ring.Cap()/4) {
		return
	}
	if !o.onward.asked {
		// What is written down, or may end the goroutine, is in looks only.
		o.onward.asked, o.onward.allowed = true, !o.once && o.core.CloseFired()
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
	s.tally.publish(o.core, s.ring.Drained()) // there is a limit
	s.takeBacklog()
	s.room.Admit(s.ring.Cap() - s.ring.Len())
}

func (w *onward) count(batch []Decision) {
	w.groups += len(batch)
	for i := range batch {
		w.told += batch[i].Contenders
	}
}
