package peers

import (
	"sync"
	"time"

	"github.com/anthdm/hollywood/actor"
	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"
)

// actors spreads targets over actors of github.com/anthdm/hollywood. Everything an
// actor knows is a message: operations, and that a deadline has come.
//
// It costs a message from a pool, a look into the framework's registry of actors and
// a push into an inbox under a lock for each operation, and a goroutine whenever an
// inbox was empty. An actor has one timer, for its first deadline.
type actors struct {
	clock  clock
	engine *actor.Engine
	pids   []*actor.PID
	ended  []chan struct{}
}

// message is an operation on its way to an actor.
type message submission

var messages = sync.Pool{New: func() any { return new(message) }}

// deadline says that a deadline has come: everything sent before the time in it is
// ahead of it.
type deadline struct{ now int64 }

// ending asks an actor to say when its last group was told.
type ending struct{}

// member is the state of an actor.
type member struct {
	of     *actors
	config Config
	number uint32
	open   map[uuid.UUID]*group
	queue  queue
	timer  *time.Timer
	last   uint64
	ending bool
	ended  chan struct{}
}

func newActors(c Config) Contestant {
	engine, err := actor.NewEngine(actor.NewEngineConfig())
	if err != nil {
		panic(err) // only a remote can fail
	}
	a := &actors{clock: newClock(), engine: engine}
	for i := range max(1, c.Shards) {
		m := &member{of: a, config: c, number: uint32(i), open: make(map[uuid.UUID]*group), ended: make(chan struct{})}
		pid := engine.Spawn(func() actor.Receiver { return m }, "shard", actor.WithInboxSize(channelRooms))
		a.pids, a.ended = append(a.pids, pid), append(a.ended, m.ended)
	}
	return a
}

func (a *actors) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	pid := a.pids[0]
	if len(a.pids) > 1 {
		pid = a.pids[xxhash.Sum64(target[:])%uint64(len(a.pids))]
	}
	m := messages.Get().(*message)
	m.target, m.op = target, op
	a.engine.Send(pid, m)
}

// Receive handles one message. The framework calls it for one at a time.
func (m *member) Receive(c *actor.Context) {
	switch msg := c.Message().(type) {
	case *message:
		m.add(msg.target, msg.op, c)
		msg.op = nil
		messages.Put(msg)
	case deadline:
		m.sweep(msg.now)
	case ending:
		m.ending = true
		m.end()
	}
}

func (m *member) add(target uuid.UUID, op *Op, c *actor.Context) {
	g := m.open[target]
	if g == nil {
		g = newGroup(target)
		g.due = m.of.clock.now() + int64(m.config.Window)
		m.open[target] = g
		if m.queue.push(g); m.queue.first == g {
			m.wake(m.config.Window, c.PID())
		}
	}
	m.last++
	g.add(op, identity(m.number, m.last))
}

// wake has a deadline sent after a while.
func (m *member) wake(after time.Duration, pid *actor.PID) {
	if m.timer != nil {
		m.timer.Reset(after)
		return
	}
	m.timer = time.AfterFunc(after, func() { m.of.engine.Send(pid, deadline{m.of.clock.now()}) })
}

// sweep decides what is due.
func (m *member) sweep(now int64) {
	for g := m.queue.pop(now); g != nil; g = m.queue.pop(now) {
		delete(m.open, g.target)
		g.tell(m.config.Decided)
		groups.Put(g)
	}
	if first := m.queue.first; first != nil {
		m.timer.Reset(max(coarse, time.Duration(first.due-m.of.clock.now())))
	}
	m.end()
}

func (m *member) end() {
	if m.ending && m.queue.first == nil {
		m.ending = false
		close(m.ended)
	}
}

func (a *actors) Close() {
	for i, pid := range a.pids {
		a.engine.Send(pid, ending{})
		<-a.ended[i]
		<-a.engine.Poison(pid).Done()
	}
}
