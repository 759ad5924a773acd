package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R14: lifecycle calls from inside of what they would wait for.

var lifecycleCalls = map[string]func(*engine.Engine) error{
	"Stop":  func(e *engine.Engine) error { return e.Stop(background) },
	"Start": func(e *engine.Engine) error { e.Start(); return nil },
	"Restart": func(e *engine.Engine) error {
		return e.Restart(background)
	},
	"Stop twice": func(e *engine.Engine) error {
		if err := e.Stop(background); err != nil {
			return err
		}
		return e.Stop(background)
	},
	"Stop and Start": func(e *engine.Engine) error {
		err := e.Stop(background)
		e.Start()
		return err
	},
}

func TestLifecycleInsideAWinner(t *testing.T) {
	for name, call := range lifecycleCalls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{})
				inside := func(context.Context) (int, error) { return 1, call(e) }
				_, err := engine.Do(background, e, engine.Op{Target: target(1)}, inside)
				require.NoError(t, err)
				e.Start()
				_, err = submit(t, e, engine.Op{Target: target(1)}, inside).Wait(background)
				require.NoError(t, err)
				e.Start()
				nested := func(ctx context.Context) (int, error) {
					return engine.Do(ctx, e, engine.Op{Target: target(2)}, inside)
				}
				_, err = engine.Do(background, e, engine.Op{Target: target(1)}, nested)
				require.NoError(t, err)
				pass(time.Second)
				e.Start()
				goesOn(t, e)
			})
		})
	}
}

// Winners that stop the engine do not wait for each other, but for the others.
func TestManyWinnersStop(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		began := time.Now()
		stop := func(context.Context) (time.Duration, error) {
			err := e.Stop(background)
			return time.Since(began), err
		}
		slow := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Second)
			return 0, nil
		})
		var handles []*engine.Handle[time.Duration]
		for i := range 5 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(2 + i)}, stop))
		}
		do := doInBackground(background, e, engine.Op{Target: target(10)}, stop)
		require.NoError(t, e.Stop(background))
		require.Equal(t, 1100*time.Millisecond, time.Since(began))
		for _, h := range handles {
			took, err := h.Wait(background)
			require.NoError(t, err)
			require.Equal(t, 1100*time.Millisecond, took)
		}
		_, err := do.wait()
		require.NoError(t, err)
		_, err = slow.Wait(background)
		require.NoError(t, err)
	})
}

func TestLifecycleInsideAContender(t *testing.T) {
	for name, call := range lifecycleCalls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Shards: 2})
				c, loser := newContender(""), newContender("")
				c.then = func(*engine.Verdict) {
					if err := call(e); err != nil {
						t.Error(err)
					}
				}
				stage(t, e, c, engine.Bid{Target: target(1)})
				stage(t, e, loser, engine.Bid{Target: target(1)})
				pass(time.Second)
				require.Equal(t, engine.Won, c.outcome(t).Outcome)
				require.Equal(t, engine.Lost, loser.outcome(t).Outcome)
				e.Start()
				goesOn(t, e)
			})
		})
	}
}

func TestLifecycleInsideTheDecidedHook(t *testing.T) {
	for name, call := range lifecycleCalls {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var e *engine.Engine
				armed := true
				e = newEngine(t, engine.Config{Shards: 1, Decided: func([]engine.Decision) {
					if armed {
						armed = false
						if err := call(e); err != nil {
							t.Error(err)
						}
						_ = e.Stats()
					}
				}})
				h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
				_, err := h.Wait(background)
				require.NoError(t, err)
				pass(time.Second)
				e.Start()
				goesOn(t, e)
			})
		})
	}
}

// A submission on a shard's goroutine that finds the ring full is refused: it
// would wait for itself.
func TestSubmissionInsideAContenderNeverParks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, RingSize: 1})
		var errs []error
		again := []*contender{newContender(""), newContender("")}
		c := newContender("")
		c.then = func(*engine.Verdict) {
			for _, a := range again {
				_, err := e.Stage(&engine.Bid{Target: target(1), Ticket: &a.Ticket})
				errs = append(errs, err)
			}
			b := e.NewBatch(3)
			for range 2 {
				b.Add(&engine.Bid{Target: target(1)})
			}
			errs = append(errs, b.Flush())
			_, err := engine.Submit(background, e, engine.Op{Target: target(1)}, answer(1))
			errs = append(errs, err)
		}
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		c.outcome(t)
		require.Len(t, errs, 4)
		require.NoError(t, errs[0])
		for _, err := range errs[1:] {
			var overloaded *engine.OverloadedError
			require.ErrorAs(t, err, &overloaded)
			require.True(t, overloaded.Ring)
		}
		require.Equal(t, engine.Won, again[0].outcome(t).Outcome)
	})
}
