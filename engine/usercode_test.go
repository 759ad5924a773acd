package engine_test

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Code of the user's that fails where that is easily forgotten.

// A cause that panics is counted also where the context is watched: by rules, in a long
// window, or since somebody has asked for Done.
func TestWatchedCauseThatPanics(t *testing.T) {
	for name, c := range map[string]struct {
		config engine.Config
		ask    bool
	}{
		"rules":       {config: engine.Config{Rules: engine.Rules{Policy: engine.FirstWins}}},
		"long window": {config: engine.Config{Window: time.Hour}},
		"done":        {ask: true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				c.config.Shards = 1
				e := newEngine(t, c.config)
				base, cancel := context.WithCancel(background)
				ctx := &panicky{base}
				var all []*engine.Handle[int]
				for range 3 { // the first one is watched alone
					h := submitWith(t, ctx, e, engine.Op{Target: target(1)})
					if c.ask {
						h.Done()
					}
					all = append(all, h)
				}
				cancel()
				synctest.Wait()
				for _, h := range all {
					_, err := h.Wait(impatient())
					require.ErrorIs(t, err, engine.ErrWithdrawn)
					require.ErrorIs(t, err, errBadLuck)
				}
				require.EqualValues(t, 3, e.Stats().Incidents)
			})
		})
	}
}

// A cause that blocks keeps no outcome but its own: the operations are withdrawn at once,
// and those of another context with the same Done are told.
func TestWatchedCauseThatBlocks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Hour})
		base, cancel := context.WithCancel(background)
		ctx := &mute{base, make(chan struct{})}
		var all []*engine.Handle[int]
		for range 3 {
			all = append(all, submitWith(t, ctx, e, engine.Op{Target: target(1)}))
		}
		other := submitWith(t, base, e, engine.Op{Target: target(1)})
		cancel()
		synctest.Wait()
		for _, h := range all {
			require.False(t, h.Withdraw(), "it is withdrawn")
		}
		close(ctx.released)
		_, err := other.Wait(background)
		withdrawn(t, err, context.Canceled)
	})
}

// goexiting is a logger whose handler ends the goroutine, as a test's FailNow would, and
// counts how often.
func goexiting(times *int) *slog.Logger { return slog.New(countedGoexit{times: times}) }

type countedGoexit struct {
	goexitHandler
	times *int
}

func (h countedGoexit) Handle(context.Context, slog.Record) error {
	*h.times++
	runtime.Goexit()
	return nil
}

// A Logger that ends the goroutine over a failure costs nobody the outcome.
func TestLoggerThatEndsTheGoroutineCostsNoOutcome(t *testing.T) {
	t.Run("over a cause", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			logged := 0
			e := newEngine(t, engine.Config{Logger: goexiting(&logged)})
			base, cancel := context.WithCancel(background)
			h := submitWith(t, panicky{base}, e, engine.Op{Target: target(1)})
			cancel()
			pass(time.Second)
			_, err := h.Wait(impatient())
			require.ErrorIs(t, err, errBadLuck)
			require.Equal(t, 1, logged)
		})
	})
	t.Run("over an executor", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			logged := 0
			e := newEngine(t, engine.Config{Logger: goexiting(&logged), Executor: func(func()) { panic(errBadLuck) }})
			h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
			pass(time.Second)
			_, err := h.Wait(impatient())
			require.ErrorIs(t, err, engine.ErrFailed)
			require.Positive(t, logged)
		})
	})
	t.Run("over a shard that does not advance", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			logged := 0
			e := newEngine(t, engine.Config{Window: 10 * time.Millisecond, Logger: goexiting(&logged)})
			for incident := range 3 {
				require.Equal(t, incident, logged)
				c := newContender("blocks")
				c.then = func(*engine.Verdict) { time.Sleep(5 * time.Second) }
				stage(t, e, c, engine.Bid{Target: target(1)})
				pass(time.Minute)
			}
			require.Equal(t, 3, logged)
		})
	})
}

// What ends the watch of a context is its own code, too: Stop does not wait for it, and its
// panic ends nothing.
func TestWatchWhoseEnd(t *testing.T) {
	for name, end := range map[string]func(released chan struct{}){
		"blocks": func(released chan struct{}) { <-released },
		"panics": func(chan struct{}) { panic(errBadLuck) },
	} {
		for how, over := range map[string]func(*engine.Handle[int], func()){
			"withdrawn":   func(h *engine.Handle[int], _ func()) { go h.Withdraw() },
			"left":        func(_ *engine.Handle[int], cancel func()) { cancel() },
			"executed":    func(*engine.Handle[int], func()) {},
			"given up on": nil,
		} {
			if name == "blocks" && how == "executed" {
				continue // so does the end of the context that the function gets, which is made of it
			}
			t.Run(name+"/"+how, func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					ran := make(chan struct{})
					config := engine.Config{Shards: 1}
					if over == nil {
						config.Executor = func(run func()) { go func() { <-ran; run() }() }
					}
					e := newEngine(t, config)
					base, cancel := watchable()
					released := make(chan struct{})
					h := submitWith(t, &endsBy{base, func() { end(released) }}, e, engine.Op{Target: target(1)})
					done := h.Done()
					if over != nil {
						over(h, cancel)
						<-done
					} else {
						pass(time.Second)
					}
					began := time.Now()
					err := e.Stop(patience(t, time.Millisecond))
					require.Equal(t, how == "executed", err == nil, "the window is open, or the winner waits")
					require.LessOrEqual(t, time.Since(began), time.Millisecond)
					<-done
					close(released)
					close(ran)
				})
			})
		}
	}
}

// endsBy is a context whose watch is ended by a function.
type endsBy struct {
	*watchedContext
	end func()
}

func (c *endsBy) AfterFunc(f func()) (stop func() bool) {
	ended := c.watchedContext.AfterFunc(f)
	return func() bool { c.end(); return ended() }
}

// A context is asked for Done before an operation is staged, not again.
func TestDoAsksForDoneOnce(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		base, cancel := context.WithCancel(background)
		defer cancel()
		v, err := engine.Do(&doneOnce{Context: base}, e, engine.Op{Target: target(1)}, answer(7))
		require.NoError(t, err)
		require.Equal(t, 7, v)
		win, err := e.Contend(&doneOnce{Context: base}, engine.Op{Target: target(1)})
		require.NoError(t, err)
		win.Finish(nil)
		require.NoError(t, e.Stop(background))
	})
}

// doneOnce is a context whose Done panics the second time.
type doneOnce struct {
	context.Context
	asked sync.Mutex
}

func (c *doneOnce) Done() <-chan struct{} {
	if !c.asked.TryLock() {
		panic("asked for Done again")
	}
	return c.Context.Done()
}
