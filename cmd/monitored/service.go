package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"example.com/contend/engine"
)

const (
	// shards is over how many goroutines targets are spread, however many processors
	// there are, so that the bounds of the flags mean the same everywhere.
	shards = 2
	// ringSize is by how much a shard may exceed --max-staged.
	ringSize = 1024
	// hottest is how many targets each shard counts for the page.
	hottest = 256
	// stopTime is how long what was accepted has to be decided and executed at the
	// end, beyond its window.
	stopTime = 5 * time.Second
)

// service is an engine and its load.
type service struct {
	flags  *flags
	engine *engine.Engine
	lines  io.Writer // gets one a second; written to by one goroutine
}

// newService makes a service of valid flags.
func newService(f *flags, lines io.Writer) (*service, error) {
	e, err := engine.New(engine.Config{
		Name:   "monitored",
		Window: f.Window, Shards: shards, RingSize: ringSize, MaxStaged: f.MaxStaged,
		Registry: engine.Discard,
		Health:   engine.HealthBounds{Staged: f.DegradedAbove},
		Hottest:  hottest,
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return nil, err
	}
	return &service{f, e, lines}, nil
}

// run puts the load on the engine until the context or the duration ends, and then
// lets it finish what it has accepted. It returns what the run came to, whatever
// ended it. The load sleeps by what it is given.
func (s *service) run(ctx context.Context, sleep func(time.Duration)) (sum summary, err error) {
	if s.flags.Duration > 0 {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, s.flags.Duration)
		defer end()
	}
	s.engine.Start()
	start := time.Now()
	w := newWatch(s.engine, s.flags.phases(), s.lines)
	watching, unwatch := context.WithCancel(context.Background())
	var watched sync.WaitGroup
	watched.Go(func() { w.run(watching, start) })

	l := load{s.engine, s.flags.phases(), s.flags.workload().Stream(0), sleep}
	err = l.run(ctx, start)
	unwatch()
	watched.Wait() // its states are of the load, not of the end

	stopping, end := context.WithTimeout(context.Background(), s.flags.Window+stopTime)
	defer end()
	if stopped := s.engine.Stop(stopping); stopped != nil && err == nil {
		err = fmt.Errorf("stopping: %w", stopped)
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", errFailed, err)
	}
	return summary{elapsed: time.Since(start), stats: s.engine.Stats(), states: w.states}, err
}
