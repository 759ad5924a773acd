package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Contexts that end while their submission stands before a full ring.
func TestWithdrawalBeforeAFullRing(t *testing.T) {
	c := newCrowd(t, engine.Config{Shards: 1, RingSize: 1}, 3, 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 400 {
				ctx, cancel := context.WithCancel(background)
				go cancel()
				h, err := engine.Submit(ctx, c.e, engine.Op{Target: target(1)}, answer(1))
				if err == nil {
					_, err = h.Wait(background)
				}
				c.outcome(err, h != nil)
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.e.Stop(background))
	c.check()
}

// Winners whose goroutines have not begun when Stop gives up, and whose memory
// is used again by the next generation at once.
func TestRestartWithoutPatience(t *testing.T) {
	c := newCrowd(t, engine.Config{Shards: 2}, 1, 0)
	var submitters, restarters sync.WaitGroup
	var over atomic.Bool
	for i := range 8 {
		submitters.Go(func() {
			for !over.Load() {
				_, err := engine.Do(background, c.e, engine.Op{Target: target(i), Window: time.Nanosecond}, answer(1))
				c.outcome(err, false)
			}
		})
	}
	for range 2 {
		restarters.Go(func() {
			for range 300 {
				runtime.Gosched() // or nobody gets to submit on a single processor
				c.e.Restart(impatient())
			}
		})
	}
	restarters.Wait()
	over.Store(true)
	submitters.Wait()
	require.NoError(t, c.e.Stop(background))
	c.check()
}

// impatient is a context that has ended.
func impatient() context.Context {
	ctx, cancel := context.WithCancelCause(background)
	cancel(errNoPatience)
	return ctx
}

// goesOnAtLast waits for a winner.
func goesOnAtLast(t *testing.T, c *crowd) {
	t.Helper()
	for {
		_, err := engine.Do(background, c.e, engine.Op{Target: target(1), Priority: engine.Critical}, answer(1))
		c.outcome(err, false)
		if err == nil {
			return
		}
	}
}
