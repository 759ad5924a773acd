package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Rules.Exclusive: no two winners of a target at the same time, and tokens that
// grow.

// sleeping returns a function that takes a while and returns its token.
func sleeping(d time.Duration) func(context.Context) (uint64, error) {
	return func(ctx context.Context) (uint64, error) {
		time.Sleep(d)
		token, ok := engine.FencingToken(ctx)
		if !ok {
			return 0, errors.New("no token")
		}
		return token, nil
	}
}

// The next window stays open, collecting, until the winner has ended, and is
// never shorter than its length.
func TestExclusiveWinnersDoNotOverlap(t *testing.T) {
	for _, c := range []struct{ runs, next time.Duration }{
		{time.Second, 1100 * time.Millisecond},          // the end of the first
		{10 * time.Millisecond, 250 * time.Millisecond}, // of the window
	} {
		inBubble(t, func(t *testing.T) {
			e := ruled(t, engine.Rules{Exclusive: true})
			began := time.Now()
			first := submit(t, e, engine.Op{Target: target(1)}, sleeping(c.runs))
			time.Sleep(150 * time.Millisecond)
			low := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Low}, sleeping(0))
			time.Sleep(50 * time.Millisecond)
			high := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.High}, sleeping(0))
			other := submit(t, e, engine.Op{Target: target(2), Window: time.Millisecond}, sleeping(0))
			token1, err := first.Wait(background)
			require.NoError(t, err)
			token2, err := high.wait()
			require.NoError(t, err)
			require.Equal(t, c.next, time.Since(began).Truncate(time.Millisecond))
			_, err = low.wait()
			require.Equal(t, 2, lost(t, err).Contenders)
			require.Greater(t, token2, token1)
			_, err = other.Wait(patience(t, time.Nanosecond))
			require.NoError(t, err, "other targets do not wait")
		})
	}
}

// However a winner ends, the next one's turn has come.
func TestExclusiveTargetIsReleased(t *testing.T) {
	errRefused := errors.New("refused")
	op := engine.Op{Target: target(1), Name: "bad"}
	failing := func(fail func()) func(*testing.T, *engine.Engine) {
		return func(t *testing.T, e *engine.Engine) {
			h := submit(t, e, op, func(context.Context) (int, error) { fail(); return 0, nil })
			_, err := h.Wait(background)
			require.ErrorIs(t, err, engine.ErrFailed)
			ended := make(chan struct{})
			go func() { // a Goexit is its caller's
				defer close(ended)
				engine.Do(background, e, op, func(context.Context) (int, error) { fail(); return 0, nil })
			}()
			<-ended
			if win, err := e.Contend(background, op); err == nil {
				win.Finish(errRefused)
				win.Finish(errRefused)
			}
		}
	}
	refusing := func(fail func() error) engine.Config {
		return engine.Config{Registry: &witness{register: func(entry engine.Entry) error {
			if entry.Name == "bad" {
				return fail()
			}
			return nil
		}}}
	}
	runs := 0
	for name, c := range map[string]struct {
		config engine.Config
		fail   func(*testing.T, *engine.Engine)
	}{
		"error":           {fail: failing(func() { runs++ })},
		"panic":           {fail: failing(func() { panic("no") })},
		"goexit":          {fail: failing(runtime.Goexit)},
		"refused":         {config: refusing(func() error { return errRefused }), fail: failing(func() {})},
		"registry panics": {config: refusing(func() error { panic(errRefused) }), fail: failing(func() {})},
		"registry panics at the end": {config: engine.Config{Registry: &witness{finish: func(uuid.UUID, error) { panic(errRefused) }}},
			fail: func(t *testing.T, e *engine.Engine) {
				submit(t, e, op, answer(1)).Wait(background)
				engine.Do(background, e, op, answer(1))
				win, err := e.Contend(background, op)
				require.NoError(t, err)
				require.Panics(t, func() { win.Finish(nil) })
			}},
		"executor panics": {config: engine.Config{Executor: func(func()) { panic(errRefused) }},
			fail: func(t *testing.T, e *engine.Engine) {
				_, err := submit(t, e, op, answer(1)).Wait(background)
				require.ErrorIs(t, err, errRefused)
			}},
		"executor ends the goroutine": {config: engine.Config{Executor: func(func()) { runtime.Goexit() }},
			fail: func(t *testing.T, e *engine.Engine) {
				_, err := submit(t, e, op, answer(1)).Wait(background)
				require.ErrorIs(t, err, engine.ErrGoexit)
			}},
		"policy fails": {config: engine.Config{Rules: engine.Rules{Size: 1, Choose: func(group []engine.Standing) int {
			if group[0].Name() == "bad" {
				panic(errRefused)
			}
			return 0
		}}},
			fail: func(t *testing.T, e *engine.Engine) {
				_, err := submit(t, e, op, answer(1)).Wait(background)
				require.ErrorIs(t, err, engine.ErrUndecided)
			}},
		"withdrawn": {config: engine.Config{Rules: engine.Rules{Decisive: 9}},
			fail: func(t *testing.T, e *engine.Engine) {
				h := submit(t, e, op, answer(1))
				require.True(t, h.Withdraw())
				pass(time.Second)
			}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				config := c.config
				config.Shards, config.Rules.Exclusive = 1, true
				e := newEngine(t, config)
				if name == "error" {
					failing := func(context.Context) (int, error) { return 0, errRefused }
					_, err := engine.Do(background, e, op, failing)
					require.ErrorIs(t, err, errRefused)
				} else {
					c.fail(t, e)
				}
				began := time.Now()
				win, err := e.Contend(background, engine.Op{Target: target(1), Name: "good"})
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(began), 101*time.Millisecond)
				func() {
					defer func() { recover() }()
					win.Finish(nil)
				}()
			})
		})
	}
}

// The winner of a Contend ends with Finish, that of a Stage with Release.
func TestExclusiveFinishAndRelease(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		win, err := e.Contend(background, engine.Op{Target: target(1)})
		require.NoError(t, err)
		require.NotZero(t, win.Token)
		ticket := newContender("")
		stage(t, e, ticket, engine.Bid{Target: target(1)})
		pass(time.Hour)
		require.True(t, ticket.told == 0 && e.Stats().Windows == 1, "it waits")
		win.Finish(nil)
		pass(time.Millisecond)
		v := ticket.outcome(t)
		require.True(t, v.Exclusive)
		require.Greater(t, v.Token, win.Token)
		next := doInBackground(background, e, engine.Op{Target: target(1)}, sleeping(0))
		pass(time.Hour)
		win.Finish(nil)
		e.Release(target(1), 0)
		e.Release(target(1), v.Token+1)
		e.Release(target(2), v.Token)
		pass(time.Hour)
		require.Equal(t, 1, e.Stats().Windows, "neither of these holds it")
		e.Release(target(1), v.Token)
		token, err := next.wait()
		require.NoError(t, err)
		require.Greater(t, token, v.Token)
		e.Release(target(1), v.Token)
	})
}

// A winner that waits for its own target would wait for itself.
func TestWaitInsideTheOwnExclusiveWinner(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Exclusive: true})
		another := ruled(t, engine.Rules{Exclusive: true})
		folding, err := engine.NewFolding(e, func(a, _ int) int { return a }, func(context.Context, int) (int, error) { return 1, nil })
		require.NoError(t, err)
		op := engine.Op{Target: target(1)}
		refused := func(ctx context.Context) {
			_, err := engine.Do(ctx, e, op, answer(1))
			invalid(t, err, "Op.Target")
			require.Contains(t, err.Error(), "would wait for itself")
			_, err = e.Contend(ctx, op)
			invalid(t, err, "Op.Target")
			_, err = folding.Do(ctx, op, 1)
			invalid(t, err, "Op.Target")
		}
		var later *engine.Handle[uint64]
		inside := func(ctx context.Context) (int, error) {
			refused(ctx)
			_, err := engine.Do(ctx, another, op, answer(1))
			require.NoError(t, err, "of another engine")
			_, err = engine.Do(ctx, e, engine.Op{Target: target(2)}, func(ctx context.Context) (int, error) {
				refused(ctx) // two winners further in
				return 1, nil
			})
			require.NoError(t, err)
			later, err = engine.Submit(context.WithoutCancel(ctx), e, op, sleeping(0))
			require.NoError(t, err)
			return 1, nil
		}
		for range 2 {
			_, err = engine.Do(background, e, op, inside)
			require.NoError(t, err)
			token, err := later.Wait(background)
			require.NoError(t, err)
			require.NotZero(t, token)
		}
		_, err = submit(t, e, op, inside).Wait(background)
		require.NoError(t, err)
	})
}

// Of targets that are not exclusive there is no token.
func TestFencingTokenIsThatOfTheVerdict(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := &witness{}
		e := newEngine(t, engine.Config{Shards: 1, Registry: w, Rules: engine.Rules{Exclusive: true}})
		var last uint64
		for i := range 12 {
			op := engine.Op{Target: target(i % 3)}
			token, err := engine.Do(background, e, op, sleeping(time.Millisecond))
			require.NoError(t, err)
			require.Greater(t, token, last)
			last = token
			if i%4 == 3 {
				require.NoError(t, e.Restart(background))
			}
		}
		tokens := map[uint64]bool{}
		for _, entry := range w.entries {
			tokens[entry.Token] = true
		}
		require.Len(t, tokens, 12)
		require.True(t, tokens[last])
		plain := newEngine(t, engine.Config{})
		_, err := engine.Do(background, plain, engine.Op{Target: target(1)}, sleeping(0))
		require.ErrorContains(t, err, "no token")
		synctest.Wait()
	})
}
