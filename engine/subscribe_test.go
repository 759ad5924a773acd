package engine_test

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// doAll executes an operation on each of so many targets, one after another.
func doAll(t *testing.T, e *engine.Engine, operations int) {
	t.Helper()
	for i := range operations {
		_, err := engine.Do(background, e, engine.Op{Target: target(i), Name: "a"}, answer(i))
		require.NoError(t, err)
	}
}

// rest takes what a subscription has, and closes it.
func rest(s *engine.Subscription) []engine.Event {
	synctest.Wait()
	s.Close()
	return slices.Collect(s.All())
}

// streaming reports whether there is a goroutine for events.
func streaming() bool {
	synctest.Wait()
	stacks := make([]byte, 1<<20)
	return bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("(*stream).run("))
}

func TestSubscriptionCollects(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		s := e.Subscribe(engine.Filter{}, 0)
		doAll(t, e, 1)
		var kinds []engine.EventKind
		for ev := range s.All() {
			if kinds = append(kinds, ev.Kind); len(kinds) == 2 {
				break
			}
		}
		for ev := range s.All() { // where it was left
			kinds = append(kinds, ev.Kind)
			s.Close()
		}
		require.Equal(t, []engine.EventKind{engine.EventStaged, engine.EventStarted, engine.EventCompleted}, kinds)
		require.Zero(t, s.Dropped())
		s.Close()
	})
}

func TestSubscriberThatNeverReads(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		full, roomy := e.Subscribe(engine.Filter{}, 4), e.Subscribe(engine.Filter{}, 100)
		doAll(t, e, 10)
		synctest.Wait()
		require.EqualValues(t, 26, full.Dropped())
		require.Zero(t, roomy.Dropped())
		require.EqualValues(t, 26, e.Stats().EventsDropped)
		require.Contains(t, e.Stats().String(), "events dropped 26")
		require.Len(t, rest(full), 4)
		require.Len(t, rest(roomy), 30)
	})
}

// A shard that stages more at once than fits into its queue of events loses what is
// too much: it does not wait, and it is counted.
func TestEventsBeyondTheBuffer(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Shards: 1, EventBuffer: 1, Hooks: c.hooks()})
		s := e.Subscribe(engine.Filter{}, 1000)
		for range 100 {
			submit(t, e, engine.Op{Target: target(1)}, answer(1))
		}
		pass(time.Second)
		require.EqualValues(t, 1, e.Stats().Completed)
		const happened = 100 + 1 + 99 + 2
		events := rest(s)
		require.Less(t, len(events), happened)
		require.EqualValues(t, happened, len(events)+int(s.Dropped()))
		require.NotZero(t, e.Stats().EventsDropped)
	})
}

// Who wants a sample misses what it has no room for, and that is no loss of the
// engine's; of those who want all it is, whoever else there is.
func TestSample(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		sample := e.Subscribe(engine.Filter{Sample: true}, 4)
		doAll(t, e, 10)
		synctest.Wait()
		require.EqualValues(t, 26, sample.Dropped())
		require.Zero(t, e.Stats().EventsDropped)
		full := e.Subscribe(engine.Filter{}, 4)
		doAll(t, e, 10)
		synctest.Wait()
		require.EqualValues(t, 26, full.Dropped())
		require.EqualValues(t, 56, sample.Dropped())
		require.EqualValues(t, 26, e.Stats().EventsDropped)
		require.Len(t, rest(sample), 4)
	})
}

// What there is no room for on the way is dropped only if somebody wants all of its
// kind.
func TestSampleBeyondTheEngineBuffer(t *testing.T) {
	for name, test := range map[string]struct {
		all     []engine.EventKind
		dropped bool
	}{
		"alone":           {},
		"beside another":  {[]engine.EventKind{engine.EventWithdrawn}, false},
		"beside the same": {[]engine.EventKind{engine.EventStaged}, true},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 1, EventBuffer: 1})
				sample := e.Subscribe(engine.Filter{Kinds: []engine.EventKind{engine.EventStaged}, Sample: true}, 1000)
				if test.all != nil {
					defer e.Subscribe(engine.Filter{Kinds: test.all}, 1000).Close()
				}
				for range 100 {
					submit(t, e, engine.Op{Target: target(1)}, answer(1))
				}
				pass(time.Second)
				lost := sample.Dropped()
				require.NotZero(t, lost)
				require.EqualValues(t, 100, len(rest(sample))+int(lost))
				if !test.dropped {
					lost = 0
				}
				require.Equal(t, lost, e.Stats().EventsDropped)
			})
		})
	}
}

func TestFilters(t *testing.T) {
	ops := []engine.Op{
		{Target: target(1), Priority: engine.Low, Name: "low"},
		{Target: target(1), Priority: engine.High, Name: "high"},
		{Target: target(2), Priority: -1, Name: "other"},
	}
	for name, test := range map[string]struct {
		filter engine.Filter
		want   []string
	}{
		"all":      {engine.Filter{}, []string{"low", "high", "other", "high", "low", "high", "other", "high", "other"}},
		"kinds":    {engine.Filter{Kinds: []engine.EventKind{engine.EventRejected, engine.EventCompleted}}, []string{"low", "high", "other"}},
		"priority": {engine.Filter{LeastPriority: engine.High}, []string{"high", "high", "high", "high"}},
		"target":   {engine.Filter{Target: target(2)}, []string{"other", "other", "other"}},
		"both": {engine.Filter{Target: target(1), LeastPriority: engine.Low, Kinds: []engine.EventKind{engine.EventStaged}},
			[]string{"low", "high"}},
		"no such kind": {engine.Filter{Kinds: []engine.EventKind{99}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 1})
				s := e.Subscribe(test.filter, 0)
				for _, op := range ops {
					submit(t, e, op, answer(1))
				}
				pass(time.Second)
				var got []string
				for _, ev := range rest(s) {
					got = append(got, ev.Name)
				}
				slices.Sort(got)
				slices.Sort(test.want)
				require.Equal(t, test.want, got)
			})
		})
	}
}

func TestEventsOnlyWhileSomebodyWatches(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		doAll(t, e, 1)
		require.False(t, streaming())
		s, other := e.Subscribe(engine.Filter{}, 0), e.Subscribe(engine.Filter{}, 0)
		require.True(t, streaming())
		s.Close()
		require.True(t, streaming())
		other.Close()
		require.False(t, streaming())
		doAll(t, e, 1)
		again := e.Subscribe(engine.Filter{}, 0)
		doAll(t, e, 1)
		require.Len(t, rest(again), 3)
		require.Empty(t, rest(s))
		require.Zero(t, e.Stats().EventsDropped)
	})
}

func TestSubscriptionOutlivesARestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		before := e.Subscribe(engine.Filter{}, 0) // before the first start, too
		doAll(t, e, 1)
		require.NoError(t, e.Stop(background))
		require.False(t, streaming())
		stopped := e.Subscribe(engine.Filter{}, 0)
		require.False(t, streaming(), "nothing can happen any more")
		e.Start()
		doAll(t, e, 1)
		require.Len(t, rest(before), 6)
		require.Len(t, rest(stopped), 3)
	})
}

// Who subscribes late sees what becomes of operations that are staged already.
func TestSubscriptionInTheMidst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		submit(t, e, engine.Op{Target: target(1), Type: "kind"}, answer(1))
		pass(50 * time.Millisecond)
		s := e.Subscribe(engine.Filter{}, 0)
		pass(time.Second)
		events := rest(s)
		require.Len(t, events, 2)
		require.Equal(t, engine.EventStarted, events[0].Kind)
		require.Equal(t, "kind", events[0].Type)
	})
}

func TestSeveralReadersShareASubscription(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		s := e.Subscribe(engine.Filter{}, 1000)
		counts := make(chan int)
		for range 4 {
			go func() {
				n := 0
				for range s.All() {
					n++
				}
				counts <- n
			}()
		}
		doAll(t, e, 100)
		synctest.Wait()
		s.Close()
		total := 0
		for range 4 {
			total += <-counts
		}
		require.Equal(t, 300, total)
	})
}

// The winner that stops its engine has its last event after Stop has returned.
func TestEventsOfAWinnerThatStops(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(ctx context.Context) (int, error) {
			return 0, e.Stop(ctx)
		})
		require.NoError(t, err)
		require.Equal(t, 1, c.requireEnded(t)[engine.EventCompleted])
		require.Zero(t, e.Stats().EventsDropped)
		require.False(t, streaming())
	})
}

func TestEventsOfAnEngineStoppedOnItsShard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: c.hooks()})
		a := newContender("a")
		a.then = func(*engine.Verdict) { e.Stop(background) }
		stage(t, e, a, engine.Bid{Target: target(1)})
		submit(t, e, engine.Op{Target: target(2), Window: time.Second}, answer(1))
		pass(2 * time.Second)
		c.requireOrdered(t)
		require.Equal(t, 1, c.counts()[engine.EventCompleted])
		require.False(t, streaming())
	})
}
