//go:build explore

package sim

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/contend/ring/interleave"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// simulate runs threads behind a turnstile.
func simulate(t *testing.T, seed uint64, threads ...func(*Turnstile)) (report Report) {
	synctest.Test(t, func(t *testing.T) {
		turn := New(seed, 50, false)
		interleave.Use(turn)
		var running sync.WaitGroup
		for _, thread := range threads {
			running.Go(func() { thread(turn) })
		}
		ended := false
		go func() {
			running.Wait()
			ended = true
		}()
		turn.Drive(func() bool { return ended })
		report = turn.Report()
	})
	interleave.Use(nil)
	return report
}

// An increment that is no single access gets lost in some orders, and in the
// same ones each time.
func TestFindsLostUpdates(t *testing.T) {
	OneProcessor(t)
	lost := 0
	for seed := range uint64(200) {
		run := func() (sum int64, report Report) {
			var word interleave.Int64
			increment := func(*Turnstile) { word.Store(word.Load() + 1) }
			report = simulate(t, seed, increment, increment, increment)
			return word.Load(), report
		}
		sum, report := run()
		again, repeated := run()
		require.Equal(t, sum, again, "seed %d", seed)
		require.Equal(t, report, repeated, "seed %d", seed)
		if sum < 3 {
			lost++
		}
	}
	require.Greater(t, lost, 20)
	require.Less(t, lost, 200)
}

// Two locks taken in opposite orders.
func TestReportsDeadlocks(t *testing.T) {
	OneProcessor(t)
	hung := 0
	for seed := range uint64(50) {
		// The goroutines that hang are let go by a third lock: each takes a lock
		// with TryLock's means, so that the bubble can end.
		var a, b interleave.Bool
		take := func(first, second *interleave.Bool) func(*Turnstile) {
			return func(turn *Turnstile) {
				for _, l := range []*interleave.Bool{first, second} {
					l.Load()
					interleave.Await(l, func() bool { return !held[l] || turn.open }, interleave.Forever)
					held[l] = true
				}
				delete(held, first)
				delete(held, second)
			}
		}
		clear(held)
		if simulate(t, seed, take(&a, &b), take(&b, &a)).Hung {
			hung++
		}
	}
	require.Greater(t, hung, 5)
	require.Less(t, hung, 50)
}

// held is which of a test's locks are taken.
var held = map[*interleave.Bool]bool{}

// Time passes only while nobody can go on, unless the plan has a pause.
func TestTimeStandsStill(t *testing.T) {
	OneProcessor(t)
	late := 0
	for seed := range uint64(300) {
		var word interleave.Int64
		var woke time.Duration
		report := simulate(t, seed,
			func(turn *Turnstile) {
				begun := time.Now()
				interleave.Await(&word, func() bool { return false }, time.Second)
				woke = time.Since(begun)
			},
			func(turn *Turnstile) {
				for range 40 {
					word.Add(1)
				}
			})
		if report.Pauses == 0 {
			require.Equal(t, time.Second, woke, "seed %d", seed)
		}
		require.GreaterOrEqual(t, woke, time.Second, "seed %d", seed)
		if woke > time.Second {
			late++
		}
	}
	require.Positive(t, late)
}
