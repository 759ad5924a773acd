package engine_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
)

// A ticket that is withdrawn while its submission is being refused by a full
// ring must not be tried again: what was withdrawn is never told a verdict.
func TestWithdrawnWhileParking(t *testing.T) {
	for range 100 {
		e := newEngine(t, engine.Config{Shards: 1, RingSize: 1, Window: time.Nanosecond})
		blocked, block := make(chan struct{}), make(chan struct{})
		holdUp := newContender("")
		holdUp.then = func(*engine.Verdict) { close(blocked); <-block }
		stage(t, e, holdUp, engine.Bid{Target: target(1)})
		<-blocked
		stage(t, e, newContender(""), engine.Bid{Target: target(2)}) // fills the ring

		c := newContender("")
		c.Withdrawable = true
		var tries sync.WaitGroup
		var withdrawn, started atomic.Bool
		tries.Go(func() {
			started.Store(true)
			for range 20_000 {
				if c.Withdraw() {
					withdrawn.Store(true)
					return
				}
			}
		})
		for !started.Load() {
			runtime.Gosched()
		}
		parked := make(chan error)
		go func() {
			_, err := e.Stage(&engine.Bid{Target: target(3), Ticket: &c.Ticket})
			parked <- err
		}()
		tries.Wait()
		close(block)
		err := <-parked
		if err != nil && !(withdrawn.Load() && errors.Is(err, engine.ErrWithdrawn)) {
			t.Error(err)
		}
		if err := e.Stop(background); err != nil {
			t.Error(err)
		}
		if (c.told > 0) == withdrawn.Load() {
			t.Fatalf("withdrawn: %v, told: %d times", withdrawn.Load(), c.told)
		}
	}
}
