package bench

import (
	"time"

	"example.com/contend/engine"
)

// tap is what the runner records on one shard's goroutine: the lateness of
// every decision and, if the run is verified, a copy of it and what was told.
type tap struct {
	runner   *runner
	lateness *Lateness

	decisions []*decided
	outcomes  []told

	toldSlabs toldSlabs // whose memory is about to be free
}

// decide is the engine's Decided hook. Decisions of the batch before were told
// in the meantime, so both are handed over together.
func (r *runner) decide(batch []engine.Decision) {
	t := r.taps[batch[0].Shard]
	t.handOver()
	t.toldSlabs.publish()
	settled := r.clock()
	for i := range batch {
		d := &batch[i]
		t.record(d, settled)
		if r.feed != nil && !d.Abandoned {
			t.decisions = append(t.decisions, t.copy(d, settled))
		}
	}
	if r.options.Rung == Decisions {
		t.handOver()
	}
}

// record counts how late a group is decided: from the time at which its first
// operation was to be submitted, so that a submission that had to wait counts,
// until the decision is there to be told. Where the former is not known, or the
// first was withdrawn, from the time at which the window opened. A window that
// closed before its time counts as early, however long the decision took.
func (t *tap) record(d *engine.Decision, decided int64) {
	w := int64(t.runner.workload.Window)
	late := decided - d.Opened - w
	if begun, ok := t.runner.begun(d); ok {
		if since := decided - begun - w; since > late {
			late = since
		}
	}
	if early := d.Closed - d.Opened - w; early < 0 {
		late = early
	}
	t.lateness.RecordN(time.Duration(late), int64(d.Contenders))
}

// begun returns when the first contender was to be submitted.
func (r *runner) begun(d *engine.Decision) (int64, bool) {
	first := d.First()
	if first.Ticket == nil {
		if r.workload.Rate == FlatOut {
			return 0, false
		}
		return r.due(int64(first.ID)), true
	}
	if op, ok := first.Ticket.To.(interface{ intended() int64 }); ok {
		return op.intended(), true
	}
	return 0, false
}

func (t *tap) copy(d *engine.Decision, settled int64) *decided {
	c := &decided{
		target: d.Target, opened: d.Opened, due: d.Due, closed: d.Closed, settled: settled,
		winner:  keyOf(d.Shard, d.Winner.Ticket == nil, d.Winner.ID),
		members: make([]member, 0, d.Contenders),
	}
	for m := range d.All() {
		k := keyOf(d.Shard, m.Ticket == nil, m.ID)
		c.members = append(c.members, member{key: k, priority: m.Priority})
		if m.Ticket == nil { // nobody else is told
			o := toldLost
			if k == c.winner {
				o = toldWon
			}
			t.outcomes = append(t.outcomes, told{k, o})
		}
	}
	return c
}

func keyOf(shard uint32, tag bool, id uint64) key {
	if tag {
		return key{tagged, id}
	}
	return key{shard, id}
}

// tell records what a contender was told.
func (t *tap) tell(v *engine.Verdict) {
	t.outcomes = append(t.outcomes, told{key{v.Op.Shard, v.Op.Sequence}, outcomeOf(v)})
}

func outcomeOf(v *engine.Verdict) outcome {
	switch v.Outcome {
	case engine.Won:
		return toldWon
	case engine.Lost:
		return toldLost
	}
	return toldStopped
}

// handOver reports to the verifier.
func (t *tap) handOver() {
	if t.runner.feed != nil && len(t.decisions)+len(t.outcomes) > 0 {
		t.runner.feed.reportDecided(t.decisions, t.outcomes)
		t.decisions, t.outcomes = t.decisions[:0], t.outcomes[:0]
	}
}
