package main

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// command asks the world's goroutine for a change.
type command struct {
	op     uuid.UUID // the operation that asks
	system int
	entity int
	effect effect
	// partner is the other entity of a trade, nobody for all else.
	partner int

	handed  time.Time // set when it is handed over, as is:
	applied chan struct{}
}

// nobody is no entity.
const nobody = -1

// handover is where commands wait for the next tick. It is safe for concurrent
// use.
type handover struct {
	mu       sync.Mutex
	commands []command
}

// put hands a command over. What it returns is closed when the world has the
// change.
func (h *handover) put(c command) (applied <-chan struct{}) {
	c.handed, c.applied = time.Now(), make(chan struct{})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commands = append(h.commands, c)
	return c.applied
}

// take returns all commands, in the order in which they were handed over.
func (h *handover) take() []command {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.commands
	h.commands = nil
	return all
}
