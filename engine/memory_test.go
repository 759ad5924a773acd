package engine_test

import (
	"context"
	"io"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R10: nothing stays. What a function refers to can be collected as soon as
// its operation has its outcome; after a burst the memory goes back.

// payload is what a user's function refers to.
type payload struct{ bytes [1 << 10]byte }

// gone checks that nothing refers to the payloads any more.
func gone[T any](t *testing.T, what string, all ...weak.Pointer[T]) {
	t.Helper()
	for range 10 { // a sync.Pool gives its contents back at the second
		runtime.GC()
	}
	for _, w := range all {
		require.True(t, w.Value() == nil, "%s is still referred to", what)
	}
}

// carrying returns a function and a context that refer to a payload each.
//
//go:noinline
func carrying() (ctx context.Context, cancel context.CancelFunc, fn func(context.Context) (*payload, error), all []weak.Pointer[payload]) {
	captured, valued := new(payload), new(payload)
	ctx, cancel = context.WithCancel(context.WithValue(background, contextKey{}, valued))
	fn = func(context.Context) (*payload, error) {
		captured.bytes[0]++
		return nil, nil
	}
	return ctx, cancel, fn, []weak.Pointer[payload]{weak.Make(captured), weak.Make(valued)}
}

// doCarrying calls Do and returns what must be gone afterwards.
//
//go:noinline
func doCarrying(e *engine.Engine, op engine.Op, patience time.Duration) []weak.Pointer[payload] {
	ctx, cancel, fn, all := carrying()
	defer cancel()
	if patience > 0 {
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	engine.Do(ctx, e, op, fn)
	return all
}

//go:noinline
func submitCarrying(t *testing.T, e *engine.Engine, op engine.Op, patience time.Duration) (*engine.Handle[*payload], []weak.Pointer[payload]) {
	ctx, cancel, fn, all := carrying()
	if patience > 0 {
		time.AfterFunc(patience, cancel)
	}
	h, err := engine.Submit(ctx, e, op, fn)
	require.NoError(t, err)
	return h, all
}

func TestNothingStaysOfADo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		op := engine.Op{Target: target(1), Window: time.Hour}
		won := doCarrying(e, op, 0)
		gone(t, "a winner", won...)

		better := submit(t, e, engine.Op{Target: target(1), Priority: 1, Window: time.Hour}, answer(1))
		withdrawn := doCarrying(e, op, time.Minute)
		gone(t, "a withdrawn one, before its window closes", withdrawn...)
		require.Equal(t, 1, e.Stats().Windows)
		rejected := doCarrying(e, op, 0)
		gone(t, "a loser", rejected...)
		_, err := better.Wait(background)
		require.NoError(t, err)
		gone(t, "one executed directly", doCarrying(e, engine.Op{}, 0)...)
	})
}

// Handles are kept: even they let go of the function.
func TestNothingStaysOfASubmit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		op := engine.Op{Target: target(1), Window: time.Hour}
		winner, won := submitCarrying(t, e, engine.Op{Target: target(1), Window: time.Hour, Priority: 1}, 0)
		loser, rejected := submitCarrying(t, e, op, 0)
		ended, timedOut := submitCarrying(t, e, op, time.Minute)
		back, taken := submitCarrying(t, e, op, 0)
		require.True(t, back.Withdraw())
		<-ended.Done()
		gone(t, "one whose context ended, before its window closes", timedOut...)
		gone(t, "a withdrawn one, before its window closes", taken...)
		require.Equal(t, 1, e.Stats().Windows)
		<-winner.Done()
		<-loser.Done()
		gone(t, "a winner", won...)
		gone(t, "a loser", rejected...)
		stoppedOne, left := submitCarrying(t, e, op, 0)
		e.Stop(impatient())
		<-stoppedOne.Done()
		gone(t, "a stopped one", left...)
		runtime.KeepAlive([]any{winner, loser, ended, back, stoppedOne, e})
	})
}

// Tickets are the submitter's memory: the engine lets go of them when they are
// told, and of withdrawn ones when their window closes.
func TestNothingStaysOfATicket(t *testing.T) {
	for name, config := range map[string]engine.Config{
		"plain": {}, "with a journal": {Journal: io.Discard}, "watched": {Hooks: engine.Hooks{Staged: func(engine.Event) {}}},
	} {
		t.Run(name, func(t *testing.T) { testNothingStaysOfATicket(t, config) })
	}
}

func testNothingStaysOfATicket(t *testing.T, config engine.Config) {
	inBubble(t, func(t *testing.T) {
		config.Shards = 1
		e := newEngine(t, config)
		b := e.NewBatch(64)
		var all []weak.Pointer[contender]
		func() {
			for i := range 200 {
				c := newContender("x")
				c.Withdrawable = i%3 == 0
				all = append(all, weak.Make(c))
				bid := engine.Bid{Target: target(i / 7), Ticket: &c.Ticket, Priority: engine.Priority(i)}
				if i%2 == 0 {
					require.NoError(t, b.Add(&bid))
				} else {
					_, err := e.Stage(&bid)
					require.NoError(t, err)
					c.Withdraw()
				}
			}
			require.NoError(t, b.Flush())
			discarded := newContender("")
			all = append(all, weak.Make(discarded))
			require.NoError(t, b.Add(&engine.Bid{Target: target(1), Ticket: &discarded.Ticket}))
			b.Discard()
		}()
		pass(time.Second)
		gone(t, "a ticket", all...)
		runtime.KeepAlive(b)
		goesOn(t, e)
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// goesBack checks that a burst takes memory and gives nearly all of it back.
func goesBack(t *testing.T, e *engine.Engine, burst func(), wait func()) {
	t.Helper()
	goesOn(t, e)
	before := heap()
	burst()
	during := heap() - before
	wait()
	after := heap() - before
	t.Logf("%d KiB during the burst, %d KiB after it", during>>10, after>>10)
	require.Greater(t, during, int64(4<<20), "no burst")
	require.Less(t, after, during/8)
}

const burstSize = 200_000

func TestBurstOfTickets(t *testing.T) {
	for name, perTarget := range map[string]int{"many targets": 1, "few targets": 2000} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 1})
				goesBack(t, e, func() {
					for i := range burstSize {
						stage(t, e, newContender(""), engine.Bid{Target: target(i / perTarget), Window: time.Hour})
					}
				}, func() { pass(2 * time.Hour) })
				require.Zero(t, e.Stats().Staged)
			})
		})
	}
}

// Every one of them wins, and all wait for a bounded executor.
func TestBurstOfSubmits(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Executor: engine.Bounded(2)})
		goesBack(t, e, func() {
			for i := range burstSize / 4 {
				_, err := engine.Submit(background, e, engine.Op{Target: target(i), Window: time.Hour}, answer(i))
				require.NoError(t, err)
			}
		}, func() { pass(2 * time.Hour) })
		require.EqualValues(t, 1+burstSize/4, e.Stats().Completed)
	})
}

// Goroutines that waited leave nothing in the engine's pools either.
func TestBurstOfDos(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		var wg sync.WaitGroup
		// The runtime keeps what a goroutine needs for the next one: not ours.
		all := make(chan struct{})
		for range burstSize / 10 {
			wg.Go(func() { <-all })
		}
		synctest.Wait()
		close(all)
		wg.Wait()
		goesBack(t, e, func() {
			for i := range burstSize / 10 {
				wg.Go(func() {
					engine.Do(background, e, engine.Op{Target: target(i / 3), Window: time.Hour}, answer(i))
				})
			}
			pass(time.Minute)
		}, func() { wg.Wait(); pass(time.Second) })
	})
}

// What a stopped engine is asked does not wait for the next start.
func TestStoppedEngineKeepsNoRequests(t *testing.T) {
	e, err := engine.New(engine.Config{Shards: 1, Window: time.Millisecond})
	require.NoError(t, err)
	e.Start()
	require.NoError(t, e.Stop(background))
	for name, ask := range map[string]func(){
		"Windows": func() {
			for range e.Windows(background) {
			}
		},
		"Clear": func() { e.Clear(background, target(1)) },
	} {
		ask()
		const times = 2000
		before := heap()
		for range times {
			ask()
		}
		require.Less(t, heap()-before, int64(32*times), name)
	}
	runtime.KeepAlive(e)
}
