package engine

import (
	"context"
	"time"

	"example.com/contend/shard"
)

// generation is an engine's life between Start and Stop: its shards and the
// winners that they named.
type generation struct {
	number  uint64 // of the generation: 1, 2, …
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
}

// begin makes a generation and starts its shards. It takes over what outlives
// the last one, if there was one.
func (e *Engine) begin(last *generation) *generation {
	g := &generation{number: 1, watch: e.newWatchdog(), limit: e.config.MaxStaged}
	if e.config.Journal != nil {
		g.journal = e.newJournal()
	}
	if last != nil {
		g.number += last.number
	}
	g.key = shard.Key(randomKey())
	e.attach(g)
	fence := uint64(max(0, time.Now().UnixNano())) // grows over processes, too
	for i := range e.config.Shards {
		rs := &runs{cell: e.cells[i], gen: g, engine: e, holders: e.holders[i]}
		config := shard.Config{
			Index:     uint32(i),
			RingSize:  e.config.RingSize,
			Terms:     shard.NewTerms(e.config.Window, e.rulebook.index[0]),
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
func (e *Engine) abort(all []*generation) (stuck []int) {
	for _, g := range all {
		for _, s := range g.shards {
			s.Abort()
		}
		for _, rs := range g.runs {
			rs.abort()
		}
	}
	current := all[len(all)-1] // the shards of all others have ended
	stuck = current.awaitAborted()
	e.awaitTold(all)
	patience, enough := context.WithTimeout(context.Background(), abortPatience)
	defer enough()
	current.journal.await(patience.Done())
	return stuck
}

// abortPatience is how long an aborting Stop waits for a shard that tells nobody
// anything, since the user's code blocks it, and for the journal's writer.
const abortPatience = time.Second

// awaitAborted waits until the shards have told everybody that they are stopped, which
// takes long with millions. It returns those that do not go on.
func (g *generation) awaitAborted() (stuck []int) {
	told := make([]uint64, len(g.shards))
	for {
		patience, enough := context.WithTimeout(context.Background(), abortPatience)
		goesOn := false
		stuck = stuck[:0]
		for i, s := range g.shards {
			if reached(s.Done(), patience.Done()) {
				continue
			}
			stuck = append(stuck, i)
			before := told[i]
			told[i] = s.Stats().Stopped
			goesOn = goesOn || told[i] != before
		}
		enough()
		if !goesOn {
			return stuck
		}
	}
}

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

// owes returns how many outcomes are about to be delivered.
func (g *generation) owes() (n int) {
	for _, rs := range g.runs {
		n += rs.owes()
	}
	return n
}
