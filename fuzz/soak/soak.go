package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"example.com/contend/bench"
)

// soak runs epochs until its time is over or the context ends.
func soak(ctx context.Context, f *flags, progress io.Writer) *table {
	t := &table{seed: f.Seed, began: time.Now(), found: map[string]int{}}
	warmUp(f.Submitters + 2*f.Burst)
	for ctx.Err() == nil && time.Since(t.began) < f.Duration {
		left := min(f.Epoch, f.Duration-time.Since(t.began))
		e := newEpoch(ctx, f, t.epochs, left)
		e.run()
		t.add(e)
		fmt.Fprintf(progress, "%6.1fs  epoch %d: %v\n", time.Since(t.began).Seconds(), t.epochs, e)
		if e.stuck {
			break // its goroutines would spoil what follows
		}
	}
	t.interrupted = ctx.Err() != nil
	t.took = time.Since(t.began)
	return t
}

// warmUp lets the runtime have as many goroutines as there will be: what it keeps of
// one that has ended, for the next one, is nobody's leak.
func warmUp(goroutines int) {
	var all sync.WaitGroup
	release := make(chan struct{})
	for range goroutines {
		all.Go(func() { <-release })
	}
	close(release)
	all.Wait()
}

// usage is what an engine and its surroundings take.
type usage struct {
	heap       uint64 // bytes
	goroutines int
}

// settledUsage reads it when nothing goes on: a pool lets go of its contents at the
// second collection.
func settledUsage() usage {
	for range 3 {
		runtime.GC()
	}
	return usage{bench.ReadMemory().Live, runtime.NumGoroutine()}
}

// watchPeak reads the usage now and then until it is told to end, and keeps the most.
func watchPeak(over <-chan struct{}, peak *usage) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		peak.heap = max(peak.heap, bench.ReadMemory().Heap)
		peak.goroutines = max(peak.goroutines, runtime.NumGoroutine())
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}
