package engine_test

import (
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// The lean rungs allocate nothing, on either side: the shard's goroutine is
// measured with the submitter.

const (
	allocTargets = 30
	allocRound   = 10 * allocTargets
)

// told counts verdicts and tells when a round is complete.
type told struct {
	left     atomic.Int64
	complete chan struct{}
}

func newTold() *told { return &told{complete: make(chan struct{}, 1)} }

func (d *told) count(n int) {
	if d.left.Add(-int64(n)) == 0 {
		d.complete <- struct{}{}
	}
}

// lean is the least that can be told.
type lean struct {
	engine.Ticket
	told *told
}

func (l *lean) Decided(*engine.Verdict) { l.told.count(1) }

// allocsPerRound runs rounds of allocRound operations, each awaited.
func allocsPerRound(t *testing.T, d *told, round func()) float64 {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	whole := func() {
		d.left.Store(allocRound)
		round()
		<-d.complete
	}
	for range 20 {
		whole()
	}
	return testing.AllocsPerRun(50, whole)
}

func TestStageAllocatesNothing(t *testing.T) {
	for _, withdrawable := range []bool{false, true} {
		d := newTold()
		e := newEngine(t, engine.Config{Shards: 1, Window: 2 * time.Millisecond})
		ops := make([]lean, allocRound)
		for i := range ops {
			ops[i].To, ops[i].told, ops[i].Withdrawable = &ops[i], d, withdrawable
		}
		n := allocsPerRound(t, d, func() {
			for i := range ops {
				if _, err := e.Stage(&engine.Bid{Target: allTargets[i%allocTargets], Ticket: &ops[i].Ticket}); err != nil {
					t.Error(err)
				}
			}
		})
		require.Zero(t, n, "allocations in a round of %d operations", allocRound)
	}
}

func TestBatchAllocatesNothing(t *testing.T) {
	d := newTold()
	e := newEngine(t, engine.Config{Shards: 2, Window: 2 * time.Millisecond, Decided: func(batch []engine.Decision) {
		for i := range batch {
			d.count(batch[i].Contenders)
		}
	}})
	b := e.NewBatch(16)
	n := allocsPerRound(t, d, func() {
		for i := range allocRound {
			if err := b.Add(&engine.Bid{Target: allTargets[i%allocTargets], Tag: uint64(i)}); err != nil {
				t.Error(err)
			}
		}
		if err := b.Flush(); err != nil {
			t.Error(err)
		}
	})
	require.Zero(t, n, "allocations in a round of %d operations", allocRound)
}

// What Submit and Do may cost, so that a new allocation is noticed.
func TestAllocationsOfComfort(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	e := newEngine(t, engine.Config{Shards: 1, Window: time.Nanosecond, Registry: engine.Discard})
	fn := answer(1)
	op := engine.Op{Target: target(1)}
	do := testing.AllocsPerRun(100, func() { engine.Do(background, e, op, fn) })
	handle := testing.AllocsPerRun(100, func() {
		h, _ := engine.Submit(background, e, op, fn)
		h.Wait(background)
	})
	t.Logf("Do %v, Submit %v", do, handle)
	require.Zero(t, do)
	require.LessOrEqual(t, handle, 8.0)
}

// Who loses costs its handle and its error, unless somebody waits for it before it is told.
func TestAllocationsOfALoss(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	inBubble(t, func(t *testing.T) { // so that the window does not close among them
		const losers = 99
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Second, Registry: engine.Discard})
		fn, hot := answer(1), target(1)
		handles := make([]*engine.Handle[int], 1+losers)
		group := testing.AllocsPerRun(50, func() {
			for i := range handles {
				handles[i], _ = engine.Submit(background, e, engine.Op{Target: hot, Priority: engine.Priority(-i)}, fn)
			}
			handles[losers].Wait(background) // told last
			handles[0].Wait(background)      // it has won
		})
		const others = 16 // the winner's, those of two who wait, and the window's
		t.Logf("%.0f in a group of %d", group, len(handles))
		require.LessOrEqual(t, group, 2.0*losers+others)
	})
}

// allTargets are made beforehand.
var allTargets = ids(func() (ns []int) {
	for n := range allocTargets {
		ns = append(ns, n)
	}
	return ns
}()...)
