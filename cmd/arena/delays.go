package main

import (
	"sync"
	"time"

	"example.com/contend/engine"
	"github.com/HdrHistogram/hdrhistogram-go"
)

// delays is how late things happened, in microseconds. It is safe for concurrent
// use.
type delays struct {
	mu       sync.Mutex
	tick     *hdrhistogram.Histogram // from when a tick was due to its beginning
	verdict  *hdrhistogram.Histogram // from when a window was due to its closing
	handover *hdrhistogram.Histogram // from a winner's command to the world
}

func (d *delays) init() {
	for _, h := range []**hdrhistogram.Histogram{&d.tick, &d.verdict, &d.handover} {
		*h = hdrhistogram.New(1, time.Minute.Microseconds(), 2)
	}
}

func (d *delays) record(h *hdrhistogram.Histogram, late time.Duration) {
	h.RecordValue(min(late.Microseconds(), h.HighestTrackableValue())) // fails beyond only
}

func (d *delays) began(late time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record(d.tick, late)
}

func (d *delays) waited(late time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record(d.handover, late)
}

// decided is the engine's hook, called on the shards' goroutines.
func (d *delays) decided(batch []engine.Decision) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range batch {
		d.record(d.verdict, time.Duration(batch[i].Closed-batch[i].Due))
	}
}
