package shard

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// timer is a group as the oracle sees it.
type timer struct {
	tick  int64
	index uint32
	added int
}

// timers is the wheel's oracle: a heap by tick, then in the order of adding.
type timers []timer

func (h timers) Len() int { return len(h) }
func (h timers) Less(i, j int) bool {
	if h[i].tick != h[j].tick {
		return h[i].tick < h[j].tick
	}
	return h[i].added < h[j].added
}
func (h timers) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timers) Push(v any)   { *h = append(*h, v.(timer)) }
func (h *timers) Pop() any {
	last := len(*h) - 1
	v := (*h)[last]
	*h = (*h)[:last]
	return v
}

// wheelRun is a wheel beside its oracle.
type wheelRun struct {
	t      testing.TB
	groups slab[group]
	wheel  wheel
	want   timers
	added  int

	readied []uint32 // were never in a slot, and fire before what is
}

func newWheelRun(t testing.TB) *wheelRun {
	r := &wheelRun{t: t}
	r.wheel.groups = &r.groups
	return r
}

// add adds a group that is due so long after the wheel's time.
func (r *wheelRun) add(after int64) {
	index, g := r.groups.alloc()
	now := r.wheel.tick * int64(Tick)
	g.due = now + min(after, math.MaxInt64-now)
	r.wheel.add(index)

	tick := (g.due-1)/int64(Tick) + 1 // rounded up; for a time after 0
	r.want.push(timer{max(tick, r.wheel.tick+1), index, r.added})
	r.added++
	r.checkNext()
}

func (h *timers) push(v timer) { heap.Push(h, v) }

// advance moves on by so many ticks and compares what fires.
func (r *wheelRun) advance(ticks int64) {
	to := r.wheel.tick + ticks
	r.wheel.advance(to)
	require.Equal(r.t, to, r.wheel.tick)
	for len(r.want) > 0 && r.want[0].tick <= to {
		want := heap.Pop(&r.want).(timer)
		index, ok := r.wheel.popFired()
		require.True(r.t, ok, "group %d did not fire by %d: due at %d", want.added, to, want.tick)
		require.Equal(r.t, want.index, index, "not group %d, due at %d", want.added, want.tick)
		r.groups.release(index)
	}
	index, ok := r.wheel.popFired()
	require.False(r.t, ok, "index %d fired early or twice, by %d", index, to)
	r.checkNext()
}

// checkNext: the wheel wants to be woken in the future, and not after the
// first group is due.
func (r *wheelRun) checkNext() {
	next, ok := r.wheel.next()
	require.Equal(r.t, len(r.want) > 0, ok)
	if ok {
		require.Greater(r.t, next, r.wheel.tick)
		require.LessOrEqual(r.t, next, r.want[0].tick)
	}
	require.Equal(r.t, len(r.want)+len(r.readied), r.wheel.live)
}

// drain advances from event to event until nothing is left.
func (r *wheelRun) drain() {
	for len(r.want) > 0 {
		next, _ := r.wheel.next()
		r.advance(next - r.wheel.tick)
	}
	require.Zero(r.t, r.wheel.upper)
	require.Zero(r.t, r.wheel.marked)
	require.Zero(r.t, r.wheel.slots)
}

// Up to maxGap, about two years, the order within a tick is exact; see
// TestWheelBeyondItsReach for more.
const maxGap = 1 << 56

func TestWheelAgainstHeap(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 3))
		// A bound per run, so that many runs stay among the lower levels.
		bits := 18 + rng.IntN(38)
		span := func() int64 { return rng.Int64N(1 << (1 + rng.IntN(bits))) }
		run := newWheelRun(t)
		for range 300 {
			for range rng.IntN(4) {
				run.add(1 + span())
			}
			run.advance(span() / int64(Tick))
		}
		run.drain()
	}
}

// Groups due in the same tick fire in the order in which they were added, from
// however far away.
func TestWheelKeepsOrderWithinTick(t *testing.T) {
	for _, tick := range []int64{wheelSlots - 1, wheelSlots, wheelSlots + 44, 1 << 20, 1<<20 + 1, 1<<30 + 1<<20 + 300, 1 << 33} {
		run := newWheelRun(t)
		for left := tick; left > 0; left /= 2 {
			run.advance(tick - left - run.wheel.tick)
			for range 3 {
				run.add(left * int64(Tick))
			}
		}
		run.drain()
	}
}

// Where one level ends and the next begins, seen from different places.
func TestWheelAtBoundaries(t *testing.T) {
	for _, now := range []int64{0, 1, wheelSlots - 1, wheelSlots, 1<<20 - 1, 1 << 20, 1<<30 - wheelSlots, 1 << 30} {
		run := newWheelRun(t)
		run.advance(now)
		for level := range wheelLevels {
			unit := int64(1) << (level * wheelBits)
			for _, units := range []int64{1, 2, wheelSlots - 1, wheelSlots, wheelSlots + 1} {
				for _, off := range []int64{-wheelSlots - 1, -wheelSlots, 1 - wheelSlots, -1, 0, 1, wheelSlots - 1, wheelSlots, wheelSlots + 1} {
					// To and from there, and of the slots' own borders.
					if ticks := min(unit*units, 1<<37) + off; ticks > now {
						run.add(ticks * int64(Tick))
						run.add((ticks - now) * int64(Tick))
					}
				}
			}
		}
		run.drain()
	}
}

func TestDueTick(t *testing.T) {
	for due, want := range map[int64]int64{
		0: 0, 1: 1, int64(Tick) - 1: 1, int64(Tick): 1, int64(Tick) + 1: 2,
		int64(time.Hour): 28_800_000, math.MaxInt64: math.MaxInt64/int64(Tick) + 1,
	} {
		require.Equal(t, want, dueTick(due), "due %d", due)
	}
}

// One whose tick has passed goes to the next.
func TestWheelTakesLatecomers(t *testing.T) {
	run := newWheelRun(t)
	run.advance(1000)
	for _, after := range []int64{-999, -1, 0, 1} {
		run.add(after * int64(Tick))
	}
	run.advance(1)
	require.Empty(t, run.want)
}

// Beyond 34 years groups are parked on the way and still fire in their tick.
func TestWheelBeyondItsReach(t *testing.T) {
	for _, years := range []int64{33, 34, 35, 69, 200, 292} {
		run := newWheelRun(t)
		run.advance(12_345)
		run.add(years * 365 * 24 * int64(time.Hour))
		run.add(1)
		run.drain()
	}
	run := newWheelRun(t)
	run.add(math.MaxInt64)
	run.advance(math.MaxInt64 / int64(Tick))
	require.Len(t, run.want, 1, "not even after 292 years")
}

func TestWheelFireAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	run := newWheelRun(t)
	run.advance(777)
	for range 1000 {
		run.add(1 + rng.Int64N(1<<(1+rng.IntN(60))))
	}
	run.wheel.fireAll()
	for range 1000 {
		index, ok := run.wheel.popFired()
		require.True(t, ok)
		run.groups.release(index)
	}
	run.want = nil
	run.drain()
	require.Zero(t, run.wheel.live)
	require.Zero(t, run.groups.live)
}

// lastWithin against the ticks at which groups are due.
func TestWheelLastWithin(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 8))
		run := newWheelRun(t)
		run.advance(rng.Int64N(3 * wheelSlots))
		for range 1 + rng.IntN(60) {
			run.add(1 + rng.Int64N(200*int64(Tick))) // all in level 0
		}
		first, _ := run.wheel.next()
		limit := first + rng.Int64N(100)
		want := first
		for _, w := range run.want {
			if w.tick <= limit {
				want = max(want, w.tick)
			}
		}
		require.Equal(t, want, run.wheel.lastWithin(first, limit), "seed %d", seed)
		require.Equal(t, first, run.wheel.lastWithin(first, first-1), "seed %d", seed)
	}
}

// A lap that is full ends where it began.
func TestWheelLastWithinALap(t *testing.T) {
	run := newWheelRun(t)
	run.advance(wheelSlots / 2)
	for tick := range int64(wheelSlots - 1) {
		run.add(1 + tick*int64(Tick))
	}
	first := run.wheel.tick + 1
	require.Equal(t, first+wheelSlots-2, run.wheel.lastWithin(first, math.MaxInt64))
}
