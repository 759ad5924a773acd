package shard

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// remove takes one of the pending groups out of wheel and oracle.
func (r *wheelRun) remove(n int) {
	want := heap.Remove(&r.want, n).(timer)
	require.True(r.t, r.wheel.remove(want.index), "group %d, due at %d", want.added, want.tick)
	r.groups.release(want.index)
	r.checkNext()
}

// Groups leave from anywhere in a slot of any level, and the others fire as if
// they had never been there.
func TestWheelRemoveAgainstHeap(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 7))
		bits := 18 + rng.IntN(38)
		span := func() int64 { return rng.Int64N(1 << (1 + rng.IntN(bits))) }
		run := newWheelRun(t)
		for range 300 {
			for range rng.IntN(5) {
				after := 1 + span()
				run.add(after)
				if rng.IntN(2) == 0 {
					run.add(after) // neighbours in a slot
				}
			}
			for range rng.IntN(4) {
				if n := len(run.want); n > 0 {
					run.remove(rng.IntN(n))
				}
			}
			if rng.IntN(3) > 0 {
				run.advance(span() / int64(Tick))
			}
		}
		run.drain()
		require.Zero(t, run.groups.live)
	}
}

// From one slot, in every order.
func TestWheelRemoveFromOneSlot(t *testing.T) {
	for _, after := range []int64{int64(Tick), 5000 * int64(Tick), 1 << 45} {
		for seed := range uint64(50) {
			rng := rand.New(rand.NewPCG(seed, 9))
			run := newWheelRun(t)
			run.advance(777)
			for range 5 {
				run.add(after)
			}
			for left := 5; left > int(seed%4); left-- {
				run.remove(rng.IntN(left))
			}
			run.add(after)
			run.drain()
		}
	}
}

// From a slot into which others were dealt from above, in front.
func TestWheelRemoveAmongDealt(t *testing.T) {
	for _, tick := range []int64{wheelSlots, wheelSlots + 44, 1<<20 + 1, 1<<30 + 1<<20 + 300} {
		for seed := range uint64(50) {
			rng := rand.New(rand.NewPCG(seed, 11))
			run := newWheelRun(t)
			for left := tick; left > 0; left /= 2 {
				run.advance(tick - left - run.wheel.tick)
				for range 1 + rng.IntN(2) {
					run.add(left * int64(Tick))
				}
				if rng.IntN(3) == 0 {
					run.remove(rng.IntN(len(run.want)))
				}
			}
			for n := len(run.want); n > int(seed%5); n-- {
				run.remove(rng.IntN(n))
			}
			run.drain()
		}
	}
}

// A group whose time has come is in no slot, nor is one that is ready or
// overdue.
func TestWheelRemovesOnlyFromSlots(t *testing.T) {
	run := newWheelRun(t)
	for range 3 {
		run.add(int64(Tick))
	}
	all := slices.Clone(run.want)
	run.wheel.advance(1)
	for _, due := range all {
		require.False(t, run.wheel.remove(due.index))
	}
	require.Equal(t, 3, run.wheel.live)
	for _, due := range all {
		index, ok := run.wheel.popFired()
		require.True(t, ok)
		require.Equal(t, due.index, index)
	}
}
