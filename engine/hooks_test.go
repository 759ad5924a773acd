package engine_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestOnlyTheHooksThatThereAre(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var c chronicle
		e := newEngine(t, engine.Config{Hooks: engine.Hooks{Completed: c.add}})
		doAll(t, e, 2)
		require.Equal(t, []string{"completed a", "completed a"}, c.lines())
	})
}

// A hook that blocks delays neither verdicts nor subscribers, nor Stop by more than
// its patience; what it was not called for is counted.
func TestHookThatBlocks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		release := make(chan struct{})
		called := 0
		hooks := engine.AllHooks(func(engine.Event) { called++; <-release })
		e := newEngine(t, engine.Config{Hooks: hooks, EventBuffer: 8})
		s := e.Subscribe(engine.Filter{}, 0)
		began := time.Now()
		doAll(t, e, 10)
		require.Equal(t, time.Second, time.Since(began), "ten windows")
		require.Len(t, rest(s), 30)
		require.EqualValues(t, 30-1-8, e.Stats().EventsDropped)
		began = time.Now()
		require.NoError(t, e.Stop(background))
		require.Equal(t, time.Second, time.Since(began), "its patience")
		require.EqualValues(t, 29, e.Stats().EventsDropped)
		close(release)
		require.False(t, streaming())
		require.Equal(t, 1, called)
	})
}

// Stop waits for hooks that are only slow.
func TestStopWaitsForHooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		called := 0
		e := newEngine(t, engine.Config{Hooks: engine.AllHooks(func(engine.Event) {
			time.Sleep(50 * time.Millisecond)
			called++
		})})
		for i := range 5 {
			submit(t, e, engine.Op{Target: target(i)}, answer(1))
		}
		require.NoError(t, e.Stop(background))
		require.Equal(t, 15, called)
		require.Zero(t, e.Stats().EventsDropped)
	})
}

func TestHookThatPanics(t *testing.T) {
	for name, fail := range map[string]func(){"panic": func() { panic("broken") }, "goexit": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var c chronicle
				hooks := engine.TeeHooks(c.hooks(), engine.Hooks{Started: func(engine.Event) { fail() }})
				e := newEngine(t, engine.Config{Hooks: hooks})
				doAll(t, e, 3)
				require.Equal(t, 3, c.requireEnded(t)[engine.EventCompleted])
				require.EqualValues(t, 3, e.Stats().Incidents)
				require.NoError(t, e.Stop(background))
			})
		})
	}
}

func TestStopInsideAHook(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var e *engine.Engine
		var took time.Duration
		e = newEngine(t, engine.Config{Hooks: engine.Hooks{Completed: func(engine.Event) {
			began := time.Now()
			require.NoError(t, e.Stop(background))
			took = time.Since(began)
		}}})
		doAll(t, e, 1)
		require.False(t, streaming())
		require.Zero(t, took)
	})
}

func TestSampleHooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var all, c chronicle
		e := newEngine(t, engine.Config{Shards: 1, Hooks: engine.TeeHooks(all.hooks(), engine.SampleHooks(4, c.hooks()))})
		for i := range 40 {
			submit(t, e, engine.Op{Target: target(i % 20), Priority: engine.Priority(i)}, answer(1))
		}
		pass(time.Second)
		require.Equal(t, 40, all.requireEnded(t)[engine.EventStaged])
		sampled := c.counts()
		require.Equal(t, 10, sampled[engine.EventStaged])
		require.Equal(t, 10, sampled[engine.EventCompleted]+sampled[engine.EventRejected], "whole operations")
		require.NotZero(t, sampled[engine.EventCompleted])
		require.NotZero(t, sampled[engine.EventRejected])
	})
}

func TestLogHooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var quiet, loud bytes.Buffer
		logger := func(to *bytes.Buffer, level slog.Level) *slog.Logger {
			return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level}))
		}
		e := newEngine(t, engine.Config{Name: "arena", Hooks: engine.TeeHooks(
			engine.LogHooks(logger(&quiet, slog.LevelInfo)), engine.LogHooks(logger(&loud, slog.LevelDebug)))})
		submit(t, e, engine.Op{Target: target(1), Priority: engine.Low, Name: "heal"}, answer(1))
		submit(t, e, engine.Op{Target: target(1), Priority: engine.High, Name: "hit", Type: "combat", ID: uuid.New()},
			func(context.Context) (int, error) {
				time.Sleep(1500 * time.Microsecond)
				return 0, errors.New("missed")
			})
		pass(time.Second)
		levels := func(b *bytes.Buffer) (lines []string) {
			for line := range strings.Lines(b.String()) {
				_, line, _ = strings.Cut(line, "level=")
				line, _, _ = strings.Cut(line, " process=")
				lines = append(lines, line)
			}
			return lines
		}
		require.Equal(t, []string{
			`INFO msg="contend: conflict"`, `INFO msg="contend: started"`, `ERROR msg="contend: failed"`,
		}, levels(&quiet))
		require.Equal(t, []string{
			`DEBUG msg="contend: staged"`, `DEBUG msg="contend: staged"`, `INFO msg="contend: conflict"`,
			`DEBUG msg="contend: rejected"`, `INFO msg="contend: started"`, `ERROR msg="contend: failed"`,
		}, levels(&loud))
		for _, want := range []string{
			"process=arena", "name=heal", "op_type=combat", "priority=8", "contenders=2", "winner.name=hit", "retries=0",
			`reason="lost pre-ECS priority conflict (priority 2 vs winner 8)"`, "execution_time_ms=1.5",
			`reason="function execution failed: missed"`, "target=" + target(1).String(),
		} {
			require.Contains(t, loud.String(), want)
		}
		synctest.Wait()
	})
}

func TestHooksOfAnEngineThatIsSilent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Hooks: engine.TeeHooks(engine.SampleHooks(3, engine.Hooks{}))})
		doAll(t, e, 1)
		require.False(t, streaming())
	})
}
