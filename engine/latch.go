package engine

// latch is a channel that is closed once. It is made only if somebody asks for it before
// that: else nothing is allocated, and closing it touches no other memory. The zero value
// is open.
type latch struct {
	// made is nil, the channel that somebody waits for, or shut. Swapping in shut, or
	// closing the channel, publishes whatever was written before.
	made atomicPointer[chan struct{}]
}

// shut is what every latch has that is closed.
var shut = func() *chan struct{} {
	c := make(chan struct{})
	close(c)
	return &c
}()

// done returns the channel. It is safe for concurrent use.
func (l *latch) done() <-chan struct{} {
	if c := l.made.Load(); c != nil {
		return *c
	}
	c := make(chan struct{})
	if !l.made.CompareAndSwap(nil, &c) {
		return *l.made.Load()
	}
	return c
}

// closed reports whether it is closed.
func (l *latch) closed() bool {
	c := l.made.Load()
	return c != nil && reachedYet(*c)
}

// close closes it, which may be done once.
func (l *latch) close() {
	if !l.made.CompareAndSwap(nil, shut) {
		close(*l.made.Load())
	}
}
