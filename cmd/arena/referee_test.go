package main

import (
	"strings"
	"testing"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// match is a referee at work in a world of two entities, without an engine: what
// the engine would say, and what the world does, is up to the test.
type match struct {
	world   *world
	referee *referee
	targets []uuid.UUID
	token   uint64
}

func newMatch() *match {
	w, targets := newWorld(2, 4, 1)
	return &match{world: w, targets: targets, referee: newReferee(targets, w.look(), w.chests)}
}

// blow is an operation on an entity that wins, and the command that it hands over.
func (m *match) blow(entity int) (engine.Entry, command) {
	m.token++
	e := engine.Entry{ID: uuid.New(), Key: uuid.New(), Target: m.targets[entity], Name: "combat", Token: m.token}
	return e, command{op: e.Key, system: 1, entity: entity, effect: effect{health: -10, gold: -1}, partner: nobody}
}

// deal is a trade that an entity wins, for which it pays the other one.
func (m *match) deal(entity int) (engine.Entry, command) {
	e, c := m.blow(entity)
	e.Name = "trade"
	c.effect, c.partner = effect{pay: 5}, 1-entity
	return e, c
}

// tick applies commands and lets the referee look.
func (m *match) tick(commands ...command) {
	for _, c := range commands {
		m.world.apply(c)
	}
	m.audit(commands...)
}

func (m *match) audit(commands ...command) {
	m.referee.audit(1, commands, m.world.look(), m.world.chests)
}

// violations returns what the referee has found once the books are closed, a line
// each.
func (m *match) violations() string {
	m.referee.close(m.world.look(), m.world.chests)
	_, texts := m.referee.found.total()
	return strings.Join(texts, "\n")
}

func TestFairMatch(t *testing.T) {
	m := newMatch()
	for range 3 {
		for entity := range m.targets {
			e, c := m.blow(entity)
			require.NoError(t, m.referee.Register(e))
			m.tick(c)
			m.referee.Finish(e.ID, nil)
		}
	}
	require.Empty(t, m.violations())
	require.Equal(t, 6, m.referee.changes)
}

// Who won an entity and trades with another changes both, beside the other's winner.
func TestFairTrade(t *testing.T) {
	m := newMatch()
	e, c := m.deal(0)
	f, d := m.blow(1)
	m.referee.Register(e)
	m.referee.Register(f)
	m.tick(c, d)
	m.referee.Finish(e.ID, nil)
	m.referee.Finish(f.ID, nil)
	require.Empty(t, m.violations())
	require.Equal(t, 2, m.referee.changes)
	seen := m.world.look()
	require.EqualValues(t, fullPurse-5, seen[0].gold)
	require.EqualValues(t, fullPurse+5-1, seen[1].gold)
}

// Each way to break the rules is found, and called what it is.
func TestReferee(t *testing.T) {
	for name, c := range map[string]struct {
		play func(m *match)
		want string
	}{
		"a change without an operation": {func(m *match) {
			_, c := m.blow(0)
			m.world.apply(c)
			m.audit()
		}, "entity 0 has health 90.* acted: no winner, and 0 others"},
		"a loser acts": {func(m *match) {
			_, c := m.blow(1)
			m.tick(c)
		}, "entity 1 has health 90.*not health 100.* acted: no winner, and 1 others"},
		"a loser acts beside the winner": {func(m *match) {
			e, c := m.blow(1)
			_, loser := m.blow(1)
			m.referee.Register(e)
			m.tick(c, loser)
			m.referee.Finish(e.ID, nil)
		}, "entity 1 has health 80.*not health 90.* acted: combat, who won, and 1 others"},
		"a loser trades": {func(m *match) {
			_, c := m.deal(1)
			m.tick(c)
		}, "entity 0 has health 100, gold 55.* acted: no winner, and 1 others\ntick 1: entity 1 has health 100, gold 45"},
		"a loser trades with a winner": {func(m *match) {
			e, c := m.deal(0)
			_, loser := m.deal(1)
			m.referee.Register(e)
			m.tick(c, loser)
			m.referee.Finish(e.ID, nil)
		}, "entity 0 has health 100, gold 50.*not health 100, gold 45.* acted: trade, who won, and 1 others"},
		"two winners at a time": {func(m *match) {
			e, c := m.blow(0)
			f, d := m.blow(0)
			m.referee.Register(e)
			m.referee.Register(f)
			m.tick(c, d)
		}, "won .* before combat .* had ended"},
		"winners out of order": {func(m *match) {
			e, c := m.blow(0)
			f, d := m.blow(0)
			m.referee.Register(f)
			m.tick(d)
			m.referee.Finish(f.ID, nil)
			m.referee.Register(e)
			m.tick(c)
			m.referee.Finish(e.ID, nil)
		}, "won entity 0 with token 1 after 2"},
		"a winner acts elsewhere": {func(m *match) {
			e, c := m.blow(0)
			c.entity = 1
			m.referee.Register(e)
			m.tick(c)
			m.referee.Finish(e.ID, nil)
		}, "acts on entity 1"},
		"a winner acts twice": {func(m *match) {
			e, c := m.blow(0)
			m.referee.Register(e)
			m.tick(c, c)
			m.referee.Finish(e.ID, nil)
		}, "won once and acts again"},
		"a winner acts in two ticks": {func(m *match) {
			e, c := m.blow(0)
			c.effect = effect{}
			m.referee.Register(e)
			m.tick(c)
			m.tick(c)
			m.referee.Finish(e.ID, nil)
		}, "won once and acts again"},
		"a winner does not act": {func(m *match) {
			e, _ := m.blow(0)
			m.referee.Register(e)
			m.tick()
			m.referee.Finish(e.ID, nil)
		}, "won and did not act"},
		"a winner does not end": {func(m *match) {
			e, c := m.blow(0)
			m.referee.Register(e)
			m.tick(c)
		}, "1 winners have not ended"},
		"one ends that did not begin": {func(m *match) {
			m.referee.Finish(uuid.New(), nil)
		}, "has ended, and had not begun"},
		"gold is made": {func(m *match) {
			m.world.chests[2]++
			m.audit()
		}, "^tick 1: the chest of system 2 has 1 gold, not 0\ntick 1: there is 101 gold, not 100\n"},
		"gold is made and nobody looks": {func(m *match) {
			m.world.chests[2]++
		}, "at the end there is 101 gold, not 100"},
		"gold moves by itself": {func(m *match) {
			m.world.chests[2]++
			_, purse, _ := partsOf(m.world, 0)
			purse.Gold--
			m.audit()
		}, "entity 0 has health 100, gold 49"},
		"health changes and nobody looks": {func(m *match) {
			health, _, _ := partsOf(m.world, 0)
			health.Points -= 7
		}, "at the end there is 193 health, but the winners account for 200"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMatch()
			c.play(m)
			require.Regexp(t, c.want, m.violations())
		})
	}
}

func partsOf(w *world, entity int) (*Health, *Purse, *Position) {
	position, health, purse := w.parts.Get(w.entities[entity])
	return health, purse, position
}
