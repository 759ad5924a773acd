//go:build explore

package loom

import (
	"fmt"
	"math/big"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"example.com/contend/ring/interleave"
)

// walkers are threads that each make a number of steps at a word, the same one
// for all or one each.
func walkers(threads, steps int, same bool) Scenario {
	return func(w *World) func() {
		words := make([]interleave.Int64, threads)
		for i := range threads {
			word := &words[i]
			if same {
				word = &words[0]
			}
			w.Go(fmt.Sprint(i), func() {
				for range steps {
					word.Add(1)
				}
			})
		}
		return nil
	}
}

// orders counts the orders of two threads' n steps each with at most k
// preemptions, by trying all.
func orders(n, k int) (count int) {
	var try func(left [2]int, last, k int)
	try = func(left [2]int, last, k int) {
		if left == [2]int{} {
			count++
			return
		}
		for i := range left {
			cost := 0
			if last != i && last >= 0 && left[last] > 0 {
				cost = 1
			}
			if left[i] > 0 && cost <= k {
				next := left
				next[i]--
				try(next, i, k-cost)
			}
		}
	}
	try([2]int{n, n}, nobody, k)
	return count
}

// The number of executions is that of the interleavings, by how many preemptions
// they may have; without a bound it is a binomial.
func TestInterleavingsAreCounted(t *testing.T) {
	for n := 1; n <= 6; n++ {
		r := Explore(walkers(2, n, true), Options{Executions: 1e6, Preemptions: 100})
		require.Nil(t, r.Failure)
		require.True(t, r.Complete)
		for k, row := range r.Rows {
			require.True(t, row.Exhausted)
			require.Equal(t, orders(n, k), row.Executions, "%d steps, %d preemptions", n, k)
		}
		all := new(big.Int).Binomial(int64(2*n), int64(n))
		require.EqualValues(t, all.Int64(), r.Rows[len(r.Rows)-1].Executions)
		require.Len(t, r.Rows, 2*n-1, "more preemptions than 2n-2 there are not")
	}
}

// Without a bound, one execution is enough for all orders of steps that do not
// concern each other: (2n)!/(n!n!) for two threads at one word, 1 at a word each,
// also where it is not known that each has its own.
func TestSleepSetsLeaveOutWhatIsEquivalent(t *testing.T) {
	all := func(s Scenario) Row {
		r := Explore(s, Options{Executions: 1e6, Preemptions: 1, All: true})
		require.True(t, r.Complete)
		return r.Rows[len(r.Rows)-1]
	}
	require.Equal(t, 252, all(walkers(2, 5, true)).Executions)
	require.Equal(t, 1680, all(walkers(3, 3, true)).Executions) // 9!/(3!)³
	require.Equal(t, 1, all(walkers(3, 3, false)).Executions)

	// Two writers of each of two words, in the same order: the orders at either
	// word, of which one can be had together with any of the other.
	crossed := func(w *World) func() {
		words := new([2]interleave.Int64)
		for i := range 2 {
			w.Go(fmt.Sprint(i), func() {
				words[i].Store(1)
				words[1-i].Load()
			})
		}
		return nil
	}
	require.Equal(t, 3, all(crossed).Executions, "either sees the other's store, or both")
}

// Private words are no choice, as soon as they have names.
func TestPrivateWordsAreNoChoice(t *testing.T) {
	type own struct{ mine, shared interleave.Int64 }
	private := func(w *World) func() {
		words := new([2]own)
		for i := range 2 {
			w.Name(fmt.Sprint(i), &words[i])
			w.Go(fmt.Sprint(i), func() {
				for range 5 {
					words[i].mine.Add(1)
				}
				words[0].shared.Add(1)
			})
		}
		return nil
	}
	r := Explore(private, Options{Executions: 1e6, Preemptions: 2})
	last := r.Rows[len(r.Rows)-1]
	require.True(t, last.Exhausted)
	require.Equal(t, 1+2, last.Executions, "the first one has shown that a word is shared")
	r = Explore(private, Options{Executions: 1e6, Preemptions: 12, Whole: true})
	last = r.Rows[len(r.Rows)-1]
	require.Equal(t, 924, last.Executions) // 12 over 6
}

// fails explores a scenario that fails, and that the schedule repeats it.
func fails(t *testing.T, s Scenario, what string, o Options) {
	t.Helper()
	r := Explore(s, o)
	require.NotNil(t, r.Failure, "it is to fail\n%s", r.Table())
	require.Contains(t, r.Failure.What, what)
	written, err := ParseSchedule(r.Failure.Schedule.String())
	if len(r.Failure.Schedule) > 0 {
		require.NoError(t, err)
	} else {
		written = Schedule{}
	}
	again := Explore(s, Options{Schedule: written})
	require.NotNil(t, again.Failure, "it repeats")
	require.Equal(t, r.Failure.What, again.Failure.What)
}

// Each kind of failure is found, by either kind of search, and repeated.
func TestKnownFailuresAreFound(t *testing.T) {
	for _, known := range []struct {
		name, what string
		scenario   Scenario
	}{
		{"lost update", "the sum is 1", lostUpdate},
		{"data race", "data race: it makes a read", publishBeforeWrite},
		{"lost wake-up", "deadlock", lostWakeUp},
		{"two locks", "deadlock", twoLocks},
		{"livelock", "livelock", livelock},
		{"panic", "panic: runtime error: index out of range", outOfRange},
		{"late", "late", lateSleeper},
	} {
		t.Run(known.name, func(t *testing.T) {
			fails(t, known.scenario, known.what, Options{Executions: 10_000, Preemptions: 2})
			fails(t, known.scenario, known.what, Options{Executions: 10_000, Random: 100})
			if known.name != "late" {
				fails(t, known.scenario, known.what, Options{Executions: 10_000, Preemptions: 1, All: true})
			}
		})
	}
}

func lostUpdate(w *World) func() {
	var word interleave.Int64
	for i := range 2 {
		w.Go(fmt.Sprint(i), func() { word.Store(word.Load() + 1) })
	}
	return func() {
		if word.Load() != 2 {
			w.Failf("the sum is %d", word.Load())
		}
	}
}

// The value that is read is the right one in every interleaving that is tried
// before the reader has to wait; only the order is missing.
func publishBeforeWrite(w *World) func() {
	var there interleave.Bool
	var value int
	w.Go("writer", func() {
		there.Store(true)
		interleave.Writes(&value)
		value = 1
	})
	w.Go("reader", func() {
		if there.Load() {
			interleave.Reads(&value)
		}
	})
	return nil
}

// The sleeper looks, and then says that it sleeps.
func lostWakeUp(w *World) func() {
	var asleep, there interleave.Bool
	var bell byte
	rung := false
	w.Go("sleeper", func() {
		if !there.Load() {
			asleep.Store(true)
			interleave.Await(&bell, func() bool { return rung }, interleave.Forever)
		}
	})
	w.Go("waker", func() {
		there.Store(true)
		if asleep.Load() {
			interleave.Signals(&bell)
			rung = true
		}
	})
	return nil
}

func twoLocks(w *World) func() {
	var locks [2]interleave.Mutex
	both := 0
	for i := range 2 {
		w.Go(fmt.Sprint(i), func() {
			locks[i].Lock()
			locks[1-i].Lock()
			both++
			locks[1-i].Unlock()
			locks[i].Unlock()
		})
	}
	return nil
}

func livelock(w *World) func() {
	var word interleave.Bool
	w.Go("spinner", func() {
		for !word.Load() {
		}
	})
	return nil
}

func outOfRange(w *World) func() {
	var word interleave.Int64
	for i := range 2 {
		w.Go(fmt.Sprint(i), func() {
			n := word.Add(1)
			word.Add(-1)
			_ = make([]int, 2)[n]
		})
	}
	return nil
}

// Time does not pass while somebody can run, but for who lets it pass.
func lateSleeper(w *World) func() {
	var bell byte
	w.Go("sleeper", func() {
		interleave.Await(&bell, func() bool { return false }, time.Second)
		if w.Now() != int64(time.Second) {
			w.Failf("late")
		}
	})
	w.Go("clock", func() {
		w.Step(interleave.Load, unsafe.Pointer(&bell))
		w.Pass(2 * time.Second)
	})
	return nil
}

// What is ordered by what was loaded, swapped, slept for or locked is no race.
func TestNoRaceIsSeenWhereThereIsNone(t *testing.T) {
	r := Explore(func(w *World) func() {
		var there interleave.Int64
		var lock interleave.Mutex
		var bell byte
		var first, second, third int
		rung := false
		w.Go("writer", func() {
			interleave.Writes(&first)
			there.Store(1)
			interleave.Writes(&third)
			interleave.Signals(&bell)
			rung = true
			lock.Lock()
			interleave.Writes(&second)
			lock.Unlock()
		})
		w.Go("reader", func() {
			if there.Load() == 1 {
				interleave.Reads(&first)
			}
			lock.Lock()
			interleave.Reads(&second)
			lock.Unlock()
		})
		w.Go("sleeper", func() {
			interleave.Await(&bell, func() bool { return rung }, interleave.Forever)
			interleave.Writes(&third)
			if there.CompareAndSwap(1, 2) {
				interleave.Reads(&first)
			}
		})
		return nil
	}, Options{Executions: 1e6, Preemptions: 1, All: true})
	require.Nil(t, r.Failure)
	require.True(t, r.Complete)
}

// What is left out as equivalent has no outcome of its own: the ends that a ring's
// users can come to are the same ones, whether every step is a choice and all of
// them are tried, only those at shared words, or one of each equivalence class.
func TestReductionsLoseNoOutcome(t *testing.T) {
	for _, z := range []ringSizes{
		{producers: 2, items: 1, slots: 1, drains: 1},
		{producers: 1, items: 1, slots: 1, drains: 1, closes: true},
	} {
		outcomes := func(o Options) (ends map[string]int, complete bool) {
			ends = map[string]int{}
			o.Executions = 3_000_000
			r := Explore(func(w *World) func() {
				u := newRingUsers(w, z)
				return func() {
					ends[fmt.Sprint(u.pushes[0][0].err, u.pushes[len(u.pushes)-1][0].err, u.got, u.tail)]++
					u.check()
				}
			}, o)
			require.Nil(t, r.Failure)
			t.Logf("%+v\n%s", z, r.Table())
			return ends, r.Complete
		}
		all, complete := outcomes(Options{Preemptions: 1, All: true})
		require.True(t, complete)
		whole, complete := outcomes(Options{Preemptions: 1, All: true, Whole: true})
		require.True(t, complete)
		bounded, complete := outcomes(Options{Preemptions: 100})
		require.True(t, complete)
		for end := range bounded {
			require.Contains(t, all, end)
			require.Contains(t, whole, end)
		}
		require.Len(t, all, len(bounded))
		require.Len(t, whole, len(bounded))
		require.Greater(t, len(bounded), 2, "there is something to lose")
	}
}
