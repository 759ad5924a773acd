package ring

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var operations = flag.Int64("operations", 200_000, "how many values TestRingVolume passes through rings, about")

const (
	volumeProducers = 3
	volumeBatch     = 256     // at most
	volumeLife      = 1 << 18 // values through one ring, so that a long run crosses its boundary often
	volumeCap       = 1024

	// volumePatience is how often the owner yields for nothing before the ring
	// counts as stuck: seconds, where a hole lasts as long as a descheduled
	// thread.
	volumePatience = 1 << 23
)

// Many values through rings of all sizes, each from just below a boundary of
// its positions: every one comes out once, at the position that its push
// returned, a producer's in its order, and a close is exact.
//
//	go test ./ring -run TestRingVolume -v -operations 10000000000 -timeout 60m
func TestRingVolume(t *testing.T) {
	for _, start := range wrapStarts {
		whole := t.Run(fmt.Sprintf("%#x", start), func(t *testing.T) {
			var done, laps int64
			for share := *operations / int64(len(wrapStarts)); done < share; laps++ {
				// Large rings take most of it: a small one hands each value over.
				for capacity := 1; capacity <= volumeCap; capacity *= 2 {
					goal := min(volumeLife, share) * int64(capacity) / (2 * volumeCap)
					done += newVolume(start, capacity, uint64(laps)).run(t, goal)
				}
			}
			t.Logf("%d operations from %#x on, %d laps over the sizes", done, start, laps)
		})
		if !whole {
			return
		}
	}
}

// volume is a ring that is to pass many values.
type volume struct {
	ring      *Ring[uint64] // of producer<<56 | n, both from 0 on
	start     uint64
	seed      uint64
	producers [volumeProducers]tally
	owner     [volumeProducers]tally
}

// tally is what one side knows of a producer's values.
type tally struct {
	n   uint64 // how many
	sum uint64 // over all: that each is where the other side says
}

// add takes the next value in, which has that position.
func (c *tally) add(position uint64) {
	c.sum += (position ^ 0x9e3779b97f4a7c15) * (2*c.n + 1)
	c.n++
}

// newVolume shifts the start by up to a lap, so that the boundary falls on any
// slot and into any batch.
func newVolume(start uint64, capacity int, seed uint64) *volume {
	if start > 0 {
		start -= rand.New(rand.NewPCG(seed, uint64(capacity))).Uint64N(2 * uint64(capacity))
	}
	return &volume{ring: newAt[uint64](capacity, start), start: start, seed: seed}
}

// run passes values until there were at least so many, closes, and takes what
// is left. It returns how many there were.
func (v *volume) run(t *testing.T, goal int64) int64 {
	var running sync.WaitGroup
	for p := range v.producers {
		running.Go(func() { v.produce(t, p) })
	}
	tail := v.drain(t, v.start+uint64(goal))
	running.Wait()
	require.Equal(t, tail, v.ring.Drained(), "what was accepted and what came out")
	require.Zero(t, v.ring.Len())
	for p := range v.producers {
		require.Equal(t, v.producers[p].n, v.owner[p].n, "values of producer %d: accepted, drained", p)
		require.Equal(t, v.producers[p].sum, v.owner[p].sum, "positions of producer %d's values", p)
	}
	return int64(tail - v.start)
}

// produce pushes batches of all sizes, those of one by Push, until the close.
func (v *volume) produce(t *testing.T, p int) {
	rng := rand.New(rand.NewPCG(v.seed, uint64(p)))
	own := tally{} // here, not beside the others', for speed
	defer func() { v.producers[p] = own }()
	batch, next := make([]uint64, volumeBatch), uint64(0)
	for {
		size := 1 + rng.IntN(min(len(batch), 2*v.ring.Cap()))
		for i := range size {
			batch[i] = uint64(p)<<56 | (own.n + uint64(i))
		}
		first, n, err := pushOneOrAll(v.ring, batch[:size])
		switch {
		case err == ErrFull:
			runtime.Gosched() // to the owner, or to somebody who goes there
			continue
		case err == ErrClosed:
			return
		case int64(first-next) < 0:
			t.Errorf("producer %d: position %#x after %#x", p, first, next)
		}
		next = first + uint64(n)
		for position := first; position != next; position++ {
			own.add(position)
		}
	}
}

func pushOneOrAll(r *Ring[uint64], batch []uint64) (first uint64, n int, err error) {
	if len(batch) == 1 {
		first, err = r.Push(&batch[0])
		return first, 1, err
	}
	return r.PushAll(batch)
}

// drain takes everything out, and closes once it is at the goal.
func (v *volume) drain(t *testing.T, goal uint64) (tail uint64) {
	next, closed, wrong := v.start, false, false
	take := func(position uint64, value *uint64) {
		p, n := *value>>56, *value<<8>>8
		if position != next || p >= volumeProducers || n != v.owner[p].n {
			if !wrong { // one wrong value is followed by as many as there are
				t.Errorf("at %#x: value %d of producer %d, position %#x", next, n, p, position)
			}
			wrong, goal = true, next
			p = 0
		}
		next++
		v.owner[p].add(position)
	}
	idle := 0
	for tail = v.ring.Tail(); idle < volumePatience; tail = v.ring.Tail() {
		if !closed && int64(goal-next) <= 0 {
			v.ring.Close()
			closed = true
			continue
		}
		before := next
		if v.ring.Drain(tail, take) && closed {
			return tail
		}
		if idle++; next != before {
			idle = 0
		} else {
			runtime.Gosched()
		}
	}
	t.Errorf("nothing comes any more: drained %#x of %#x", next, tail)
	return v.ring.Close()
}
