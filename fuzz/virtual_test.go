package fuzz

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/fuzz/model"
	"example.com/contend/shard"
	"github.com/stretchr/testify/require"
)

var virtualWindows = flag.Int("windows", 10_000, "how many windows TestVirtualWindows judges, at least")

// A load in a bubble, where only sleeping takes time, so that lateness is exact.
const (
	// busyLate is by how much more than a tick a window of a busy shard can be late:
	// what lies between two looks of its goroutine. A submission can be dated as
	// much later than it was made.
	busyLate = time.Millisecond
	// quietLate is that of a shard that finds fewer than 16 operations at a time and
	// never a full ring: it wakes for each deadline. (The referee takes 0 for
	// unchecked.)
	quietLate = time.Nanosecond
	// quietOps is how many operations are under way at a time then.
	quietOps = 15
)

// virtualLengths are those of the windows, around the tick's and others.
var virtualLengths = []time.Duration{
	1, 50 * time.Microsecond, shard.Tick - 1, shard.Tick, shard.Tick + 1, 333 * time.Microsecond,
	time.Millisecond, 3 * time.Millisecond, 7*time.Millisecond + 1, 100 * time.Millisecond,
}

const longestVirtual = 100 * time.Millisecond

// virtualRun is a bubble.
type virtualRun struct {
	*doors
	rng     *rand.Rand
	quiet   bool
	targets int
	steps   int
	history *model.History
	wrong   []error
}

// Every window, whatever is done to it, is decided rightly and in time: never
// early, and at most a tick and 1 ms late; a tick where little is going on.
//
//	go test ./fuzz -run TestVirtualWindows -windows 10000000
func TestVirtualWindows(t *testing.T) {
	var all virtualCounts
	begun := time.Now()
	t.Run("seeds", func(t *testing.T) {
		workers := runtime.GOMAXPROCS(0)
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for i := worker; !all.enough(*virtualWindows); i += workers {
					seed := *firstSeed + uint64(i)
					r := runVirtual(t, seed)
					found := r.found()
					require.Empty(t, found, "-windows 1 -cpu 1 -seed %d", seed)
					require.Empty(t, r.wrong, "-windows 1 -cpu 1 -seed %d", seed)
					all.add(r)
				}
			})
		}
	})
	took := time.Since(begun)
	t.Logf("%d windows in %d bubbles, %d with conflicts, %d abandoned; %d operations, %d withdrawn; latest %v after it was due, %v in a quiet shard; %.0f windows/s",
		all.windows, all.bubbles, all.conflicts, all.abandoned, all.operations, all.withdrawn, all.latest[0], all.latest[1], float64(all.windows)/took.Seconds())
}

func runVirtual(t *testing.T, seed uint64) *virtualRun {
	rng := rand.New(rand.NewPCG(seed, 13))
	r := &virtualRun{rng: rng, quiet: rng.IntN(3) == 0, targets: 1 + rng.IntN(30), steps: 100 + rng.IntN(400)}
	defer func() {
		if v := recover(); v != nil {
			panic(fmt.Sprintf("-windows 1 -cpu 1 -seed %d: %v\n%v", seed, v, r.found()))
		}
	}()
	synctest.Test(t, func(t *testing.T) { r.run() })
	return r
}

// found is what the referee says, as far as the run came.
func (r *virtualRun) found() []model.Violation {
	if r.history == nil {
		return nil
	}
	return model.Judge(r.history)
}

func (r *virtualRun) run() {
	ringSize := 1 << r.rng.IntN(10)
	if r.quiet {
		ringSize = 16 << r.rng.IntN(6)
	}
	e, w := witnessed(engine.Config{
		Shards: 1 + r.rng.IntN(4), RingSize: ringSize, Window: 2 * time.Millisecond, HashSeed: 1 + r.rng.Uint64N(1<<60),
	})
	r.doors = &doors{e: e, w: w, prompt: true, places: true}
	burst := 0
	for range r.steps {
		n := r.step()
		if burst += n; r.quiet && burst+maxVirtualBatch > quietOps {
			time.Sleep(longestVirtual + 2*shard.Tick)
			burst = 0
		}
		r.pause()
	}
	if !r.quiet && r.rng.IntN(4) == 0 {
		r.rush()
	} else {
		r.stop()
	}
	time.Sleep(time.Hour)
	synctest.Wait()
	r.history, r.wrong = r.doors.history()
	r.history.Tick, r.history.Late = int64(shard.Tick), int64(busyLate)
	if r.quiet {
		r.history.Late = int64(quietLate)
	}
}

// pause lets time pass, most often little.
func (r *virtualRun) pause() {
	switch r.rng.IntN(8) {
	case 0, 1, 2, 3:
	case 4, 5:
		time.Sleep(time.Duration(r.rng.IntN(200_000)))
	case 6:
		time.Sleep(time.Duration(r.rng.IntN(2_000_000)))
	case 7:
		time.Sleep(virtualLengths[r.rng.IntN(len(virtualLengths)-1)] + time.Duration(r.rng.IntN(3)) - 1)
	}
}

// while is a time after which something ends, or 0 for never.
func (r *virtualRun) while() time.Duration {
	if r.rng.IntN(3) > 0 {
		return 0
	}
	return 1 + virtualLengths[r.rng.IntN(len(virtualLengths))] - time.Duration(r.rng.IntN(2))
}

const maxVirtualBatch = 6

// step submits somehow and returns how many operations that were.
func (r *virtualRun) step() int {
	switch r.rng.IntN(10) {
	case 0:
		c, while, fate := r.attempt(), r.while(), r.fate()
		r.going.Go(func() { r.do(c, while, fate) })
	case 1:
		r.submit(r.attempt(), r.while(), r.while(), r.fate())
	case 2:
		c, while, fate := r.attempt(), r.while(), r.fate()
		r.going.Go(func() { r.contend(c, while, fate) })
	case 3, 4, 5:
		r.stage(r.attempt(), r.while())
	case 6, 7:
		r.stageTag(r.attempt())
	default:
		var all []*candidate
		n := 1 + r.rng.IntN(maxVirtualBatch)
		if !r.quiet && r.rng.IntN(10) == 0 {
			n += 80 // a shard is busy if it finds 16
		}
		for range n {
			all = append(all, r.attempt())
		}
		r.stageAll(all)
		return len(all)
	}
	return 1
}

func (r *virtualRun) attempt() *candidate {
	return r.next(model.Attempt{
		Target: somewhere(r.rng.IntN(r.targets)), Priority: int32(r.rng.IntN(4)),
		Window: int64(virtualLengths[r.rng.IntN(len(virtualLengths))]),
	})
}

func (r *virtualRun) fate() (l fate) {
	l.takes = time.Duration(r.rng.IntN(2)) * r.while()
	if r.rng.IntN(8) == 0 {
		l.fails, l.panic = errLuck, r.rng.IntN(2) == 0
	}
	return l
}

// rush stops the engine without patience at the moment at which many windows are
// decided: some of their winners come too late to be taken in.
func (r *virtualRun) rush() {
	for n := range 100 {
		c := r.attempt()
		c.Target, c.Window = somewhere(r.targets+n), int64(time.Millisecond)
		r.submit(c, 0, 0, fate{})
	}
	at := r.e.Now() + int64(time.Millisecond+shard.Tick) - 1
	time.Sleep(time.Duration(at - at%int64(shard.Tick) - r.e.Now()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.e.Stop(ctx)
}

// stop ends the engine, with patience or without.
func (r *virtualRun) stop() {
	ctx, _, cancel := r.patience(r.while())
	defer cancel()
	err := r.e.Stop(ctx)
	if err != nil && context.Cause(ctx) == nil {
		r.wrong = append(r.wrong, err)
	}
}

// virtualCounts are what was judged. Its methods are safe for concurrent use.
type virtualCounts struct {
	mu                               sync.Mutex
	bubbles, windows, conflicts      int
	operations, withdrawn, abandoned int
	latest                           [2]time.Duration // busy, quiet
}

func (c *virtualCounts) enough(windows int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.windows >= windows
}

func (c *virtualCounts) add(r *virtualRun) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := r.history
	c.bubbles++
	c.windows += len(h.Rulings)
	c.conflicts += conflicts(h)
	c.operations += len(h.Attempts)
	for i := range h.Attempts {
		if h.Attempts[i].Withdrawn != nil {
			c.withdrawn++
		}
	}
	kind := 0
	if r.quiet {
		kind = 1
	}
	for i := range h.Rulings {
		if d := &h.Rulings[i]; d.Abandoned {
			c.abandoned++
		} else {
			c.latest[kind] = max(c.latest[kind], time.Duration(d.Seen-d.Due))
		}
	}
}
