package engine

import (
	"slices"
	"sync/atomic"

	"example.com/contend/shard"
)

// EarlierGenerations returns how many generations before the current one are kept.
func (e *Engine) EarlierGenerations() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.earlier)
}

// WatchdogChecks returns how often the watchdog has looked at the shards since Start.
func (e *Engine) WatchdogChecks() int { return int(e.current.Load().watch.checks.Load()) }

// HoldTargets keeps winners from letting go of exclusive targets.
func (e *Engine) HoldTargets() (release func()) {
	for _, hs := range e.holders {
		hs.mu.Lock()
	}
	return func() {
		for _, hs := range e.holders {
			hs.mu.Unlock()
		}
	}
}

// Unsettled returns for how many winners Stop would wait.
func (e *Engine) Unsettled() int { return e.current.Load().unsettled() }

// Breakable gives a started engine of one shard, before anything is submitted,
// another one that breaks on request: from then on it panics whenever it looks.
func (e *Engine) Breakable() (broken *atomic.Bool) {
	broken = new(atomic.Bool)
	g := e.current.Load()
	g.shards[0].Close()
	<-g.shards[0].Done()
	g.shards, g.watch = slices.Clone(g.shards), e.newWatchdog() // the old one may look yet
	g.shards[0] = shard.New(shard.Config{
		RingSize: 64, Watcher: &witness{gen: g}, Dismissed: e.config.Dismissed, Key: shard.Key(randomKey()), Incident: e.incident, Busy: g.watch.busy(),
		Now: func() int64 {
			if broken.Load() && onShard() {
				panic("broken on purpose")
			}
			return e.Now()
		},
	})
	g.watch.watch(g.shards)
	go g.shards[0].Run()
	return broken
}

// LoseBlock counts a block of the journal as lost.
func (e *Engine) LoseBlock() { e.counts.journalLost.Inc() }
