package bench

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// history is a run of three operations on one target, all right. Each test
// spoils one thing that the verifier must find.
type history struct {
	accepted []staged
	decision decided
	told     []told
}

func goodHistory() history {
	target := uuid.UUID{1}
	k := func(sequence uint64) key { return key{0, sequence} }
	h := history{decision: decided{target: target, opened: 0, due: 100, closed: 110, settled: 120, winner: k(2)}}
	for i, priority := range []int32{5, 8, 8} {
		s := staged{key: k(uint64(i + 1)), order: uint64(i + 1), target: target, priority: priority, returned: 50}
		h.accepted = append(h.accepted, s)
		h.decision.members = append(h.decision.members, member{s.key, priority})
	}
	h.told = []told{{k(1), toldLost}, {k(2), toldWon}, {k(3), toldLost}}
	return h
}

func (h *history) verify(ordered bool) Verified {
	v := newVerifier(100, ordered)
	for _, s := range h.accepted {
		v.accept(s)
	}
	v.decide(&h.decision)
	for _, o := range h.told {
		v.tell(o)
	}
	return v.finish()
}

func TestVerifierAcceptsWhatIsRight(t *testing.T) {
	for _, ordered := range []bool{true, false} {
		h := goodHistory()
		got := h.verify(ordered)
		assert.Zero(t, got.Violations, got.Messages)
		assert.EqualValues(t, 3, got.Operations)
		assert.EqualValues(t, 1, got.Conflicts)
	}
}

func TestVerifierFindsWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*history)
		want  string
		any   bool // found without knowing the order, too
	}{
		"last wins": {func(h *history) {
			h.decision.winner = key{0, 3}
			h.told[1].outcome, h.told[2].outcome = toldLost, toldWon
		}, "the model says {0 2}", true},
		"lowest wins": {func(h *history) {
			h.decision.winner = key{0, 1}
			h.told[0].outcome, h.told[1].outcome = toldWon, toldLost
		}, "the model says {0 2}", true},
		"left out":         {func(h *history) { h.decision.members = h.decision.members[:2] }, "left out operation {0 3}", false},
		"skipped":          {func(h *history) { h.decision.members = h.decision.members[1:] }, "not next in line", false},
		"out of order":     {func(h *history) { m := h.decision.members; m[1], m[2] = m[2], m[1] }, "not next in line", false},
		"in it twice":      {func(h *history) { h.decision.members = append(h.decision.members, h.decision.members[0]) }, "{0 1}", true},
		"nobody staged it": {func(h *history) { h.decision.members = append(h.decision.members, member{key{0, 9}, 1}) }, "{0 9}", true},
		"other priority":   {func(h *history) { h.decision.members[0].priority = 6 }, "priority 6 in the decision", true},
		"closed early":     {func(h *history) { h.decision.closed = 99 }, "closed 1 ns early", true},
		"told early":       {func(h *history) { h.decision.settled = 99 }, "told 1 ns before its window's end", true},
		"short window":     {func(h *history) { h.decision.due = 90 }, "is 90 ns, want 100", true},
		"opened too soon":  {func(h *history) { h.accepted[0].begun = 7 }, "opened 7 ns before", false},
		"told wrongly":     {func(h *history) { h.told[0].outcome = toldWon }, "was told won; by the decision it lost", true},
		"told twice":       {func(h *history) { h.told = append([]told{h.told[1]}, h.told...) }, "was told", true},
		"withdrawn in it":  {func(h *history) { h.told[0].outcome = toldWithdrawn }, "is in a decision", true},
		"stopped":          {func(h *history) { h.told[0].outcome = toldStopped }, "neither decided nor withdrawn", true},
		"never told":       {func(h *history) { h.told = h.told[1:] }, "told nothing", true},
		"never decided": {func(h *history) {
			h.accepted = append(h.accepted, staged{key: key{0, 4}, order: 4, target: uuid.UUID{2}})
		}, "operation {0 4}", true},
		"accepted twice": {func(h *history) { h.accepted = append(h.accepted, h.accepted[0]) }, "accepted twice", true},
	} {
		t.Run(name, func(t *testing.T) {
			for _, ordered := range []bool{true, false} {
				h := goodHistory()
				c.spoil(&h)
				if got := h.verify(ordered); ordered || c.any {
					assert.Positive(t, got.Violations)
					assert.Contains(t, got.Messages[0], c.want, "of %q", got.Messages)
				}
			}
		})
	}
}
