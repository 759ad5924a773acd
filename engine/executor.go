package engine

// Bounded returns an executor, for Config.Executor, that runs at most n
// functions at a time, in the order of the verdicts; below 1 counts as 1. Waiting ones are queued:
// a queue without bound of its own, since what can be in it is bounded by what
// may be staged. It keeps no goroutine while there is nothing to run.
func Bounded(n int) func(run func()) {
	b := &bounded{free: max(1, n)}
	return b.start
}

type bounded struct {
	mu    mutex
	free  int
	queue []func()
}

func (b *bounded) start(run func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free == 0 {
		b.queue = append(b.queue, run)
		return
	}
	b.free--
	go b.work(run)
}

// work runs functions until there is none left. One that ends the goroutine
// (runtime.Goexit) hands its place on.
func (b *bounded) work(run func()) {
	defer func() {
		if next := b.next(); next != nil {
			go b.work(next)
		}
	}()
	for ; run != nil; run = b.pop() {
		run()
	}
}

// next returns the next function for a worker that ends, or frees its place.
func (b *bounded) next() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 {
		return b.shift()
	}
	b.free++
	return nil
}

// pop returns the next function for a worker that goes on.
func (b *bounded) pop() func() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) > 0 {
		return b.shift()
	}
	return nil
}

func (b *bounded) shift() func() {
	run := b.queue[0]
	b.queue[0] = nil
	b.queue = b.queue[1:]
	if len(b.queue) == 0 {
		b.queue = nil // gives a burst's memory back
	}
	return run
}
