package live

import (
	"unicode/utf8"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
)

// conflict is who beat whom on what, or who was kept out.
type conflict struct {
	At     int64     `json:"at_ms"` // Unix time
	Target uuid.UUID `json:"target"`
	// Winner is nil for one that was kept out by the Lock, or made room.
	Winner *operation  `json:"winner,omitempty"`
	Lock   string      `json:"lock,omitempty"`
	Losers []operation `json:"losers"` // the first few
	More   int         `json:"more"`   // losers that are not named
}

// operation is one that took part.
type operation struct {
	Name     string          `json:"name"` // its ID if it has none
	Priority engine.Priority `json:"priority"`
	Again    bool            `json:"again,omitempty"` // it lost, and tries again
}

const (
	losersNamed = 3
	nameBytes   = 160 // of names of users, which may have any length
)

// group is what events of one conflict have in common.
type group struct {
	target  uuid.UUID
	winner  engine.OpID
	outcome shard.Outcome
	lock    string
}

func groupOf(ev *engine.Event) group {
	g := group{ev.Target, ev.Winner.ID, ev.Outcome, ev.Lock}
	if ev.Kind == engine.EventRetried {
		g.outcome = shard.Lost // as the others of its group did
	}
	return g
}

// latest tells the last conflicts of those that lost, the latest first, at most so
// many.
func latest(events []engine.Event, most int) []conflict {
	told := make([]conflict, 0, most)
	at := map[group]int{} // in told
	for i := len(events) - 1; i >= 0 && len(told) < most; i-- {
		g := groupOf(&events[i])
		if _, known := at[g]; !known {
			at[g] = len(told)
			told = append(told, begin(&events[i], g.outcome))
		}
	}
	for i := range events {
		if n, known := at[groupOf(&events[i])]; known {
			told[n].add(&events[i])
		}
	}
	return told
}

func begin(ev *engine.Event, outcome shard.Outcome) conflict {
	c := conflict{At: ev.Time.UnixMilli(), Target: ev.Target, Lock: short(ev.Lock)}
	if outcome == shard.Lost {
		c.Winner = &operation{Name: name(ev.Winner.Name, ev.Winner.ID), Priority: ev.Winner.Priority}
		c.More = max(0, ev.Contenders-1)
	}
	return c
}

// add adds a loser. How many there are is known from the contenders, unless they
// were told early, or were no contenders.
func (c *conflict) add(ev *engine.Event) {
	if len(c.Losers) == losersNamed {
		if c.Winner == nil || ev.Contenders == 0 {
			c.More++
		}
		return
	}
	c.Losers = append(c.Losers, operation{
		Name: name(ev.Name, ev.Op), Priority: ev.Priority, Again: ev.Kind == engine.EventRetried,
	})
	if c.Winner != nil && c.More > 0 {
		c.More--
	}
}

func name(given string, id engine.OpID) string {
	if given == "" {
		return "operation " + id.String()
	}
	return short(given)
}

// short cuts a text that is too long for a line, between two characters.
func short(s string) string {
	if len(s) <= nameBytes {
		return s
	}
	end := nameBytes
	for end > nameBytes-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
