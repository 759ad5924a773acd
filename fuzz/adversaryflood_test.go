package fuzz

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A busy shard looks at its ring every millisecond: an operation that it finds is
// dated up to that much late, and so is a window decided; each is rounded up to a
// tick. That is the bound of how much a flood of one target can delay another one's
// verdict in the same shard, from when the operation was accepted on, beside the
// processor time that the flood takes, which virtual time does not show.
//
// One thing adds to it: a look that meets a hole, since a producer was suspended
// between claim and publish, decides nothing, and the next one comes a millisecond
// later. On a busy machine that happens to one look in a hundred: then a few are later
// than floodBound, by a millisecond for each such look.
//
// Before that, while the ring is full, operations park in the order in which they
// came. One that is not at the door yet when a look admits others waits for the next
// look, and one that was admitted together with more than fit goes to the end of the
// queue, so how many looks it takes is no hard bound: parkBound is what must never be
// needed where a hundred times as much as fits is submitted between two looks.
const (
	lookEvery  = time.Millisecond
	floodBound = 2*lookEvery + 2*shard.Tick
	holes      = 3 * lookEvery // more in the way of one operation than are ever met
	parkBound  = 10 * lookEvery
)

// inShards returns a target for each shard, apart from those that are taken.
func inShards(t *testing.T, e *engine.Engine, from byte) []uuid.UUID {
	t.Helper()
	all := make([]uuid.UUID, e.Shards())
	for n := uint64(0); slices.Contains(all, uuid.Nil); n++ {
		id, err := e.Stage(&engine.Bid{Target: numbered(from, n), Window: 1})
		require.NoError(t, err)
		all[id.Shard] = numbered(from, n)
	}
	return all
}

// Several goroutines flood one target with hundreds of thousands of operations.
// Others' targets, in its shard and in another one, are decided in their windows and
// at most floodBound later, in rings that are large and that are always full.
func TestFloodDelaysOthersByTheBound(t *testing.T) {
	for _, ring := range []int{0, 64} {
		t.Run(fmt.Sprint("ring ", ring), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testFlood(t, ring) })
		})
	}
}

func testFlood(t *testing.T, ring int) {
	const flooders, burst, window = 4, 100, 20 * time.Millisecond
	e := startEngine(t, engine.Config{Shards: 2, RingSize: ring, Window: window})
	flooded, victims := inShards(t, e, 1)[0], inShards(t, e, 2)
	var all sync.WaitGroup
	var over atomic.Bool
	for range flooders {
		all.Go(func() {
			for !over.Load() {
				for range burst {
					_, err := e.Stage(&engine.Bid{Target: flooded, Priority: engine.Critical})
					assert.NoError(t, err)
				}
				time.Sleep(200 * time.Microsecond)
			}
		})
	}
	var mu sync.Mutex
	var worst, parked time.Duration
	late := 0
	for i, victim := range victims {
		for j := range 10 {
			all.Go(func() {
				for range 8 {
					time.Sleep(time.Duration(i+3*j) * 313 * time.Microsecond)
					began := time.Now()
					h, err := engine.Submit(background, e, engine.Op{Target: victim}, answer(1))
					assert.NoError(t, err)
					accepted := time.Now()
					<-h.Done()
					mu.Lock()
					parked = max(parked, accepted.Sub(began))
					took := time.Since(accepted) - window
					if worst = max(worst, took); took > floodBound {
						late++
					}
					mu.Unlock()
					if _, err := h.Wait(background); err != nil {
						assert.ErrorIs(t, err, engine.ErrRejected)
					}
				}
			})
		}
	}
	time.Sleep(180 * time.Millisecond)
	over.Store(true)
	all.Wait()
	require.NoError(t, e.Stop(background))
	s := e.Stats()
	flood := int(s.Submitted) - 160
	t.Logf("%d operations in the flood; others parked for at most %v, and at most %v after their window (bound %v, %d later)", flood, parked, worst, floodBound, late)
	require.Greater(t, flood, 100_000)
	require.LessOrEqual(t, late, 160/10, "later than the bound")
	require.LessOrEqual(t, worst, floodBound+holes)
	require.LessOrEqual(t, parked, parkBound)
	require.Equal(t, s.Submitted, s.Won+s.Rejected)
}

// answer is a function that returns its argument.
func answer[T any](v T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return v, nil }
}

// In real time, where a flood takes the processor from others, too: whoever came
// first is decided first, as if there were no flood. The decisions of a shard are in
// the order in which their windows were due, nobody's group holds anybody else's
// operations, and everybody gets to submit while the flood goes on.
func TestFloodTakesNobodysTurn(t *testing.T) {
	const flooders, each, window = 3, 100_000, 2 * time.Millisecond
	line := newDueLine(2)
	e := startEngine(t, engine.Config{Shards: 2, RingSize: 1024, Window: window, Decided: line.hook})
	flooded, victims := inShards(t, e, 1)[0], inShards(t, e, 2)
	var flood, others sync.WaitGroup
	var over atomic.Bool
	for range flooders {
		flood.Go(func() {
			b := e.NewBatch(16)
			for range each {
				assert.NoError(t, b.Add(&engine.Bid{Target: flooded, Priority: engine.Critical, Tag: 1}))
			}
			assert.NoError(t, b.Flush())
		})
	}
	var submitted, won atomic.Int64
	for _, victim := range victims {
		for range 5 {
			others.Go(func() {
				for i := 0; i < 3 || !over.Load(); i++ {
					_, err := engine.Do(background, e, engine.Op{Target: victim}, answer(1))
					submitted.Add(1)
					if err == nil {
						won.Add(1)
					} else if !errors.Is(err, engine.ErrRejected) {
						t.Error(err)
					}
				}
			})
		}
	}
	flood.Wait()
	over.Store(true)
	others.Wait()
	require.NoError(t, e.Stop(background))
	contenders, decisions := line.of(victims)
	require.EqualValues(t, submitted.Load(), contenders-2, "less those that inShards staged")
	require.EqualValues(t, won.Load(), decisions-2)
	require.Empty(t, line.wrong)
	t.Logf("%d of others, %d decisions of theirs", submitted.Load(), decisions)
}

// dueLine watches the order in which windows are decided.
type dueLine struct {
	mu         sync.Mutex
	last       []int64 // by shard: the latest due time, in ticks
	wrong      []string
	contenders map[uuid.UUID]int
	decisions  map[uuid.UUID]int
}

func newDueLine(shards int) *dueLine {
	return &dueLine{last: make([]int64, shards), contenders: map[uuid.UUID]int{}, decisions: map[uuid.UUID]int{}}
}

func (l *dueLine) hook(batch []engine.Decision) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range batch {
		d := &batch[i]
		l.contenders[d.Target] += d.Contenders
		l.decisions[d.Target]++
		tick := (d.Due + int64(shard.Tick) - 1) / int64(shard.Tick)
		if d.Due-d.Opened > 1 { // not those of inShards
			if tick < l.last[d.Shard] {
				l.wrong = append(l.wrong, fmt.Sprintf("%v, due at tick %d, was decided behind one due at %d", d.Target, tick, l.last[d.Shard]))
			}
			l.last[d.Shard] = tick
		}
	}
}

func (l *dueLine) of(targets []uuid.UUID) (contenders, decisions int) {
	for _, t := range targets {
		contenders += l.contenders[t]
		decisions += l.decisions[t]
	}
	return contenders, decisions
}
