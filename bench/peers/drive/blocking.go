package drive

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
	"github.com/google/uuid"
)

// request is what a goroutine asks for.
type request struct {
	target   uuid.UUID
	priority int32
}

// door is a blocking call: it returns when the operation was decided, and a winner
// was executed. The error of a loser says to whom it lost.
type door func(target uuid.UUID, priority int32) error

// measureBlocking has a goroutine wait for every operation: spec.InFlight of them,
// each of which begins the next one when it knows about the last. The first ones
// begin spread over a window, as they would arrive. Winners execute a function that
// does nothing, on the waiting goroutine. It is measured for spec.Duration at least and
// until each was told in it; from when each was told before, since what it costs to start
// a goroutine is nobody's, and from a collection, since the next one costs as much as a
// tenth of what is measured, and comes or does not. Goroutines that go round in step are
// counted by whole rounds: in ten of them that can be one too many or too few.
func measureBlocking(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	if s.InFlight < 1 {
		return nil, fmt.Errorf("drive: nobody waits")
	}
	c := crowd{waiters: s.InFlight, requests: make([]request, laps*s.InFlight)}
	w.Rate, w.Producers, w.Operations, w.Duration = bench.FlatOut, 1, int64(len(c.requests)), 0
	stream := w.Stream(0)
	for i := range c.requests {
		c.requests[i].target, c.requests[i].priority, _ = stream.Next()
	}
	newDoor, end, err := openDoor(s)
	if err != nil {
		return nil, err
	}
	c.start(s.Window, newDoor)
	c.told.Wait()
	runtime.GC()
	c.phase.Store(measuredPhase)
	m := startMeter()
	time.Sleep(s.Duration)
	c.again.Wait()
	c.phase.Store(lastPhase)
	cost := m.read()
	c.ended.Wait()
	result := &Result{Operations: c.operations.Load()}
	cost.addTo(result)
	end()
	if c.won.Load() == 0 {
		result.fault("nobody has won of %d", result.Operations)
	}
	return result, nil
}

// laps is how many requests each goroutine has, before it begins again.
const laps = 5

// crowd is goroutines that wait.
type crowd struct {
	waiters     int
	requests    []request
	told, again sync.WaitGroup // of their first operation; of one that is measured
	ended       sync.WaitGroup // of all
	phase       atomic.Uint32

	operations, won atomic.Int64 // told while they were measured
}

// The phases of a measurement.
const (
	firstPhase uint32 = iota
	measuredPhase
	lastPhase // nobody begins another operation
)

// start starts them, spread over a window.
func (c *crowd) start(window time.Duration, newDoor func() door) {
	c.told.Add(c.waiters)
	c.again.Add(c.waiters)
	bursts := int(window / bench.Burst)
	start := time.Now()
	for n := range c.waiters {
		if n%max(1, c.waiters/bursts) == 0 {
			at := window * time.Duration(n) / time.Duration(c.waiters)
			time.Sleep(at - time.Since(start))
		}
		c.ended.Go(func() { c.wait(n, newDoor()) })
	}
}

// wait has one of them go round.
func (c *crowd) wait(n int, do door) {
	operations, won, phase := int64(0), int64(0), firstPhase
	for i := n; phase != lastPhase; i += c.waiters {
		r := &c.requests[i%len(c.requests)]
		err := do(r.target, r.priority)
		if i == n {
			c.told.Done()
		}
		if phase = c.phase.Load(); phase == measuredPhase {
			if operations == 0 {
				c.again.Done()
			}
			operations++
			if err == nil {
				won++
			}
		}
	}
	c.operations.Add(operations)
	c.won.Add(won)
}

// openDoor returns what makes a goroutine's blocking call: contend's own, or for the
// others one that waits on a channel which is used again.
func openDoor(s Spec) (newDoor func() door, end func(), err error) {
	config := peers.Config{Window: s.Window, Shards: s.Shards}
	if s.By == peers.Contend {
		e := peers.NewEngine(config, nil)
		return func() door { return doorOf(e) }, func() { e.Stop(context.Background()) }, nil
	}
	c, _, err := newContestant(s.By, config)
	if err != nil {
		return nil, nil, err
	}
	return func() door { return newWaiter(c).do }, c.Close, nil
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }

// doorOf is not inlined, since the compiler would not inline engine.Do then, as it does
// for whoever calls it.
//
//go:noinline
func doorOf(e *engine.Engine) door {
	return func(target uuid.UUID, priority int32) error {
		_, err := engine.Do(context.Background(), e, engine.Op{Target: target, Priority: engine.Priority(priority)}, nothing)
		return err
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

func (w *waiter) do(target uuid.UUID, priority int32) error {
	w.contestant.Submit(target, priority, &w.op)
	v := <-w.verdict
	if !v.Won {
		return &lost{v}
	}
	_, err := nothing(context.Background())
	return err
}

// lost is the error of a loser: to whom.
type lost struct{ peers.Verdict }

func (l *lost) Error() string {
	return fmt.Sprintf("lost to operation %x of priority %d, with %d contenders", l.Winner, l.WinnerPriority, l.Contenders)
}
