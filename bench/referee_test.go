package bench

import (
	"testing"

	"example.com/contend/fuzz/model"
	"github.com/stretchr/testify/assert"
)

// whole makes of what the verifier is told the history that the referee judges:
// two observers of the same runs have to agree.
func (h *history) whole() *model.History {
	number := func(k key) uint64 { return k.id }
	whole := &model.History{End: 1000}
	for _, s := range h.accepted {
		a := model.Attempt{
			ID: number(s.key), Target: s.target, Priority: s.priority, Window: 100, State: model.Accepted,
			Begun: s.begun, Returned: s.returned, Place: &model.Place{Sequence: s.order},
		}
		for _, o := range h.told {
			if o.key == s.key {
				a.Answers = append(a.Answers, model.Answer{At: 120, Ending: map[outcome]model.Ending{
					toldWon: model.EndWon, toldLost: model.EndRejected, toldStopped: model.EndStopped, toldWithdrawn: model.EndWithdrawn,
				}[o.outcome]})
			}
		}
		whole.Attempts = append(whole.Attempts, a)
	}
	d := h.decision
	r := model.Ruling{Target: d.target, Opened: d.opened, Due: d.due, Closed: d.closed, Seen: d.settled, Winner: number(d.winner)}
	for _, m := range d.members {
		r.Members = append(r.Members, model.Standing{ID: number(m.key), Priority: m.priority})
	}
	whole.Rulings = append(whole.Rulings, r)
	return whole
}

func TestVerifierAndRefereeAgree(t *testing.T) {
	good := goodHistory()
	assert.Empty(t, model.Judge(good.whole()))
	for name, c := range map[string]struct {
		kind  model.Kind
		spoil func(*history)
	}{
		"last wins": {model.WronglyWon, func(h *history) {
			h.decision.winner = key{0, 3}
			h.told[1].outcome, h.told[2].outcome = toldLost, toldWon
		}},
		"left out":         {model.LeftOut, func(h *history) { h.decision.members = h.decision.members[:2] }},
		"out of order":     {model.Disordered, func(h *history) { m := h.decision.members; m[1], m[2] = m[2], m[1] }},
		"in it twice":      {model.Duplicated, func(h *history) { h.decision.members = append(h.decision.members, h.decision.members[0]) }},
		"nobody staged it": {model.WronglyWon, func(h *history) { h.decision.members = append(h.decision.members, member{key{0, 9}, 1}) }},
		"other priority":   {model.WronglyWon, func(h *history) { h.decision.members[0].priority = 6 }},
		"closed early":     {model.TooEarly, func(h *history) { h.decision.closed = 99 }},
		"told early":       {model.TooEarly, func(h *history) { h.decision.settled = 99 }},
		"short window":     {model.TooEarly, func(h *history) { h.decision.due = 90 }},
		"opened too soon":  {model.TooEarly, func(h *history) { h.accepted[0].begun = 7 }},
		"told wrongly":     {model.WronglyWon, func(h *history) { h.told[0].outcome = toldWon }},
		"told twice":       {model.Duplicated, func(h *history) { h.told = append([]told{h.told[1]}, h.told...) }},
		"withdrawn in it":  {model.Duplicated, func(h *history) { h.told[0].outcome = toldWithdrawn }},
		"never told":       {model.Hung, func(h *history) { h.told = h.told[1:] }},
		"accepted twice":   {model.Duplicated, func(h *history) { h.accepted = append(h.accepted, h.accepted[0]) }},
	} {
		t.Run(name, func(t *testing.T) {
			h := goodHistory()
			c.spoil(&h)
			var kinds []model.Kind
			for _, v := range model.Judge(h.whole()) {
				kinds = append(kinds, v.Kind)
			}
			assert.Contains(t, kinds, c.kind)
			assert.Positive(t, h.verify(true).Violations)
		})
	}
}
