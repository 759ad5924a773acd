package engine

import (
	"context"
	"time"

	"example.com/contend/shard"
)

// generation is an engine's life between Start and Stop: its shards and the
// winners that they named.
type generation struct {
	shards  []*shard.Shard
	runs    []*runs  // one per shard
	journal *journal // nil for none
	key     shard.Key
	limit   int // Config.MaxStaged

	// stream publishes to everybody in the generation where events go; nil if nobody
	// reads them. Written under Engine.mu.
	stream atomicPointer[stream]
	unread bool // no stream is begun any more; guarded by Engine.mu
	watch  *watchdog

	stopping atomicBool // publishes to ending winners that Stop wants to know
	mu       mutex
	changed  chan struct{} // closed and replaced when winners were told while stopping
	inStop   int           // winners that wait in Stop themselves
}

// begin makes a generation and starts its shards. It takes over what outlives
// the last one, if there was one.
func (e *Engine) begin(last *generation) *generation {
	g := &generation{changed: make(chan struct{}), watch: e.newWatchdog(), limit: e.config.MaxStaged}
	if e.config.Journal != nil {
		g.journal = e.newJournal()
	}
	g.key = shard.Key(randomKey())
	e.attach(g)
	fence := uint64(max(0, time.Now().UnixNano())) // grows over processes, too
	for i := range e.config.Shards {
		rs := &runs{cell: e.cells[i], gen: g, engine: e, holders: e.holders[i]}
		config := shard.Config{
			Index:     uint32(i),
			RingSize:  e.config.RingSize,
			Limit:     e.config.MaxStaged,
			Displace:  e.config.Overload == DisplaceLowest,
			Rules:     e.rulebook.rules,
			Fence:     fence,
			Now:       e.Now,
			Key:       g.key,
			Decided:   e.decidedHook(),
			Dismissed: e.config.Dismissed,
			Hottest:   e.config.Hottest,
			Busy:      g.watch.busy(),
			Incident:  e.incident,
			Watcher:   &witness{gen: g, index: i},
			Measures:  &e.cells[i].measures,
		}
		if e.rulebook.preempts || e.config.Preempted != nil {
			config.Preempted = rs.preempt
		}
		if g.journal != nil {
			config.Journal = g.journal.hand(i)
		}
		if last != nil {
			config.Carried = last.shards[i].Carry()
		}
		g.runs = append(g.runs, rs)
		g.shards = append(g.shards, shard.New(config))
	}
	g.watch.watch(g.shards)
	for _, s := range g.shards {
		go s.Run()
	}
	if g.journal != nil {
		go g.journal.run(g.shards)
	}
	return g
}

// close refuses later submissions; windows go on.
func (g *generation) close() {
	g.stopping.Store(true)
	for _, s := range g.shards {
		s.Close()
	}
}

// abort gives everything that is left its outcome. It returns the shards that do not
// take note of it, since the user's code blocks them.
func abort(all []*generation) (stuck []int) {
	for _, g := range all {
		for _, s := range g.shards {
			s.Abort()
		}
		for _, rs := range g.runs {
			rs.abort()
		}
	}
	patience := make(chan struct{})
	defer time.AfterFunc(abortPatience, func() { close(patience) }).Stop()
	for _, g := range all {
		for i, s := range g.shards {
			if !reached(s.Done(), patience) {
				stuck = append(stuck, i) // of the current generation: all others have ended
			}
		}
		g.awaitTold()
		g.journal.await(patience)
	}
	return stuck
}

// awaitTold waits until nobody who ended, or was given up on, is owed an outcome:
// by another Stop, perhaps. No code of the user's is waited for.
func (g *generation) awaitTold() {
	for {
		g.mu.Lock()
		changed := g.changed
		g.mu.Unlock()
		owed := 0
		for _, rs := range g.runs {
			owed += rs.owes()
		}
		if owed == 0 {
			return
		}
		<-changed
	}
}

// abortPatience is how long an aborting Stop waits for shards that the user's code
// blocks, and for the journal's writer.
const abortPatience = time.Second

// drained reports whether every shard has ended, no window being open, and the
// journal is written.
func (g *generation) drained() bool {
	for _, s := range g.shards {
		if !reachedYet(s.Done()) {
			return false
		}
	}
	return g.journal.ended()
}

// awaitShards waits until all windows have closed and the journal is written.
// From inside a winner it does not wait for windows that wait for winners.
func (g *generation) awaitShards(done <-chan struct{}, inside bool) bool {
	if inside {
		return g.awaitWaiting(done)
	}
	for _, s := range g.shards {
		if !reached(s.Done(), done) {
			return false
		}
	}
	return g.journal.await(done)
}

// awaitWaiting waits until the windows that are still open, if any, wait for
// winners.
func (g *generation) awaitWaiting(done <-chan struct{}) bool {
	for _, s := range g.shards {
		select {
		case <-s.Done():
		case <-s.Waiting():
		case <-done:
			if !reachedYet(s.Done()) && !reachedYet(s.Waiting()) {
				return false
			}
		}
	}
	return true
}

// awaitRuns waits until all winners have ended and have their outcome. If the
// caller is inside of winners, so many, it does not wait for them nor for others
// that wait here: they would wait for each other.
func awaitRuns(ctx context.Context, all []*generation, inside int) bool {
	for _, g := range all {
		g.entersStop(inside)
		defer g.entersStop(-inside)
	}
	for _, g := range all {
		if !g.awaitRuns(ctx, inside) {
			return false
		}
	}
	return true
}

func (g *generation) awaitRuns(ctx context.Context, inside int) bool {
	for {
		g.mu.Lock()
		changed, spared := g.changed, 0
		if inside > 0 {
			spared = g.inStop
		}
		g.mu.Unlock()
		if g.unsettled() <= spared {
			return true
		}
		if !reached(changed, ctx.Done()) {
			return false
		}
	}
}

// entersStop counts winners that begin to wait in Stop.
func (g *generation) entersStop(n int) {
	g.mu.Lock()
	g.inStop += n
	g.mu.Unlock()
	if n > 0 {
		g.runEnded()
	}
}

func (g *generation) running() (n int) {
	for _, rs := range g.runs {
		n += rs.len()
	}
	return n
}

// unsettled returns how many winners run or wait for their outcome.
func (g *generation) unsettled() (n int) {
	for _, rs := range g.runs {
		n += rs.unsettled()
	}
	return n
}

// runEnded tells whoever stops the engine that there may be fewer winners to wait
// for.
func (g *generation) runEnded() {
	if g.stopping.Load() {
		g.mu.Lock()
		close(g.changed)
		g.changed = make(chan struct{})
		g.mu.Unlock()
	}
}
