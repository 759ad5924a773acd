//go:build linux && !explore

package ring

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// goroutinesMade returns how many goroutines the process has started.
func goroutinesMade(t *testing.T) uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		t.Skip("this version of Go does not count them")
	}
	return sample[0].Value.Uint64()
}

// An owner that the poller woke has another thread sent there, once; one that was rung
// out of its sleep, or did not sleep at all, has not.
func TestRelieve(t *testing.T) {
	b := NewBell()
	defer b.Close()
	runtime.GC() // the goroutines that it starts are there then
	made := func(f func()) uint64 {
		before := goroutinesMade(t)
		f()
		return goroutinesMade(t) - before
	}
	require.Zero(t, made(b.Relieve), "before the first sleep")
	for range 3 {
		require.False(t, b.WaitFor(time.Microsecond))
		require.EqualValues(t, 1, made(b.Relieve))
		require.Zero(t, made(b.Relieve), "again")
	}
	b.Ring()
	require.True(t, b.WaitFor(time.Hour))
	require.Zero(t, made(b.Relieve), "rung before it slept")

	b.WaitFor(time.Microsecond)
	b.Ring()
	require.True(t, b.WaitFor(time.Hour))
	require.EqualValues(t, 1, made(b.Relieve), "woken, and rung later")

	asleep := b.alarm.Load()
	rung := make(chan struct{})
	go func() {
		for !asleep.asleep.Load() {
			runtime.Gosched()
		}
		b.Ring()
		close(rung)
	}()
	for !b.WaitFor(time.Hour) {
	}
	<-rung
	require.Zero(t, made(b.Relieve), "rung out of its sleep")
}

// An owner that yields the only processor has the poller asked, so that somebody who waits
// for it can go on soon.
func TestYield(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	var read atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for one := make([]byte, 1); ; read.Store(true) {
			if _, err := r.Read(one); err != nil {
				return
			}
		}
	}()
	b := NewBell()
	defer b.Close()
	b.Yield() // it has no timer yet
	require.False(t, b.WaitFor(time.Microsecond))
	for range 100 {
		read.Store(false)
		_, err := w.Write([]byte{1})
		require.NoError(t, err)
		// One, mostly; some hundred, if the system lets the thread at the poller wait. If
		// only the monitor asked, it would be ten milliseconds of a tenth of a microsecond.
		for yields := 0; !read.Load(); yields++ {
			require.Less(t, yields, 5000)
			b.Yield()
		}
	}
	before := time.Now()
	require.False(t, b.WaitFor(10*time.Millisecond))
	require.GreaterOrEqual(t, time.Since(before), 10*time.Millisecond, "a deadline is left over")
	w.Close()
	<-ended
}

// BenchmarkYield is what that takes if nobody waits, and for how long the owner is away
// if others are never done with the processor.
func BenchmarkYield(b *testing.B) {
	for _, others := range []int{0, 2} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var done atomic.Bool
			defer done.Store(true)
			for range others {
				go func() {
					for !done.Load() {
						runtime.Gosched()
					}
				}()
			}
			bell := NewBell()
			defer bell.Close()
			bell.WaitFor(time.Microsecond)
			b.ReportAllocs()
			for b.Loop() {
				bell.Yield()
			}
		})
	}
}

// BenchmarkBusyOwner is how long somebody has to wait for the poller when an owner that
// has slept is busy.
func BenchmarkBusyOwner(b *testing.B) {
	for _, relieves := range []bool{false, true} {
		b.Run(fmt.Sprintf("relieves=%t", relieves), func(b *testing.B) {
			r, w, err := os.Pipe()
			require.NoError(b, err)
			defer r.Close()
			defer w.Close()
			var read atomic.Int64
			go func() {
				for one := make([]byte, 1); ; read.Add(1) {
					if _, err := r.Read(one); err != nil {
						return
					}
				}
			}()
			bell, waited := NewBell(), time.Duration(0)
			defer bell.Close()
			for i := range int64(b.N) {
				bell.WaitFor(time.Millisecond)
				if relieves {
					bell.Relieve()
				}
				begun := time.Now()
				w.Write([]byte{1})
				for read.Load() == i { // as an owner does that tells many
				}
				waited += time.Since(begun)
			}
			b.ReportMetric(float64(waited.Nanoseconds())/float64(b.N), "ns-waited/op")
		})
	}
}
