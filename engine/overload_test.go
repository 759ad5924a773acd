package engine_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Rings that are full and limits that are reached.

// Producers that park are all accepted, in every size of ring.
func TestParkInATinyRing(t *testing.T) {
	for _, size := range []int{1, 2, 3, 8} {
		t.Run(fmt.Sprint("ring of ", size), func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 1, RingSize: size})
				var wg sync.WaitGroup
				for i := range 300 {
					wg.Go(func() {
						if _, err := e.Stage(&engine.Bid{Target: target(i % 3)}); err != nil {
							t.Error(err)
						}
						b := e.NewBatch(16)
						for range 10 {
							if err := b.Add(&engine.Bid{Target: target(i % 3)}); err != nil {
								t.Error(err)
							}
						}
						if err := b.Flush(); err != nil || b.Len() > 0 {
							t.Error(err, b.Len())
						}
					})
				}
				wg.Wait()
				_, err := engine.Do(background, e, engine.Op{Target: target(9)}, answer(1))
				require.NoError(t, err)
				pass(time.Second)
				s := e.Stats()
				require.EqualValues(t, 300*11+1, s.Submitted)
				require.Equal(t, s.Submitted, s.Won+s.Rejected)
			})
		})
	}
}

// The owner of the ring cannot come round while a contender holds it up, so
// that what is staged beyond the ring's size is refused, exactly.
func TestRefuseInATinyRing(t *testing.T) {
	for _, size := range []int{1, 2, 8} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1, RingSize: size, WhenFull: engine.Refuse})
			block := make(chan struct{})
			c := newContender("")
			c.then = func(*engine.Verdict) { <-block }
			stage(t, e, c, engine.Bid{Target: target(1)})
			pass(time.Second)
			for range size {
				_, err := e.Stage(&engine.Bid{Target: target(2)})
				require.NoError(t, err)
			}
			refused := func(err error) {
				t.Helper()
				var o *engine.OverloadedError
				require.ErrorAs(t, err, &o)
				require.ErrorIs(t, err, engine.ErrOverloaded)
				require.True(t, o.Ring)
				require.Contains(t, err.Error(), "ring of shard 0 is full")
			}
			_, err := e.Stage(&engine.Bid{Target: target(2)})
			refused(err)
			_, err = engine.Do(background, e, engine.Op{Target: target(2)}, answer(1))
			refused(err)
			_, err = engine.Submit(background, e, engine.Op{Target: target(2)}, answer(1))
			refused(err)
			b := e.NewBatch(2)
			require.NoError(t, b.Add(&engine.Bid{Target: target(2)}))
			require.NoError(t, b.Add(&engine.Bid{Target: target(2)}))
			refused(b.Flush())
			refused(b.Add(&engine.Bid{Target: target(2)}))
			require.Equal(t, 2, b.Len())
			close(block)
			pass(time.Second)
			require.NoError(t, e.Stop(background))
			require.EqualValues(t, 1+size, e.Stats().Submitted)
			b.Discard()
		})
	}
}

// A parked submission gives up with its context, and with Stop.
func TestParkedSubmissionGivesUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, RingSize: 1})
		block := make(chan struct{})
		c := newContender("")
		c.then = func(*engine.Verdict) { <-block }
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		stage(t, e, newContender(""), engine.Bid{Target: target(2)}) // fills the ring
		ctx, cancel := context.WithTimeoutCause(background, time.Second, errChangedMyMind)
		defer cancel()
		do := doInBackground(ctx, e, engine.Op{Target: target(2)}, answer(1))
		handle := inBackground(func() (*engine.Handle[int], error) {
			return engine.Submit(ctx, e, engine.Op{Target: target(2)}, answer(1))
		})
		patient := inBackground(func() (engine.OpID, error) { return e.Stage(&engine.Bid{Target: target(2)}) })
		_, err := do.wait()
		withdrawn(t, err, errChangedMyMind)
		_, err = handle.wait()
		withdrawn(t, err, errChangedMyMind)
		stop := inBackground(func() (int, error) { return 0, e.Stop(background) })
		_, err = patient.wait()
		stopped(t, err, engine.StoppedError{})
		close(block)
		_, err = stop.wait()
		require.NoError(t, err)
		s := e.Stats()
		require.EqualValues(t, 3, s.Submitted, "two were staged, and Do left its operation with the shard")
		require.EqualValues(t, 1, s.Withdrawn)
	})
}

func TestMaxStaged(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 10})
		stageLong := func(n int) {
			for i := range n {
				stage(t, e, newContender(""), engine.Bid{Target: target(i), Window: time.Hour})
			}
			// A short window makes the shard look, and count.
			stage(t, e, newContender(""), engine.Bid{Target: target(100), Window: time.Millisecond})
			pass(10 * time.Millisecond)
		}
		stageLong(9)
		stageLong(1)
		_, err := e.Stage(&engine.Bid{Target: target(1)})
		var o *engine.OverloadedError
		require.ErrorAs(t, err, &o)
		require.False(t, o.Ring)
		require.Equal(t, 10, o.Limit)
		require.GreaterOrEqual(t, o.Staged, 10)
		_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.ErrorIs(t, err, engine.ErrOverloaded)
		b := e.NewBatch(2)
		require.NoError(t, b.Add(&engine.Bid{Target: target(1)}))
		require.ErrorIs(t, b.Flush(), engine.ErrOverloaded)
		pass(2 * time.Hour)
		require.NoError(t, b.Flush())
		pass(time.Second)
		goesOnBeside(t, e)
	})
}
