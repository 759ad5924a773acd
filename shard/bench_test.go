package shard

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkCore is the pure core on one thread: what an operation costs from
// Stage to Release without ring, clock, sleep or telling. Logical time passes
// so that the given number of operations is in flight.
func BenchmarkCore(b *testing.B) {
	for _, inFlight := range []int{30_000, 1_000_000} {
		for _, targets := range []int{100, 10_000, 1_000_000} {
			for _, random := range []bool{false, true} {
				b.Run(fmt.Sprintf("inflight=%d/targets=%d/random=%v", inFlight, targets, random), func(b *testing.B) {
					benchmarkCore(b, inFlight, targets, random)
				})
			}
		}
	}
}

func benchmarkCore(b *testing.B, inFlight, targets int, random bool) {
	const window = int64(100 * time.Millisecond)
	ops := make([]Op, targets)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range ops {
		ops[i] = Op{Target: target(rng.Uint64()), Terms: NewTerms(time.Duration(window), 0), At: unstamped, Hash: rng.Uint32() &^ hashFlags}
	}
	c := NewCore(CoreConfig{})
	now, step := int64(0), max(1, window/int64(inFlight))
	look := now + int64(time.Millisecond)
	b.ReportAllocs()
	for i := range b.N {
		at := i / 3 % targets
		if random {
			at = rng.IntN(targets)
		}
		op := &ops[at]
		op.Priority, op.Tag = int32(i%7), uint64(i)
		c.Stage(op, uint64(i), now)
		if now += step; now >= look {
			look = now + int64(time.Millisecond)
			c.Advance(now)
			for len(c.Decide()) > 0 {
				c.Release()
			}
		}
	}
	b.ReportMetric(float64(c.Bytes())/float64(max(1, c.Staged())), "B/in-flight")
}

// BenchmarkRanks ranks a group whose losers ask for it: up to eight contenders are
// compared with each other, more are counted by their priorities.
func BenchmarkRanks(b *testing.B) {
	for _, contenders := range []int{2, 3, 8, 9} {
		b.Run(fmt.Sprintf("contenders=%d", contenders), func(b *testing.B) {
			c := NewCore(CoreConfig{})
			for i := range contenders {
				c.Stage(&Op{Ticket: &Ticket{}, Priority: int32(i % 7), Terms: NewTerms(1, 0)}, uint64(i), 0)
			}
			c.Advance(int64(time.Second))
			var r ranking
			r.begin(&c.Decide()[0])
			for b.Loop() {
				r.work()
			}
		})
	}
}

// BenchmarkWheel adds and fires one group, with a million others waiting.
func BenchmarkWheel(b *testing.B) {
	const waiting = 1_000_000
	var groups slab[group]
	w := wheel{groups: &groups}
	now, step := int64(0), int64(100*time.Millisecond)/waiting
	b.ReportAllocs()
	for range b.N {
		index, g := groups.alloc()
		g.due = now + int64(100*time.Millisecond)
		w.add(index)
		now += step
		if now%int64(Tick) < step {
			w.advance(now / int64(Tick))
			for fired, ok := w.popFired(); ok; fired, ok = w.popFired() {
				groups.release(fired)
			}
		}
	}
}
