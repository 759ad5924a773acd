package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// What may not grow unnoticed, and does not depend on how fast the machine is or
// what else it does: bytes in flight, in virtual time, and bytes allocated for each
// operation. How many objects are allocated is guarded in package engine; how long
// things take is compared by command bench/against.

// TestBytesInFlight holds the engine's memory for each operation in flight against
// the budget, in a steady load: when some windows have closed and others opened in
// their place, spare memory, rings and all.
func TestBytesInFlight(t *testing.T) {
	told := &engine.Ticket{To: deaf{}} // of all: nothing of it is written that counts
	for _, c := range []struct {
		perWindow int // operations; who joins an open window is in flight for less
		ring      int // more than a hundredth of them: what a look finds
		skew      Skew
		ticket    *engine.Ticket
		most      float64 // bytes
	}{
		{30_000, 512, Threes, told, 64},
		{30_000, 8192, Threes, told, 64}, // the engine's own ring is 11 of them
		{30_000, 8192, Threes, nil, 64},  // and 15, where tags come with times
		{1_000_000, 16_384, Threes, told, 64},
		{30_000, 512, Uniform, told, 96},
		{1_000_000, 16_384, Uniform, told, 96},
	} {
		t.Run(fmt.Sprintf("%v/%d", c.skew, c.perWindow), func(t *testing.T) {
			if raceDetector && c.perWindow > 100_000 {
				t.Skip("takes long under the race detector")
			}
			w := Workload{Rate: Rate(10 * c.perWindow), Skew: c.skew, Targets: c.perWindow / 3}
			if c.skew == Threes {
				w.Targets = c.perWindow/3 + c.perWindow/30 // a lap takes more than a window
			}
			synctest.Test(t, func(t *testing.T) {
				bytes := bytesInFlight(t, w.WithDefaults(), c.perWindow, c.ring, c.ticket)
				t.Logf("%.1f bytes", bytes)
				require.LessOrEqual(t, bytes, c.most)
			})
		})
	}
}

// deaf does not listen.
type deaf struct{}

func (deaf) Decided(*engine.Verdict) {}

// bytesInFlight plays two and a half windows of the workload and returns the most
// bytes in the last one for each of the most operations: what a wave took is kept
// for the next.
func bytesInFlight(t *testing.T, w Workload, perWindow, ring int, ticket *engine.Ticket) float64 {
	const looks = 100 // in a window: as often as the clock of the load ticks
	e, err := engine.New(engine.Config{Shards: 1, RingSize: ring, MaxStaged: math.MaxInt, HashSeed: 1, Registry: engine.Discard})
	require.NoError(t, err)
	defer e.Stop(context.Background())
	e.Start()
	stream := w.Streams()[0]
	bytes, staged := 0, 0
	for look := range looks * 5 / 2 {
		for range perWindow / looks {
			target, priority, _ := stream.Next()
			_, err := e.Stage(&engine.Bid{Target: target, Priority: engine.Priority(priority), Ticket: ticket})
			require.NoError(t, err)
		}
		time.Sleep(w.Window / looks)
		synctest.Wait()
		if look < looks*3/2 {
			continue
		}
		s := e.Stats()
		require.Greater(t, s.Staged, perWindow*2/5, "the load is not what it should be")
		bytes, staged = max(bytes, s.Bytes), max(staged, s.Staged)
	}
	return float64(bytes) / float64(staged)
}

// TestBytesAllocated bounds the garbage of each operation on the comfortable rungs,
// and that of the lean ones, which is none. The least of several tries counts, since
// the runtime allocates in the background at times.
func TestBytesAllocated(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	e, err := engine.New(engine.Config{Shards: 1, Window: time.Nanosecond, Registry: engine.Discard})
	require.NoError(t, err)
	defer e.Stop(context.Background())
	// A target for each, since nobody waits for what becomes of a batch.
	targets := []uuid.UUID{{1}, {2}, {3}, {4}}
	batch := e.NewBatch(1)
	staged := newAwaited()
	for _, c := range []struct {
		rung string
		most float64 // bytes
		once func() error
	}{
		{"Stage with a ticket", 0, func() error { return staged.once(e, engine.Bid{Target: targets[0]}) }},
		{"Batch", 0, func() error { return batch.Add(&engine.Bid{Target: targets[1]}) }},
		{"Do", 16, func() error {
			_, err := engine.Do(context.Background(), e, engine.Op{Target: targets[2]}, nothing)
			return err
		}},
		{"Submit", 704, func() error {
			h, err := engine.Submit(context.Background(), e, engine.Op{Target: targets[3]}, nothing)
			if err == nil {
				_, err = h.Wait(context.Background())
			}
			return err
		}},
	} {
		bytes := bytesAllocated(t, c.once)
		t.Logf("%s: %.0f bytes", c.rung, bytes)
		require.LessOrEqual(t, bytes, c.most, c.rung)
	}
}

// bytesAllocated returns the bytes allocated in a call.
func bytesAllocated(t *testing.T, once func() error) float64 {
	const tries, calls = 5, 50
	least := math.Inf(1)
	for range tries {
		var before, after runtime.MemStats
		require.NoError(t, once()) // what is made once
		runtime.ReadMemStats(&before)
		for range calls {
			if err := once(); err != nil {
				require.NoError(t, err)
			}
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.TotalAlloc-before.TotalAlloc)/calls)
	}
	return least
}

// awaited is an operation in the caller's memory, staged again when it was told.
type awaited struct {
	engine.Ticket
	told chan struct{}
}

func newAwaited() *awaited {
	a := &awaited{told: make(chan struct{}, 1)}
	a.To = a
	return a
}

func (a *awaited) Decided(*engine.Verdict) { a.told <- struct{}{} }

func (a *awaited) once(e *engine.Engine, bid engine.Bid) error {
	bid.Ticket = &a.Ticket
	if _, err := e.Stage(&bid); err != nil {
		return err
	}
	<-a.told
	return nil
}
