package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

// Writers of the journal that are slow, stuck, ask back or fail.

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// Stop does not wait for a stuck journal once its context has ended.
func TestStopBehindAStuckJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		block := make(chan struct{})
		defer close(block)
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) { <-block; return len(b), nil })})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
		defer cancel()
		within(t, 2*time.Second, "Stop whose context has ended", func() { _ = e.Stop(ctx) })
	})
}

// A writer of the journal may ask the engine, while Start waits for it.
func TestStatsInsideTheJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		gate := make(chan struct{})
		var once sync.Once
		e = newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) {
			once.Do(func() { <-gate })
			e.Stats()
			return len(b), nil
		})})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
		go e.Stop(background)
		time.Sleep(50 * time.Millisecond)
		within(t, 2*time.Second, "Start, whose journal's writer asks for Stats", func() { time.AfterFunc(100*time.Millisecond, func() { close(gate) }); e.Start() })
	})
}

// Stop inside the writer of the journal does not wait for itself.
func TestStopInsideTheJournal(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		var once sync.Once
		stopped := make(chan struct{})
		e = newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) {
			once.Do(func() {
				ctx, cancel := context.WithTimeout(background, 50*time.Millisecond)
				defer cancel()
				_ = e.Stop(ctx)
				close(stopped)
			})
			return 0, errors.New("disk full: I stop the engine")
		})})
		engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		within(t, 2*time.Second, "Stop(50 ms) from inside Journal.Write", func() { <-stopped })
	})
}

// The journal refers to no Folding.
func TestJournalLetsGoOfFoldings(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) { return len(b), nil })})
		big := make([]byte, 1<<20)
		w := weak.Make(&big[0])
		func(b0 []byte) {
			f, err := engine.NewFolding(e, func(a, b int) int { return a + b + len(b0) }, func(_ context.Context, sum int) (int, error) { return sum, nil })
			require.NoError(t, err)
			_, err = f.Do(background, engine.Op{Target: target(1)}, 1)
			require.NoError(t, err)
		}(big)
		big = nil
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
		time.Sleep(20 * time.Millisecond)
		for range 5 {
			runtime.GC()
		}
		require.True(t, w.Value() == nil, "the journal keeps the Folding and what its functions refer to")
		require.NoError(t, e.Stop(background))
	})
}

// A journal that failed once is not gone on with.
func TestJournalThatFailedStaysEnded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var journal bytes.Buffer
		fail := true
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) {
			if fail {
				return 0, errors.New("disk full")
			}
			return journal.Write(b)
		})})
		engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, e.Stop(background))
		fail = false
		e.Start()
		engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, e.Stop(background))
		_, err := engine.ReadJournal(&journal, nil)
		require.True(t, err == nil || journal.Len() == 0, "after a failure and a restart")
	})
}

// What a writer cannot keep up with is kept for it, up to some megabytes; what is
// lost then is told to the reader.
func TestSlowJournal(t *testing.T) {
	for _, c := range []struct {
		operations int
		lost       bool
	}{{1000, false}, {400_000, true}} {
		inBubble(t, func(t *testing.T) {
			var journal bytes.Buffer
			gate := make(chan struct{})
			var once sync.Once
			e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) {
				once.Do(func() { <-gate })
				return journal.Write(b)
			})})
			for i := range c.operations {
				_, err := e.Stage(&engine.Bid{Target: target(i % 100), Tag: uint64(i)})
				require.NoError(t, err)
				if i%500 == 0 {
					time.Sleep(2 * time.Millisecond) // a block at least
				}
			}
			time.Sleep(time.Second)
			close(gate)
			require.NoError(t, e.Stop(background))
			require.Equal(t, c.lost, e.Stats().JournalLost > 0)
			sum, err := engine.ReadJournal(&journal, nil)
			require.NoError(t, err)
			require.Equal(t, c.lost, sum.Lost > 0)
			require.Equal(t, !c.lost, sum.Operations == uint64(c.operations))
		})
	}
}

// That a journal has ended is logged, whichever write failed, and a logger that panics
// over it, or ends the goroutine, does no harm.
func TestEndOfTheJournalIsLogged(t *testing.T) {
	for _, after := range []int{0, 1} {
		for name, handler := range map[string]slog.Handler{
			"logs": nil, "panics": slog.NewTextHandler(panickyWriter{}, nil), "ends its goroutine": goexitHandler{},
		} {
			t.Run(fmt.Sprintf("%s/%d", name, after), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					var log logs
					logger := log.logger()
					if handler != nil {
						logger = slog.New(handler)
					}
					e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: &failing{after: after}, Logger: logger})
					for range 3 {
						_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
						require.NoError(t, err)
						pass(time.Second)
					}
					require.Equal(t, engine.StateFailed, e.Health().State)
					require.GreaterOrEqual(t, e.Stats().JournalLost, uint64(3))
					require.NoError(t, e.Stop(background))
					if handler == nil {
						require.Equal(t, 1, strings.Count(log.String(), "the journal ends"))
					}
				})
			})
		}
	}
}

// A writer that ends its goroutine, in the midst of a block, ends the journal.
func TestJournalWriterEndsItsGoroutine(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		writes := 0
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond, Journal: writerFunc(func(b []byte) (int, error) {
			if writes++; writes == 5 {
				runtime.Goexit()
			}
			return len(b), nil
		})})
		const more = 300 // more blocks than the queue holds
		for range more {
			_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
			require.NoError(t, err)
		}
		require.Contains(t, e.Health().String(), engine.ErrGoexit.Error())
		require.Greater(t, e.Stats().JournalLost, uint64(100))
		require.NoError(t, e.Restart(background))
		require.Equal(t, engine.StateFailed, e.Health().State, "half a block cannot be gone on behind")
		require.Equal(t, 5, writes)
		require.NoError(t, e.Stop(background))
	})
}
