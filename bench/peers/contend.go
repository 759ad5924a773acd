package peers

import (
	"context"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// contend is this project, through callbacks: an operation is staged with the
// ticket in its own memory.
type contend struct{ engine *engine.Engine }

func newContend(c Config) Contestant { return &contend{NewEngine(c, onDecisions(c.Decided))} }

// NewEngine makes an engine like those of the peers: without bounds, and without a
// registry.
func NewEngine(c Config, decided func([]engine.Decision)) *engine.Engine {
	e, err := engine.New(engine.Config{
		Window: c.Window, Shards: c.Shards, MaxStaged: 1 << 30,
		Registry: engine.Discard, Decided: decided,
	})
	if err != nil {
		panic(err)
	}
	return e
}

// onDecisions makes the engine's hook of a contestant's.
func onDecisions(decided func(first *Op, contenders int)) func([]engine.Decision) {
	if decided == nil {
		return nil
	}
	return func(batch []engine.Decision) {
		for i := range batch {
			if op := opOf(batch[i].First().Ticket.To); op != nil {
				decided(op, batch[i].Contenders)
			}
		}
	}
}

// opOf returns the op that a ticket is of.
func opOf(to engine.Contender) *Op {
	switch to := to.(type) {
	case *Op:
		return to
	case *ear:
		return to.op
	}
	return nil
}

func (c *contend) Submit(target uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	_, err := c.engine.Stage(&engine.Bid{Target: target, Priority: engine.Priority(priority), Ticket: &op.Ticket})
	if err != nil {
		panic(err) // the engine has no bounds here
	}
}

func (c *contend) Close() { c.engine.Stop(context.Background()) }
