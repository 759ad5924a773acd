package model

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

// goodRun is a run in which all is right: 2 wins over 1 and 3 in a window of 100,
// 4 opens the next one with a length of its own and is withdrawn, 5 wins it, 6 is
// refused, 7 is stopped. Each test spoils one thing.
func goodRun() *History {
	entry := func(n byte) uuid.UUID { return uuid.UUID{15: n} }
	attempt := func(id uint64, priority int32, begun int64, answers ...Answer) Attempt {
		return Attempt{
			ID: id, Target: x, Priority: priority, Window: 100, State: Accepted, Begun: begun, Returned: begun + 5,
			Place: &Place{Shard: 1, Sequence: 10 + id}, Answers: answers,
		}
	}
	lost := Answer{Ending: EndRejected, At: 111, Winner: 2, Entry: entry(1)}
	h := &History{Tick: 10, Late: 20, End: 1000}
	h.Attempts = []Attempt{
		attempt(1, 5, 0, lost),
		attempt(2, 8, 2, Answer{Ending: EndCompleted, At: 130}),
		attempt(3, 8, 50, lost),
		attempt(4, 9, 120),
		attempt(5, 1, 130, Answer{Ending: EndWon, At: 190}),
		{ID: 6, Target: x, State: Refused, Begun: 500, Returned: 501},
		attempt(7, 1, 600, Answer{Ending: EndStopped, At: 630}),
	}
	h.Attempts[3].Window, h.Attempts[3].Withdrawn = 60, &Interval{140, 141}
	h.Attempts[3].Answers = []Answer{{Ending: EndWithdrawn, At: 142}}
	h.Rulings = []Ruling{
		{Target: x, Opened: 2, Due: 102, Closed: 109, Seen: 110, Winner: 2, Members: []Standing{{1, 5}, {2, 8}, {3, 8}}},
		{Target: x, Opened: 121, Due: 181, Closed: 188, Seen: 190, Winner: 5, Members: []Standing{{5, 1}}},
		{Target: x, Opened: 600, Due: 700, Closed: 610, Seen: 611, Members: []Standing{{7, 1}}, Abandoned: true},
	}
	h.Entries = []Entry{{ID: entry(1), Attempt: 2, Registered: 112, Finished: 121}, {ID: entry(2), Attempt: 5, Registered: 190, Finished: 200}}
	h.Executions = []Execution{{Attempt: 2, Start: 115, End: 120}}
	return h
}

func TestRefereeAcceptsWhatIsRight(t *testing.T) {
	assert.Empty(t, Judge(goodRun()))
	assert.Empty(t, Judge(&History{}))

	h := goodRun()
	for i := range h.Attempts {
		h.Attempts[i].Place = nil
	}
	assert.Empty(t, Judge(h), "the order does not have to be known")

	h = goodRun()
	h.Attempts[0].Place, h.Attempts[1].Place = h.Attempts[1].Place, h.Attempts[0].Place
	m := h.Rulings[0].Members
	m[0], m[1] = m[1], m[0]
	assert.Empty(t, Judge(h), "submissions that overlap are in either order")

	h = goodRun()
	h.Attempts[1].Answers[0] = Answer{Ending: EndStopped, At: 117}
	assert.Empty(t, Judge(h), "a winner that Stop gave up on")
}

func TestRefereeFindsWhatIsWrong(t *testing.T) {
	attempt := func(h *History, id int) *Attempt { return &h.Attempts[id-1] }
	for name, c := range map[string]struct {
		kind  Kind
		text  string
		spoil func(h *History)
	}{
		"vanished": {Vanished, "3 was accepted, and neither", func(h *History) {
			h.Rulings[0].Members = h.Rulings[0].Members[:2]
			attempt(h, 3).Answers = nil
		}},
		"hung in submission": {Hung, "6 did not return", func(h *History) { attempt(h, 6).State = Pending }},
		"hung after":         {Hung, "3 was decided and not told", func(h *History) { attempt(h, 3).Answers = nil }},

		"told twice": {Duplicated, "3 was told rejected and rejected", func(h *History) {
			attempt(h, 3).Answers = append(attempt(h, 3).Answers, attempt(h, 3).Answers[0])
		}},
		"decided twice": {Duplicated, "3 is in two groups", func(h *History) {
			h.Rulings[1].Members = append([]Standing{{3, 8}}, h.Rulings[1].Members...)
		}},
		"twice in one":          {Duplicated, "3 is in two groups", func(h *History) { h.Rulings[0].Members = append(h.Rulings[0].Members, Standing{3, 8}) }},
		"withdrawn and decided": {Duplicated, "4 was withdrawn and is in", func(h *History) { h.Rulings[1].Members = []Standing{{4, 9}, {5, 1}} }},
		"withdrawn and told":    {Duplicated, "4 was told rejected; withdrawn: true", func(h *History) { attempt(h, 4).Answers[0].Ending = EndRejected }},
		"told withdrawn, was not": {Duplicated, "5 was told withdrawn; withdrawn: false", func(h *History) {
			attempt(h, 5).Answers[0].Ending = EndWithdrawn
		}},
		"refused and decided": {Duplicated, "6 was refused and is in", func(h *History) {
			h.Rulings[2].Members = append(h.Rulings[2].Members, Standing{6, 0})
		}},
		"refused and told": {Duplicated, "6 was refused, and has", func(h *History) { attempt(h, 6).Answers = []Answer{{Ending: EndWon, At: 511}} }},
		"two of one ID":    {Duplicated, "two attempts with ID 5", func(h *History) { attempt(h, 4).ID = 5 }},

		"last wins":   {WronglyWon, "3 won over 2", func(h *History) { h.Rulings[0].Winner = 3 }},
		"lowest wins": {WronglyWon, "1 won over 2", func(h *History) { h.Rulings[0].Winner = 1 }},
		"nobody wins": {WronglyWon, "0 won over 2", func(h *History) { h.Rulings[0].Winner = 0 }},
		"nobody to win": {WronglyWon, "without contenders", func(h *History) {
			h.Rulings = append(h.Rulings, Ruling{Target: y, Closed: 1, Seen: 1})
		}},
		"abandoned and won": {WronglyWon, "7 won an abandoned", func(h *History) { h.Rulings[2].Winner = 7 }},
		"told the wrong thing": {WronglyWon, "1 was told won, but 2", func(h *History) {
			attempt(h, 1).Answers[0].Ending = EndWon
		}},
		"winner told lost": {WronglyWon, "5 was told rejected, but 5 won", func(h *History) { attempt(h, 5).Answers[0].Ending = EndRejected }},
		"abandoned, told lost": {WronglyWon, "7 was told rejected, but 0", func(h *History) {
			attempt(h, 7).Answers[0].Ending = EndRejected
		}},
		"told without a decision": {WronglyWon, "7 was told stopped without", func(h *History) { h.Rulings = h.Rulings[:2] }},
		"told the wrong winner":   {WronglyWon, "1 was told that it lost to 3", func(h *History) { attempt(h, 1).Answers[0].Winner = 3 }},
		"other priority":          {WronglyWon, "with priority 6; submitted", func(h *History) { h.Rulings[0].Members[0].Priority = 6 }},
		"other target":            {WronglyWon, "5 contends for", func(h *History) { attempt(h, 5).Target = y }},
		"never submitted":         {WronglyWon, "9 is in a group and was never", func(h *History) { h.Rulings[1].Members[0].ID = 9 }},

		"left out": {LeftOut, "3, submitted by 55, is not in", func(h *History) {
			h.Rulings[0].Members = h.Rulings[0].Members[:2]
			h.Rulings[1].Members = []Standing{{3, 8}, {5, 1}}
			h.Rulings[1].Winner = 3
		}},
		"left out, withdrawn later": {LeftOut, "4, submitted by 125", func(h *History) { attempt(h, 4).Withdrawn.From = 191 }},

		"out of order in a group": {Disordered, "3 stands before 1", func(h *History) {
			m := h.Rulings[0].Members
			m[0], m[2] = m[2], m[0]
			for i := range h.Attempts {
				h.Attempts[i].Place = nil
			}
		}},
		"out of order against the line": {Disordered, "2 is before 1 in the decisions", func(h *History) {
			m := h.Rulings[0].Members
			m[0], m[1] = m[1], m[0]
		}},
		"out of order in line": {Disordered, "3 stands before 1", func(h *History) { attempt(h, 1).Place.Sequence = 14 }},
		"same place":           {Disordered, "1 and 2 have the same place", func(h *History) { attempt(h, 2).Place.Sequence = 11 }},
		"other shard":          {Disordered, "are in different shards", func(h *History) { attempt(h, 2).Place.Shard = 0 }},
		"overlapping windows": {Disordered, "overlaps the one before", func(h *History) {
			h.Rulings[0].Closed, h.Rulings[0].Seen = 122, 122
			attempt(h, 1).Answers[0].At, attempt(h, 3).Answers[0].At = 122, 122
		}},

		"closed early":          {TooEarly, "closed 1 before it was due", func(h *History) { h.Rulings[0].Closed = 101 }},
		"decided before closed": {TooEarly, "was decided 1 before it closed", func(h *History) { h.Rulings[0].Seen = 108 }},
		"short window":          {TooEarly, "opened at 2 by 1 or somebody withdrawn: its length is another", func(h *History) { h.Rulings[0].Due = 90 }},
		"window of a later one": {TooEarly, "its length is another", func(h *History) { attempt(h, 1).Window = 90 }},
		"opened early":          {TooEarly, "opened at 2 by 1 or somebody withdrawn: that is before", func(h *History) { attempt(h, 1).Begun = 3 }},
		"of an earlier withdrawn": {TooEarly, "its length is another", func(h *History) {
			attempt(h, 4).Begun, attempt(h, 4).Returned, attempt(h, 4).Place = 80, 81, nil
		}},
		"decided before begun":  {TooEarly, "3 was decided before its submission", func(h *History) { attempt(h, 3).Begun, attempt(h, 3).Returned = 111, 115 }},
		"told early":            {TooEarly, "1 was told rejected before", func(h *History) { attempt(h, 1).Answers[0].At = 109 }},
		"registered early":      {TooEarly, "2 was registered before", func(h *History) { h.Entries[0].Registered = 109 }},
		"completed before done": {TooEarly, "2 was told completed before", func(h *History) { attempt(h, 2).Answers[0].At = 119 }},

		"decided late": {TooLate, "decided 21 after it was due and a tick", func(h *History) {
			d := &h.Rulings[1]
			d.Closed, d.Seen, h.Entries[1].Registered = 212, 212, 212
			attempt(h, 5).Answers[0].At = 212
		}},
		"opened late": {TooLate, "that is long after it was submitted", func(h *History) {
			d := &h.Rulings[2]
			d.Opened, d.Due, d.Closed, d.Seen = 626, 726, 627, 627
		}},
		"told late": {TooLate, "1 was told that it lost 21 after", func(h *History) { attempt(h, 1).Answers[0].At = 131 }},

		"told after the end":     {Leftover, "7 was told stopped after", func(h *History) { attempt(h, 7).Answers[0].At = 1001 }},
		"decided after the end":  {Leftover, "was decided after the end", func(h *History) { h.End = 610 }},
		"runs after the end":     {Leftover, "2 is executing after", func(h *History) { h.Executions[0].End = 0 }},
		"ended after the end":    {Leftover, "2 is executing after", func(h *History) { h.Executions[0].End = 1001 }},
		"entry is not finished":  {Leftover, "2 is in the registry as running", func(h *History) { h.Entries[0].Finished = 0 }},
		"entry is finished late": {Leftover, "5 is in the registry as running", func(h *History) { h.Entries[1].Finished = 1001 }},

		"loser has an entry": {Misregistered, "3 has an entry and did not win", func(h *History) { h.Entries[0].Attempt = 3 }},
		"two entries": {Misregistered, "5 has two entries", func(h *History) {
			e := h.Entries[1]
			e.ID = uuid.UUID{9}
			h.Entries = append(h.Entries, e)
		}},
		"same entry ID":      {Misregistered, "which is not its own", func(h *History) { h.Entries[1].ID = h.Entries[0].ID }},
		"no entry ID":        {Misregistered, "which is not its own", func(h *History) { h.Entries[1].ID = uuid.Nil }},
		"no entry":           {Misregistered, "2 was executed without an entry", func(h *History) { h.Entries = h.Entries[1:] }},
		"executed before":    {Misregistered, "2 was executed while it was not in", func(h *History) { h.Entries[0].Registered = 116 }},
		"executed after":     {Misregistered, "2 was executed while it was not in", func(h *History) { h.Entries[0].Finished = 119 }},
		"told another entry": {Misregistered, "1 was told that entry", func(h *History) { attempt(h, 1).Answers[0].Entry = uuid.UUID{9} }},

		"executed twice": {Misexecuted, "2 was executed 2 times", func(h *History) {
			h.Executions = append(h.Executions, h.Executions[0])
		}},
		"not executed":                 {Misexecuted, "2 was told completed and was not", func(h *History) { h.Executions = nil }},
		"loser executed":               {Misexecuted, "3 was executed and did not win", func(h *History) { h.Executions[0].Attempt = 3 }},
		"executed and never submitted": {Misexecuted, "9 was executed and never", func(h *History) { h.Executions[0].Attempt = 9 }},
	} {
		t.Run(name, func(t *testing.T) {
			h := goodRun()
			c.spoil(h)
			found := Judge(h)
			assert.True(t, slices.ContainsFunc(found, func(v Violation) bool {
				return v.Kind == c.kind && strings.Contains(v.Text, c.text)
			}), "%v %q in %q", c.kind, c.text, found)
		})
	}
}
