//go:build explore

package fuzz

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// simContext is a context that operations have in common. Package context would tell
// those who wait for its end in any order, and so no seed could be played again.
type simContext struct {
	context.Context // without end
	done            chan struct{}

	mu      sync.Mutex
	err     error
	waiting []*func()
}

func newSimContext() *simContext {
	return &simContext{Context: context.Background(), done: make(chan struct{})}
}

func (c *simContext) Done() <-chan struct{} { return c.done }

func (c *simContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc is what context.AfterFunc calls.
func (c *simContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	c.waiting = append(c.waiting, &f)
	return func() bool { return c.forget(&f) }
}

func (c *simContext) forget(f *func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.waiting {
		if other == f {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			return true
		}
	}
	return false
}

// end ends it.
func (c *simContext) end() {
	c.mu.Lock()
	c.err = context.Canceled
	waiting := c.waiting
	c.waiting = nil
	close(c.done)
	c.mu.Unlock()
	for _, f := range waiting {
		(*f)()
	}
}

// commonContext returns the context that operations of several submitters have in
// common; when it has ended, the next one.
func (w *simWorld) commonContext(rng *rand.Rand) context.Context {
	yields, after := rng.IntN(400), w.moment(oneOf(rng, 0, time.Millisecond, 20*time.Millisecond))
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.common != nil && w.common.Err() == nil {
		return w.common
	}
	common := newSimContext()
	w.common = common
	go func() {
		for range yields {
			w.turn.Yield()
		}
		time.AfterFunc(after, common.end)
	}()
	return common
}
