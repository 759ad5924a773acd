package peers

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// mistake is what a contestant may do wrong.
type mistake string

const (
	none            mistake = "none"
	lastWins        mistake = "last wins"
	lowestWins      mistake = "lowest wins"
	closesEarly     mistake = "closes early"
	tellsTwice      mistake = "tells twice"
	tellsTwoWinners mistake = "tells two winners"
	leavesOut       mistake = "leaves out"
	forgets         mistake = "forgets"
	miscounts       mistake = "miscounts"
)

// mistaken is a plain contestant that can be told to make a mistake.
type mistaken struct {
	mistake mistake
	window  time.Duration
	mu      sync.Mutex
	open    map[any]*group
	last    uint64
	timers  sync.WaitGroup
}

func (m *mistaken) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stage(target, op)
}

func (m *mistaken) stage(target uuid.UUID, op *Op) {
	g := m.open[target]
	if g == nil {
		g = &group{target: target}
		m.open[target] = g
		window := m.window
		if m.mistake == closesEarly {
			window -= time.Nanosecond
		}
		m.timers.Add(1)
		time.AfterFunc(window, func() { m.end(g) })
	}
	m.last++
	g.add(op, m.last)
	switch {
	case m.mistake == lastWins && op.priority == g.priority,
		m.mistake == lowestWins && op.priority < g.best.priority:
		g.best, g.bestID = op, m.last
	}
}

func (m *mistaken) end(g *group) {
	defer m.timers.Done()
	m.mu.Lock()
	delete(m.open, g.target)
	members := g.members()
	if n := len(members); m.mistake == leavesOut && n > 3 && members[n-1] != g.best {
		g.count--
		m.stage(g.target, members[n-1])
		members = members[:n-1]
	}
	m.mu.Unlock()
	v := Verdict{WinnerPriority: g.priority, Winner: g.bestID, Contenders: len(members)}
	for i, op := range members {
		v.Won = op == g.best || m.mistake == tellsTwoWinners && i == len(members)-1
		switch {
		case m.mistake == forgets && i == 2:
			continue
		case m.mistake == tellsTwice && i == 2:
			op.tell(v)
		case m.mistake == miscounts && i == 2:
			v.Contenders++
		}
		op.tell(v)
	}
}

func (g *group) members() (all []*Op) {
	op := g.first
	for range g.count {
		all, op = append(all, op), op.next
	}
	return all
}

func (m *mistaken) Close() { m.timers.Wait() }
