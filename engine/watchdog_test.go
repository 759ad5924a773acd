package engine_test

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// logs is where a logger writes to, safe for concurrent use.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// sleepsOnTheShard is a frame to be found in a stack.
func sleepsOnTheShard(d time.Duration) { time.Sleep(d) }

// A shard that does not advance is reported once, with the stack of its own
// goroutine, and again the next time.
func TestWatchdog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var log logs
		e := newEngine(t, engine.Config{Shards: 4, Window: 10 * time.Millisecond, Logger: log.logger()})
		reports := func() int { return strings.Count(log.String(), "a shard does not advance") }
		for incident := range 3 {
			c := newContender("blocks")
			c.then = func(*engine.Verdict) { sleepsOnTheShard(5 * time.Second) }
			stage(t, e, c, engine.Bid{Target: target(1)})
			pass(time.Second)
			require.Equal(t, incident, reports(), "not before its time")
			pass(time.Second)
			require.Equal(t, incident+1, reports())
			require.Contains(t, log.String(), "sleepsOnTheShard")
			require.NotContains(t, log.String(), "restUntilDue", "the stack is another shard's")
			pass(2 * time.Second)
			require.Equal(t, incident+1, reports(), "once per incident")
			require.Equal(t, engine.StateFailed, e.Health().State)
			pass(time.Minute)
			require.Equal(t, engine.StateHealthy, e.Health().State)
		}
	})
}

// While nothing is staged the watchdog is not awake at all; under load it looks once
// a second, and reports nobody.
func TestWatchdogRests(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var log logs
		e := newEngine(t, engine.Config{Window: 10 * time.Millisecond, Logger: log.logger()})
		e.Start()
		pass(time.Minute)
		checks := e.WatchdogChecks()
		require.LessOrEqual(t, checks, 2)
		rests := func(d time.Duration) {
			before := e.WatchdogChecks()
			pass(d)
			require.Equal(t, before, e.WatchdogChecks())
		}
		rests(24 * time.Hour)
		for range 1000 {
			stage(t, e, newContender("a"), engine.Bid{Target: target(1)})
			pass(10 * time.Millisecond)
		}
		loaded := e.WatchdogChecks() - checks
		require.GreaterOrEqual(t, loaded, 9)
		require.LessOrEqual(t, loaded, 11)
		pass(2 * time.Second)
		rests(24 * time.Hour)
		stage(t, e, newContender("long"), engine.Bid{Target: target(1), Window: 25 * time.Hour})
		pass(10 * time.Second)
		rests(24 * time.Hour) // a long window is none of its business before it ends
		pass(24 * time.Hour)
		require.NoError(t, e.Stop(background))
		rests(24 * time.Hour)
		require.Empty(t, log.String())
	})
}

// With -1 there are no reports, but Health tells all the same.
func TestNoWatchdog(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var log logs
		e := newEngine(t, engine.Config{Window: 10 * time.Millisecond, Watchdog: -1, Logger: log.logger()})
		c := newContender("blocks")
		c.then = func(*engine.Verdict) { time.Sleep(5 * time.Second) }
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(4 * time.Second)
		require.Empty(t, log.String())
		require.Equal(t, engine.StateFailed, e.Health().State)
		pass(10 * time.Second)
	})
}

// A handler that panics over the report does not end the process.
func TestWatchdogSurvivesTheLogger(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		panics := slog.New(slog.NewTextHandler(panickyWriter{}, nil))
		e := newEngine(t, engine.Config{Window: 10 * time.Millisecond, Logger: panics})
		c := newContender("blocks")
		c.then = func(*engine.Verdict) { time.Sleep(5 * time.Second) }
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Minute)
		require.Equal(t, engine.Won, c.outcome(t).Outcome)
	})
}

type panickyWriter struct{}

func (panickyWriter) Write([]byte) (int, error) { panic("no disk") }

// R15: contenders that end the shard's goroutine over and over do not stop it, and
// each end is counted.
func TestShardGoesOnAfterItsGoroutineEnded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Window: 10 * time.Millisecond})
		for i := range 20 {
			c := newContender("leaves")
			c.then = func(*engine.Verdict) { runtime.Goexit() }
			stage(t, e, c, engine.Bid{Target: target(i)})
			stage(t, e, newContender("stays"), engine.Bid{Target: target(i)})
		}
		pass(time.Second)
		s := e.Stats()
		require.EqualValues(t, 20, s.Restarts)
		require.EqualValues(t, 20, s.Won)
		require.Zero(t, s.Staged)
		require.EqualValues(t, 20, e.Health().Restarts)
		require.Equal(t, engine.StateHealthy, e.Health().State)
		require.NoError(t, e.Restart(background))
		require.EqualValues(t, 20, e.Health().Restarts, "they are kept over restarts")
	})
}

// A shard that was given up: everything it holds is stopped at once, what is
// submitted is refused with the reason, Health says so until the engine is
// restarted, and that works.
func TestShardThatIsGivenUp(t *testing.T) {
	if explored {
		t.Skip("panics end the process")
	}
	inBubble(t, func(t *testing.T) {
		var log logs
		e := newEngine(t, engine.Config{Shards: 1, Window: time.Hour, Logger: log.logger()})
		e.Start()
		broken := e.Breakable()
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		call := doInBackground(background, e, engine.Op{Target: target(2)}, answer(2))
		broken.Store(true)
		n, err := e.Clear(background, target(3))
		require.ErrorIs(t, err, engine.ErrStopped)
		require.Zero(t, n)

		const givenUp = "contend: the target's shard was given up: the shard failed: broken on purpose"
		_, err = h.Wait(background)
		require.ErrorIs(t, err, engine.ErrStopped)
		require.EqualError(t, err, givenUp)
		_, err = call.wait()
		require.ErrorIs(t, err, engine.ErrStopped)
		require.EqualError(t, err, givenUp)
		_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		require.ErrorIs(t, err, engine.ErrStopped)
		require.EqualError(t, err, givenUp)
		for range e.Windows(background) {
			t.Error("a window of a shard that was given up")
		}

		health := e.Health()
		require.Equal(t, engine.StateFailed, health.State)
		require.True(t, health.Hopeless)
		require.Equal(t, []int{0}, health.Failed)
		require.Equal(t, []string{"shard 0 was given up: the shard failed: broken on purpose"}, health.Reasons)
		require.Contains(t, log.String(), "broken on purpose")
		stats := e.Stats()
		require.EqualValues(t, 2, stats.Stopped)
		require.Equal(t, health.Restarts, stats.Restarts)
		require.NotZero(t, stats.Restarts)

		require.NoError(t, e.Restart(background))
		require.Equal(t, engine.StateHealthy, e.Health().State)
		again := submit(t, e, engine.Op{Target: target(1)}, answer(3))
		pass(2 * time.Hour)
		value, err := again.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 3, value)
	})
}

// R16: what a shard holds that is given up has its last event, and the hook its
// dismissal, whoever staged it and wherever it is: in a window, waiting to be retried
// or in the ring, where it was not staged yet.
func TestEventsOfAShardThatIsGivenUp(t *testing.T) {
	if explored {
		t.Skip("panics end the process")
	}
	inBubble(t, func(t *testing.T) {
		var c chronicle
		var dismissed []engine.Dismissal
		e := newEngine(t, engine.Config{
			Shards: 1, Hooks: c.hooks(),
			Dismissed: func(batch []engine.Dismissal) { dismissed = append(dismissed, batch...) },
		})
		e.Start()
		broken := e.Breakable()
		submit(t, e, engine.Op{Target: target(1), Name: "winner", Priority: engine.High}, answer(1))
		submit(t, e, engine.Op{Target: target(1), Name: "parked", Retry: engine.Retry{Limit: 1, Backoff: time.Hour}}, answer(1))
		pass(time.Second)
		op := func(name string) engine.Op {
			return engine.Op{Target: target(2), Name: name, Type: "kind", Window: time.Hour}
		}
		submit(t, e, op("staged"), answer(1))
		require.True(t, submit(t, e, op("withdrawn"), answer(1)).Withdraw())
		lean := stage(t, e, newContender("lean"), engine.Bid{Target: target(2)})
		_, err := e.Stage(&engine.Bid{Target: target(2), Tag: 77})
		require.NoError(t, err)
		pass(time.Second)
		before := len(c.all())
		broken.Store(true)
		submit(t, e, op("in the ring"), answer(1))
		_, err = e.Stage(&engine.Bid{Target: target(3), Tag: 78, Window: time.Millisecond})
		require.NoError(t, err)
		pass(time.Second)

		c.requireEnded(t)
		require.Zero(t, e.Stats().EventsDropped)
		require.Zero(t, e.Stats().Staged)
		require.Equal(t, []string{
			"staged in the ring", "staged ", "stopped staged", "withdrawn withdrawn", "stopped lean", "stopped ",
			"stopped parked", "stopped in the ring", "stopped ",
		}, c.lines()[before:])
		for _, ev := range c.all()[before:] {
			if ev.Kind != engine.EventStopped {
				continue
			}
			require.Equal(t, "stopped before the verdict", ev.Reason())
			require.NotZero(t, ev.Target)
			switch {
			case ev.Name == "lean":
				require.Equal(t, lean, ev.Op)
			case ev.Bid:
				require.Contains(t, []uint64{77, 78}, ev.Op.Sequence)
			case ev.Name == "parked":
				require.Equal(t, 1, ev.Retries)
			default:
				require.Equal(t, "kind", ev.Type)
			}
		}
		require.Len(t, dismissed, 6)
		for _, d := range dismissed {
			require.Equal(t, engine.Stopped, d.Outcome)
		}
		require.EqualValues(t, 6, e.Stats().Stopped)
	})
}
