// Package parts measures what the model of growth is made of: what a producer
// spends on an operation, and what it costs to hand a cache line from one core to
// another. Each function takes some tenths of a second and must have the process
// to itself. What other processes take away is kept out by taking the least or the
// median of many short measurements, as each says.
package parts

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var errOneCore = errors.New("needs two cores")

// line is a cache line, and its neighbour that the hardware fetches with it.
type line struct {
	word atomic.Uint64
	_    [120]byte
}

// Bounce returns the nanoseconds in which a cache line that two threads write in
// turns goes from one to the other: the median of many games of ping-pong. In a
// virtual machine it depends on where the host runs the two processors, and can
// change fivefold when that does.
func Bounce() (float64, error) {
	const games, rallies = 40, 20_000
	if runtime.GOMAXPROCS(0) < 2 || runtime.NumCPU() < 2 {
		return 0, errOneCore
	}
	warmUp()
	var ball line
	var each []float64
	for range games {
		ball.word.Store(0)
		took := timed(2, func(side int) {
			for i := uint64(side); i < 2*rallies; i += 2 {
				for ball.word.Load() != i {
				}
				ball.word.Store(i + 1)
			}
		})
		each = append(each, float64(took)/(2*rallies))
	}
	return median(each), nil
}

// Claim returns the nanoseconds between two claims of one ring's tail when so many
// threads do nothing but claim: load, look at another line, compare and swap,
// until it succeeds. The median of many runs.
func Claim(threads int) float64 {
	const runs, claims = 21, 100_000 // claims of each thread
	warmUp()
	var tail, head line
	var each []float64
	for range runs {
		took := timed(threads, func(int) {
			for range claims {
				for {
					t := tail.word.Load()
					if t >= head.word.Load() && tail.word.CompareAndSwap(t, t+1) {
						break
					}
				}
			}
		})
		each = append(each, float64(took)/float64(threads*claims))
	}
	return median(each)
}

// slots is how many lines Move hands over in a ring: as the engine's rings.
const slots = 8192

// Move returns the nanoseconds that a cache line costs whoever receives it when
// lines go round in a ring, many in flight, so that the hardware fetches ahead:
// what a line takes with two threads at work, minus half of what one thread needs
// for both of their works. From the least of many runs each.
func Move() (float64, error) {
	const runs, laps = 21, 8
	if runtime.GOMAXPROCS(0) < 2 || runtime.NumCPU() < 2 {
		return 0, errOneCore
	}
	ring := make([]slot, slots)
	warmUp()
	var apart, alone []float64
	for range runs {
		clear(ring)
		took := timed(2, func(side int) {
			if side == 0 {
				fill(ring, 0, laps*slots)
			} else {
				empty(ring, 0, laps*slots)
			}
		})
		apart = append(apart, float64(took)/(laps*slots))

		clear(ring)
		took = timed(1, func(int) {
			for lap := range uint64(laps) {
				fill(ring, lap*slots, (lap+1)*slots)
				empty(ring, lap*slots, (lap+1)*slots)
			}
		})
		alone = append(alone, float64(took)/(laps*slots))
	}
	return max(0, slices.Min(apart)-slices.Min(alone)/2), nil
}

// slot is a line of a ring: full when sequence is the position plus one, empty
// again when it is the position plus the ring's size.
type slot struct {
	sequence atomic.Uint64
	value    [7]uint64
}

func fill(ring []slot, from, to uint64) {
	for at := from; at < to; at++ {
		s := &ring[at%slots]
		for at >= slots && s.sequence.Load() != at {
		}
		s.value = [7]uint64{at, at, at, at, at, at, at}
		s.sequence.Store(at + 1)
	}
}

func empty(ring []slot, from, to uint64) {
	for at := from; at < to; at++ {
		s := &ring[at%slots]
		for s.sequence.Load() != at+1 {
		}
		s.value = [7]uint64{}
		s.sequence.Store(at + slots)
	}
}

// Bandwidth returns the bytes per nanosecond that so many threads together read
// and write in copying memory that fits into no cache, the write's read of its
// line not counted. The most of several runs.
func Bandwidth(threads int) float64 {
	const runs, size = 5, 128 << 20
	from, to := make([][]byte, threads), make([][]byte, threads)
	for i := range threads {
		from[i], to[i] = bytes.Repeat([]byte{1}, size), bytes.Repeat([]byte{2}, size) // makes the pages
	}
	best := time.Duration(1<<63 - 1)
	for range runs {
		best = min(best, timed(threads, func(i int) { copy(to[i], from[i]) }))
	}
	return float64(2*size*threads) / float64(best)
}

// timed runs f on so many threads, which begin together, and returns how long it
// takes until the last has ended. There must be as many processors.
func timed(threads int, f func(thread int)) time.Duration {
	var ready atomic.Int64
	var ended sync.WaitGroup
	var begun time.Time
	for i := range threads {
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if ready.Add(1) == int64(threads) {
				begun = time.Now()
				ready.Add(1) // publishes begun, and begins
			}
			for ready.Load() <= int64(threads) {
			}
			f(i)
		})
	}
	ended.Wait()
	return time.Since(begun)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// warmUp keeps all processors busy for a while: the first tenth of a second on one
// that was idle is several times slower on some machines.
func warmUp() {
	begun := time.Now()
	timed(runtime.GOMAXPROCS(0), func(int) {
		for time.Since(begun) < 200*time.Millisecond {
		}
	})
}
