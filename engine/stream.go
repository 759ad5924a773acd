package engine

import (
	"context"
	"sync/atomic"
	"time"

	"example.com/contend/ring"
	"example.com/contend/shard"
)

// stream carries the events of a generation from where they happen to those who
// read them:
//
//	owner of shard i: witness ─┐
//	winners of shard i: tale ──┴▶ rings[i] ─▶ run ─┬▶ sink ─▶ Subscription.All
//	                                               └▶ sink ─▶ callHooks ─▶ Config.Hooks
//
// All that happens to an operation goes through the one ring of its shard, so it
// is read in the order in which it was put in. Nobody waits: a ring or a sink that
// is full drops and counts. A stream exists only while there are hooks or
// subscriptions.
type stream struct {
	engine *Engine
	key    shard.Key
	rings  []*ring.Ring[record] // one per shard
	bell   *ring.Bell           // of all rings

	sinks atomicPointer[[]*sink] // replaced under Engine.mu
	kinds atomic.Uint32          // a kindSet: what any of the sinks takes
	whole atomic.Uint32          // likewise: what any takes that does not only sample
	hooks *sink                  // of Config.Hooks; nil if there are none

	ended   atomicBool         // publishes to run that the rings are closed
	outlive context.Context    // ends with the stream
	end     context.CancelFunc // for outlive
	done    chan struct{}      // closed when all was handed on, and to the hooks, too

	batch [ring.MaxRun]Event // run's
}

// eventPatience is how long Stop waits for hooks that are not done with the last
// events.
const eventPatience = time.Second

// newStream makes and starts a stream. It has the hooks for a sink, no others.
func (e *Engine) newStream(key shard.Key) *stream {
	st := &stream{engine: e, key: key, bell: ring.NewBell(), done: make(chan struct{})}
	for range e.config.Shards {
		st.rings = append(st.rings, ring.New[record](e.config.EventBuffer))
	}
	st.outlive, st.end = context.WithCancel(context.Background())
	if kinds := e.config.Hooks.kinds(); kinds != 0 {
		st.hooks = newSink(wants{kinds: kinds}, e.config.EventBuffer)
	}
	st.read(nil)
	go st.run()
	return st
}

// read sets who reads the stream besides the hooks. Under Engine.mu.
func (st *stream) read(by []*sink) {
	all := make([]*sink, 0, len(by)+1)
	if st.hooks != nil {
		all = append(all, st.hooks)
	}
	all = append(all, by...)
	kinds, whole := kindSet(0), kindSet(0)
	for _, s := range all {
		kinds |= s.wants.kinds
		if !s.wants.sample {
			whole |= s.wants.kinds
		}
	}
	st.sinks.Store(&all)
	st.kinds.Store(uint32(kinds))
	st.whole.Store(uint32(whole))
}

// wanted returns which kinds are read by anybody.
func (st *stream) wanted() kindSet { return kindSet(st.kinds.Load()) }

// push puts an event in, if it is wanted. It never blocks.
func (st *stream) push(index int, r *record) {
	if !st.wanted().has(r.kind) {
		return
	}
	if _, err := st.rings[index].Push(r); err != nil {
		st.drop([]record{*r})
		return
	}
	st.bell.Publish(ring.Unstamped)
}

// pushAll is push for the events of a shard's owner, which are all wanted.
func (st *stream) pushAll(index int, records []record) {
	_, n, _ := st.rings[index].PushAll(records)
	if n < len(records) {
		st.drop(records[n:])
	}
	if n > 0 {
		st.bell.Publish(ring.Unstamped)
	}
}

// drop counts events that reach nobody, and apart those of them that somebody wanted
// who wants all.
func (st *stream) drop(records []record) {
	wanted, whole := st.wanted(), kindSet(st.whole.Load())
	lost, dropped := uint64(0), uint64(0)
	for i := range records {
		if k := records[i].kind; wanted.has(k) {
			lost++
			dropped += uint64(whole >> k & 1)
		}
	}
	st.engine.counts.eventsLost.Add(lost)
	st.engine.counts.eventsDropped.Add(dropped)
}

// run hands events on until the stream is closed and empty.
func (st *stream) run() {
	hooked := make(chan struct{})
	if st.hooks != nil {
		go st.callHooks(hooked)
	} else {
		close(hooked)
	}
	for {
		ended := st.ended.Load() // before looking: what was put in until then is found
		switch whole, some := st.look(); {
		case some:
		case ended && whole:
			if st.hooks != nil {
				st.hooks.close()
			}
			<-hooked
			close(st.done)
			return
		default:
			st.rest()
		}
	}
}

// look hands on what is in the rings. It reports whether there was anything, and
// whether it got to everything.
func (st *stream) look() (whole, some bool) {
	whole = true
	for i, r := range st.rings {
		before := r.Drained()
		whole = r.DrainRuns(r.Tail(), func(_ uint64, run ring.Run[record]) { st.handOn(i, run) }) && whole
		some = some || r.Drained() != before
	}
	return whole, some
}

// rest sleeps until there is something in the rings. In front of a hole it sleeps,
// too: whoever made it rings when it has filled it.
func (st *stream) rest() {
	st.bell.Arm(ring.Anything)
	defer st.bell.Disarm()
	for _, r := range st.rings {
		if r.Ready() {
			return
		}
	}
	if st.ended.Load() && st.isEmpty() {
		return
	}
	st.bell.Wait()
}

func (st *stream) isEmpty() bool {
	for _, r := range st.rings {
		if r.Tail() != r.Drained() {
			return false
		}
	}
	return true
}

// handOn offers a run of one shard's events to all sinks.
func (st *stream) handOn(index int, run ring.Run[record]) {
	events := st.batch[:run.Len()]
	for i := range events {
		events[i] = st.event(index, run.At(i))
	}
	for _, s := range *st.sinks.Load() {
		if dropped := s.offer(events); dropped > 0 && !s.wants.sample {
			st.engine.counts.eventsDropped.Add(uint64(dropped))
		}
	}
	clear(events)
}

// close ends the stream behind what is in it. Closing twice is harmless.
func (st *stream) close() {
	for _, r := range st.rings {
		r.Close()
	}
	st.ended.Store(true)
	st.end()
	st.bell.Ring()
}

// await waits until everything was handed on, but for hooks not longer than
// eventPatience, after which what they have not been called for is dropped.
func (st *stream) await() {
	patience := time.NewTimer(eventPatience)
	defer patience.Stop()
	select {
	case <-st.done:
	case <-patience.C:
		if st.hooks != nil {
			st.engine.counts.eventsDropped.Add(uint64(st.hooks.abandon()))
		}
	}
}

// closeStream ends the stream of a generation that has stopped, but only after the
// winner in whose function it is called, if it is.
func (g *generation) closeStream(e *Engine) {
	if insideWinner() {
		g.closeStreamLater(e)
	} else {
		g.endStream(e)
	}
}

// endStream ends the stream of a generation of which nothing more will come, and
// waits for it unless it is called by a hook.
func (g *generation) endStream(e *Engine) {
	if st := g.endsStream(e); st != nil {
		st.close()
		if framesOf(hookFrame) == 0 {
			st.await()
		}
	}
}

// closeStreamLater does so when the last winner has ended, for a Stop that does not
// wait for that.
func (g *generation) closeStreamLater(e *Engine) {
	st := g.endsStream(e)
	if st == nil {
		return
	}
	go func() {
		if g.awaitShards(st.outlive.Done(), false) && e.awaitRuns(st.outlive, []*generation{g}, 0) {
			st.close()
		}
	}()
}

// endsStream returns the stream, nil if there is none: then none is begun.
func (g *generation) endsStream(e *Engine) *stream {
	e.mu.Lock()
	defer e.mu.Unlock()
	g.unread = true
	return g.stream.Load()
}
