package engine_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R9: a function, registry, executor or contender that fails costs its own
// operation and nothing else.

//go:noinline
func unmistakablePanic(v any) { panic(v) }

var failures = []struct {
	name  string
	fail  func() error
	check func(t *testing.T, err error)
}{
	{"error", func() error { return io.ErrUnexpectedEOF }, func(t *testing.T, err error) {
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}},
	{"panic", func() error { unmistakablePanic("ouch"); return nil }, func(t *testing.T, err error) {
		var p *engine.PanicError
		require.ErrorAs(t, err, &p)
		require.Equal(t, "ouch", p.Value)
		require.Contains(t, string(p.Stack), "unmistakablePanic")
	}},
	{"panic with an error", func() error { panic(io.ErrClosedPipe) }, func(t *testing.T, err error) {
		require.ErrorIs(t, err, io.ErrClosedPipe)
	}},
	{"panic(nil)", func() error { unmistakablePanic(nil); return nil }, func(t *testing.T, err error) {
		var p *runtime.PanicNilError
		require.ErrorAs(t, err, &p)
	}},
	{"Goexit", func() error { runtime.Goexit(); return nil }, func(t *testing.T, err error) {
		require.ErrorIs(t, err, engine.ErrGoexit)
	}},
}

// goesOn checks that the engine works, on the same target and shard.
func goesOn(t *testing.T, e *engine.Engine) {
	t.Helper()
	got, err := submit(t, e, engine.Op{Target: target(1), Mode: engine.PreECS}, answer(42)).Wait(background)
	require.NoError(t, err)
	require.Equal(t, 42, got)
	require.Zero(t, e.Stats().Running)
}

func TestFunctionThatFails(t *testing.T) {
	for _, c := range failures {
		for _, mode := range []engine.Mode{engine.PreECS, engine.None} {
			t.Run(c.name+" "+mode.String(), func(t *testing.T) {
				inBubble(t, func(t *testing.T) {
					e := newEngine(t, engine.Config{Shards: 1})
					op := engine.Op{Target: target(1), Name: "bad", Mode: mode}
					fn := func(context.Context) (int, error) { return 1, c.fail() }
					check := func(err error) {
						var failed *engine.FailedError
						require.ErrorAs(t, err, &failed)
						require.ErrorIs(t, err, engine.ErrFailed)
						require.Equal(t, "bad", failed.Name)
						require.Equal(t, target(1), failed.Target)
						require.Equal(t, mode == engine.None, failed.EntryID == uuid.Nil)
						c.check(t, err)
					}
					do := doInBackground(background, e, op, fn)
					if _, err := do.wait(); c.name != "Goexit" {
						check(err)
					}
					_, err := submit(t, e, op, fn).Wait(background)
					check(err)
					if mode == engine.PreECS {
						require.EqualValues(t, 2, e.Stats().Failed)
					} else {
						require.EqualValues(t, 2, e.Stats().Direct)
					}
					goesOn(t, e)
				})
			})
		}
	}
}

// The value that came with an error is passed on, as any function's would be.
func TestValueBesideAnError(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		fn := func(context.Context) (int, error) { return 5, io.EOF }
		got, err := engine.Do(background, e, engine.Op{Target: target(1)}, fn)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 5, got)
		got, err = submit(t, e, engine.Op{Target: target(1)}, fn).Wait(background)
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 5, got)
	})
}

func TestRegistryThatFails(t *testing.T) {
	for _, c := range failures {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad, ran := true, false
				w := &witness{register: func(engine.Entry) error {
					if bad {
						return c.fail()
					}
					return nil
				}}
				e := newEngine(t, engine.Config{Shards: 1, Registry: w})
				fn := func(context.Context) (int, error) { ran = true; return 1, nil }
				_, err := submit(t, e, engine.Op{Target: target(1)}, fn).Wait(background)
				require.ErrorIs(t, err, engine.ErrFailed)
				c.check(t, err)
				if _, err := doInBackground(background, e, engine.Op{Target: target(1)}, fn).wait(); c.name != "Goexit" {
					c.check(t, err)
				}
				_, err = inBackground(func() (engine.Win, error) { return e.Contend(background, engine.Op{Target: target(1)}) }).wait()
				if c.name != "Goexit" {
					require.ErrorIs(t, err, engine.ErrFailed)
					c.check(t, err)
				}
				require.False(t, ran)
				bad = false
				goesOn(t, e)
			})
		})
	}
}

// What goes wrong when the registry is told the end cannot change the outcome.
func TestRegistryFinishThatFails(t *testing.T) {
	for _, c := range failures {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad := true
				w := &witness{finish: func(uuid.UUID, error) {
					if bad {
						c.fail()
					}
				}}
				e := newEngine(t, engine.Config{Shards: 1, Registry: w})
				got, err := submit(t, e, engine.Op{Target: target(1)}, answer(3)).Wait(background)
				require.NoError(t, err)
				require.Equal(t, 3, got)
				do := doInBackground(background, e, engine.Op{Target: target(1)}, answer(4))
				if got, err := do.wait(); c.name != "Goexit" {
					require.NoError(t, err)
					require.Equal(t, 4, got)
				}
				bad = false
				goesOn(t, e)
				require.EqualValues(t, 3, e.Stats().Completed)
				if c.name != "error" {
					require.EqualValues(t, 2, e.Stats().Incidents)
				}
			})
		})
	}
}

func TestExecutorThatFails(t *testing.T) {
	for _, c := range failures[1:] {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad := true
				e := newEngine(t, engine.Config{Shards: 1, Executor: func(run func()) {
					if bad {
						c.fail()
					}
					go run()
				}})
				h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
				loser := submit(t, e, engine.Op{Target: target(1)}, answer(1))
				beside := newContender("")
				stage(t, e, beside, engine.Bid{Target: target(2)})
				_, err := h.Wait(background)
				require.ErrorIs(t, err, engine.ErrFailed)
				c.check(t, err)
				_, err = loser.Wait(background)
				lost(t, err)
				pass(time.Second)
				require.Equal(t, engine.Won, beside.outcome(t).Outcome)
				require.EqualValues(t, 1, e.Stats().Failed)
				bad = false
				goesOn(t, e)
			})
		})
	}
}

// A winner's function runs once, however often an executor calls it.
func TestExecutorThatCallsTwice(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ran := 0
		e := newEngine(t, engine.Config{Executor: func(run func()) { go func() { run(); run() }() }})
		got, err := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) { ran++; return ran, nil }).Wait(background)
		require.NoError(t, err)
		require.Equal(t, 1, got)
		pass(time.Second)
		require.Equal(t, 1, ran)
	})
}

// R15: a contender or hook that fails costs nobody else's verdict.
func TestContenderAndHookThatFail(t *testing.T) {
	for _, c := range failures[1:] {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				bad := true
				e := newEngine(t, engine.Config{Shards: 1, Decided: func([]engine.Decision) {
					if bad {
						c.fail()
					}
				}})
				var all []*contender
				for i := range 10 {
					all = append(all, newContender(""))
					all[i].then = func(*engine.Verdict) { c.fail() }
					stage(t, e, all[i], engine.Bid{Target: target(i / 4)})
				}
				pass(time.Second)
				for i, one := range all {
					require.Equal(t, i%4 == 0, one.outcome(t).Outcome == engine.Won)
				}
				bad = false
				goesOn(t, e)
				require.EqualValues(t, 11, e.Stats().Incidents)
			})
		})
	}
}

func TestErrorTexts(t *testing.T) {
	for text, err := range map[string]error{
		"contend: withdrawn":                               &engine.WithdrawnError{},
		"contend: withdrawn: context canceled":             &engine.WithdrawnError{Cause: context.Canceled},
		"contend: stopped while it was executed":           &engine.StoppedError{Accepted: true, Running: true},
		"contend: stopped before it was executed":          &engine.StoppedError{Accepted: true},
		"contend: the engine is stopped: call Start first": &engine.StoppedError{},
		`contend: "heal" (1/2) failed: EOF`:                &engine.FailedError{Name: "heal", ID: engine.OpID{Shard: 1, Sequence: 2}, Cause: io.EOF},
		"panic: ouch":                                      &engine.PanicError{Value: "ouch"},
		"contend: overloaded: shard 3 holds 4 operations (Config.MaxStaged is 5): try again when windows have closed": &engine.OverloadedError{Shard: 3, Staged: 4, Limit: 5},
	} {
		require.EqualError(t, err, text)
	}
	require.True(t, errors.Is(&engine.WithdrawnError{Cause: context.Canceled}, context.Canceled))
	require.False(t, errors.Is(&engine.StoppedError{}, engine.ErrRejected))
}
