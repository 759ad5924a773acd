package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// ended is a context that is over: for a Stop that does not wait.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Windows shows every open window with its leader, in the shard that it is in.
func TestWindows(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 4, Window: time.Second})
		for range e.Windows(background) {
			t.Error("a window of an engine that has not started")
		}
		const targets = 1000
		shards := map[uuid.UUID]uint32{}
		for i := range 2 * targets {
			id := stage(t, e, newContender(fmt.Sprint("n", i)), engine.Bid{Target: target(i % targets), Priority: engine.Priority(i)})
			shards[target(i%targets)] = id.Shard
		}
		seen := map[uuid.UUID]engine.Window{}
		for w := range e.Windows(background) {
			require.NotContains(t, seen, w.Target)
			seen[w.Target] = w
		}
		require.Len(t, seen, targets)
		for i := range targets {
			w := seen[target(i)]
			require.Equal(t, shards[w.Target], w.Shard)
			require.Equal(t, 2, w.Contenders)
			require.Equal(t, fmt.Sprint("n", i+targets), w.LeaderName)
			require.Zero(t, w.Age(e.Now()))
			require.Equal(t, w.Opened+int64(time.Second), w.Due)
		}
		n := 0
		for index := range e.Shards() + 1 {
			for w := range e.WindowsOf(background, index) {
				require.EqualValues(t, index, w.Shard)
				n++
			}
		}
		require.Equal(t, targets, n)
		for range e.Windows(background) {
			break
		}
		for range e.Windows(ended()) {
			t.Error("a window for somebody who gave up")
		}
		for range e.WindowsOf(ended(), 0) {
			t.Error("a window for somebody who gave up")
		}
		pass(2 * time.Second)
		for range e.Windows(background) {
			t.Error("a window that has closed")
		}
	})
}

// The views are of no use on a shard's own goroutine, but do not block it.
func TestViewsOnAShard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		c := newContender("a")
		c.then = func(*engine.Verdict) {
			for range e.Windows(background) {
				t.Error("a window")
			}
			for range e.WindowsOf(background, 0) {
				t.Error("a window")
			}
			_, err := e.Clear(background, target(1))
			require.ErrorIs(t, err, engine.ErrInvalid)
		}
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		c.outcome(t)
	})
}

// Everything that is staged for a target gets its outcome at once, whatever way it
// was submitted, and what comes after has a window of its own.
func TestClear(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Window: time.Hour})
		op := engine.Op{Target: target(1), Name: "op", Priority: engine.High}
		h := submit(t, e, op, answer(1))
		call := doInBackground(background, e, op, answer(2))
		c := newContender("bid")
		stage(t, e, c, engine.Bid{Target: op.Target})
		other := newContender("other")
		stage(t, e, other, engine.Bid{Target: target(2), Window: time.Second})

		n, err := e.Clear(background, op.Target)
		require.NoError(t, err)
		require.Equal(t, 3, n)
		_, err = call.wait()
		var cleared *engine.ClearedError
		require.ErrorAs(t, err, &cleared)
		require.ErrorIs(t, err, engine.ErrCleared)
		require.ErrorIs(t, err, engine.ErrRejected)
		require.NotErrorIs(t, err, engine.ErrStopped)
		require.Equal(t, engine.ClearedError{ID: cleared.ID, Target: op.Target, Name: "op", Priority: engine.High}, *cleared)
		require.Contains(t, err.Error(), "the target was cleared")
		_, err = h.Wait(background)
		require.ErrorIs(t, err, engine.ErrCleared)
		require.Equal(t, engine.Cleared, c.outcome(t).Outcome)

		next := submit(t, e, engine.Op{Target: op.Target, Window: time.Second}, answer(3))
		pass(2 * time.Second)
		value, err := next.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 3, value)
		require.Equal(t, engine.Won, other.outcome(t).Outcome)
		s := e.Stats()
		require.EqualValues(t, 3, s.Cleared)
		require.EqualValues(t, s.Submitted, s.Won+s.Cleared)
		require.Zero(t, s.Staged)
		require.Contains(t, s.String(), "cleared 3")
	})
}

func TestClearFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		_, err := e.Clear(background, target(1))
		require.ErrorIs(t, err, engine.ErrStopped)
		_, err = e.Clear(background, uuid.Nil)
		require.ErrorIs(t, err, engine.ErrInvalid)
		c := newContender("blocks")
		c.then = func(*engine.Verdict) { time.Sleep(time.Hour) }
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		index := stage(t, e, newContender("a"), engine.Bid{Target: target(1)}).Shard
		require.Equal(t, index, stage(t, e, newContender("b"), engine.Bid{Target: target(1)}).Shard)
		ctx, cancel := context.WithTimeoutCause(background, time.Second, errors.New("enough"))
		defer cancel()
		_, err = e.Clear(ctx, target(1))
		require.EqualError(t, err, "enough")
		pass(2 * time.Hour)
		require.EqualValues(t, 2, e.Stats().Cleared, "it was cleared all the same")
		require.NoError(t, e.Stop(background))
		_, err = e.Clear(background, target(1))
		require.ErrorIs(t, err, engine.ErrStopped)
	})
}

func TestHottest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Hottest: 10})
		require.Empty(t, e.Hottest(3))
		for i := range 5 {
			for range i + 1 {
				stage(t, e, newContender("a"), engine.Bid{Target: target(i)})
			}
		}
		pass(time.Second)
		hot := e.Hottest(3)
		require.Len(t, hot, 3)
		for i, h := range hot {
			require.Equal(t, target(4-i), h.Target)
			require.EqualValues(t, 5-i, h.Operations)
		}
		require.Len(t, e.Hottest(100), 5)
		require.Empty(t, e.Hottest(-1))
		pass(time.Minute)
		require.Empty(t, e.Hottest(3), "they cool down")
	})
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		stage(t, e, newContender("a"), engine.Bid{Target: target(1)})
		pass(time.Second)
		require.Empty(t, e.Hottest(3), "nobody asked for them")
	})
}

// What is staged now, and by whom it is led.
func ExampleEngine_Windows() {
	e, _ := engine.New(engine.Config{Window: time.Hour})
	door := uuid.New()
	for name, priority := range map[string]engine.Priority{"push": engine.Low, "ram": engine.High, "knock": engine.Normal} {
		engine.Submit(context.Background(), e, engine.Op{Target: door, Name: name, Priority: priority},
			func(context.Context) (int, error) { return 0, nil })
	}
	for w := range e.Windows(context.Background()) {
		fmt.Println(w.Target == door, w.Contenders, w.LeaderName, w.Leader.Priority)
	}
	e.Stop(ended())
	// Output: true 3 ram 8
}

// An operator takes back what is staged for a target.
func ExampleEngine_Clear() {
	e, _ := engine.New(engine.Config{Window: time.Hour})
	door := uuid.New()
	knock, _ := engine.Submit(context.Background(), e, engine.Op{Target: door, Name: "knock"},
		func(context.Context) (int, error) { return 0, nil })
	n, err := e.Clear(context.Background(), door)
	fmt.Println(n, err)
	_, err = knock.Wait(context.Background())
	fmt.Println(errors.Is(err, engine.ErrCleared))
	e.Stop(context.Background())
	// Output:
	// 1 <nil>
	// true
}

// Which targets are contended for most.
func ExampleEngine_Hottest() {
	e, _ := engine.New(engine.Config{Window: time.Millisecond, Hottest: 16})
	door, window := uuid.New(), uuid.New()
	for range 3 {
		e.Stage(&engine.Bid{Target: door, Tag: 1})
	}
	e.Stage(&engine.Bid{Target: window, Tag: 2})
	e.Stop(context.Background()) // waits until all is decided
	for _, hot := range e.Hottest(1) {
		fmt.Println(hot.Target == door, hot.Operations)
	}
	// Output: true 3
}
