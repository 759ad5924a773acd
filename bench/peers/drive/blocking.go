package drive

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
	"github.com/google/uuid"
)

// rounds is how many operations each waiting goroutine has, one after the other: what
// it costs to start it is a third of its own.
const rounds = 3

// request is what a goroutine asks for.
type request struct {
	target   uuid.UUID
	priority int32
}

// door is a blocking call: it returns when the operation was decided, and a winner
// was executed.
type door func(target uuid.UUID, priority int32) (won bool)

// measureBlocking has a goroutine wait for every operation: spec.InFlight of them,
// each of which begins the next one when it knows about the last. The first ones
// begin spread over a window, as they would arrive. Winners execute a function that
// does nothing, on the waiting goroutine. It is measured the second time that this is
// done, with other goroutines, since the first time all memory is new.
func measureBlocking(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	w.Rate, w.Producers, w.Operations, w.Duration = bench.FlatOut, 1, int64(s.InFlight)*rounds, 0
	requests := make([]request, w.Operations)
	stream := w.Stream(0)
	for i := range requests {
		requests[i].target, requests[i].priority, _ = stream.Next()
	}
	newDoor, end, err := openDoor(s)
	if err != nil {
		return nil, err
	}
	runtime.GC()
	wait(requests, s, newDoor)
	m := startMeter()
	won := wait(requests, s, newDoor)
	result := &Result{Operations: int64(len(requests))}
	m.stop(result, 0, s.Window)
	end()
	if won == 0 {
		result.fault("nobody has won of %d", len(requests))
	}
	return result, nil
}

// wait starts the goroutines and returns how many operations have won.
func wait(requests []request, s Spec, newDoor func() door) int64 {
	var waiting sync.WaitGroup
	var won atomic.Int64
	bursts := int(s.Window / bench.Burst)
	start := time.Now()
	for n := range s.InFlight {
		if n%max(1, s.InFlight/bursts) == 0 {
			at := s.Window * time.Duration(n) / time.Duration(s.InFlight)
			time.Sleep(at - time.Since(start))
		}
		waiting.Go(func() {
			do, wins := newDoor(), int64(0)
			for i := n; i < len(requests); i += s.InFlight {
				if do(requests[i].target, requests[i].priority) {
					wins++
				}
			}
			won.Add(wins)
		})
	}
	waiting.Wait()
	return won.Load()
}

// openDoor returns what makes a goroutine's blocking call: contend's own, or for the
// others one that waits on a channel which is used again.
func openDoor(s Spec) (newDoor func() door, end func(), err error) {
	config := peers.Config{Window: s.Window, Shards: s.Shards}
	if s.By == peers.Contend {
		e := peers.NewEngine(config, nil)
		return func() door { return doorOf(e) }, func() { e.Stop(context.Background()) }, nil
	}
	var c peers.Contestant
	if s.By == Waits {
		c = peers.NewWaits(config)
	} else {
		entry, err := find(s.By)
		if err != nil {
			return nil, nil, err
		}
		c = entry.New(config)
	}
	return func() door { return newWaiter(c).do }, c.Close, nil
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }

// doorOf is not inlined, since the compiler would not inline engine.Do then, as it does
// for whoever calls it.
//
//go:noinline
func doorOf(e *engine.Engine) door {
	return func(target uuid.UUID, priority int32) bool {
		_, err := engine.Do(context.Background(), e, engine.Op{Target: target, Priority: engine.Priority(priority)}, nothing)
		return err == nil
	}
}

// waiter is an operation with a channel on which its goroutine waits.
type waiter struct {
	op         peers.Op
	contestant peers.Contestant
	verdict    chan peers.Verdict // of size 1
}

func newWaiter(c peers.Contestant) *waiter {
	w := &waiter{contestant: c, verdict: make(chan peers.Verdict, 1)}
	w.op.Listen(w)
	return w
}

// Hear passes the verdict to the waiting goroutine.
func (w *waiter) Hear(_ *peers.Op, v peers.Verdict) { w.verdict <- v }

func (w *waiter) do(target uuid.UUID, priority int32) bool {
	w.contestant.Submit(target, priority, &w.op)
	v := <-w.verdict
	if v.Won {
		nothing(context.Background())
	}
	return v.Won
}
