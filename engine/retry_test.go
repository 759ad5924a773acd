package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Retry: operations that lost and come again by themselves.

// An operation that is aged past its competitors wins the second window, and is
// told of nothing before.
func TestRetryWinsItsSecondWindow(t *testing.T) {
	again := engine.Op{Target: target(1), Name: "again", Priority: engine.Low, Retry: engine.Retry{Limit: 3, Step: engine.High}}
	for name, call := range map[string]func(*testing.T, *engine.Engine) error{
		"Do": func(t *testing.T, e *engine.Engine) error {
			_, err := engine.Do(background, e, again, answer(1))
			return err
		},
		"Submit": func(t *testing.T, e *engine.Engine) error {
			_, err := submit(t, e, again, answer(1)).Wait(background)
			return err
		},
		"Contend": func(t *testing.T, e *engine.Engine) error {
			win, err := e.Contend(background, again)
			require.Equal(t, 1, win.Retries)
			win.Finish(err)
			return err
		},
		"Wrap": func(t *testing.T, e *engine.Engine) error {
			wrapped, err := engine.Wrap(e, engine.Wrapping[*player]{Op: again}, func(context.Context, *player) (int, error) { return 1, nil })
			require.NoError(t, err)
			_, err = wrapped(background, &player{id: target(1)})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				w := &witness{}
				e := newEngine(t, engine.Config{Registry: w})
				began := time.Now()
				heal := engine.Op{Target: target(1), Name: "heal", Priority: engine.High}
				first := submit(t, e, heal, answer(1))
				call1 := inBackground(func() (int, error) { return 0, call(t, e) })
				time.Sleep(150 * time.Millisecond)
				second := submit(t, e, heal, answer(2))
				_, err := call1.wait()
				require.NoError(t, err)
				require.Equal(t, 200*time.Millisecond, time.Since(began))
				_, err = first.Wait(background)
				require.NoError(t, err)
				_, err = second.Wait(background)
				require.Equal(t, engine.Winner{
					ID: lost(t, err).Winner.ID, EntryID: lost(t, err).Winner.EntryID, Name: "again", Priority: engine.Critical,
				}, lost(t, err).Winner, "aged by one step")
				for _, entry := range w.entries {
					require.Equal(t, entry.Name == "again", entry.Retries == 1)
				}
				s := e.Stats()
				require.EqualValues(t, 1, s.Retried)
				require.EqualValues(t, 1, s.Rejected)
				require.EqualValues(t, 2, s.Won)
				require.EqualValues(t, 3, s.Submitted)
			})
		})
	}
}

// When the limit is reached the loss is told, with how many there were before.
func TestRetriesEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		began := time.Now()
		op := engine.Op{Target: target(1), Name: "weak", Retry: engine.Retry{Limit: 2, Step: 1, Backoff: 50 * time.Millisecond}}
		weak := doInBackground(background, e, op, answer(0))
		strong := func() {
			_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
			require.NoError(t, err)
		}
		strong() // until 0.1 s; back at 0.15 s
		pass(0)
		require.Equal(t, 1, e.Stats().Staged, "parked")
		require.Zero(t, e.Stats().Windows)
		time.Sleep(60 * time.Millisecond)
		strong() // until 0.25 s; back at 0.35 s
		time.Sleep(110 * time.Millisecond)
		strong()
		_, err := weak.wait()
		rejected := lost(t, err)
		require.Equal(t, 450*time.Millisecond, time.Since(began))
		require.Equal(t, 2, rejected.Retries)
		require.Equal(t, engine.Priority(2), rejected.Priority, "aged")
		require.Contains(t, rejected.Error(), "retries 2")
		require.EqualValues(t, 2, e.Stats().Retried)
		require.EqualValues(t, 1, e.Stats().Rejected)
	})
}

func TestWithdrawnWhileParked(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		began := time.Now()
		op := engine.Op{Target: target(1), Retry: engine.Retry{Limit: 1, Backoff: time.Hour}}
		ctx, cancel := context.WithTimeoutCause(background, time.Second, errChangedMyMind)
		defer cancel()
		winner := submit(t, e, engine.Op{Target: target(1), Priority: 1}, answer(1))
		do := doInBackground(ctx, e, op, answer(2))
		h, err := engine.Submit(ctx, e, op, answer(3))
		require.NoError(t, err)
		byHand := submit(t, e, op, answer(4))
		_, err = winner.Wait(background)
		require.NoError(t, err)
		pass(0)
		require.Equal(t, 3, e.Stats().Staged)
		_, err = do.wait()
		withdrawn(t, err, errChangedMyMind)
		_, err = h.Wait(background)
		withdrawn(t, err, errChangedMyMind)
		require.True(t, byHand.Withdraw())
		require.Equal(t, time.Second, time.Since(began))
		goesOn(t, e)
		time.Sleep(time.Hour - time.Since(began))
		pass(110 * time.Millisecond) // their pause has ended
		require.Zero(t, e.Stats().Windows)
		pass(time.Hour)
		s := e.Stats()
		require.Zero(t, s.Staged)
		require.EqualValues(t, 3, s.Withdrawn)
		require.EqualValues(t, 3, s.Retried)
		require.EqualValues(t, 2, s.Won, "nobody came back")
	})
}

// R14: operations that pause are told when Stop gives up; a patient Stop lets
// them come back once more.
func TestStopDuringBackoff(t *testing.T) {
	for _, patient := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1, Lineage: new(engine.Lineage)})
			op := engine.Op{Target: target(1), Retry: engine.Retry{Limit: 5, Backoff: time.Minute}}
			submit(t, e, engine.Op{Target: target(1), Priority: 1}, answer(1))
			do := doInBackground(background, e, op, answer(2))
			h := submit(t, e, op, answer(3))
			contend := inBackground(func() (engine.Win, error) { return e.Contend(background, op) })
			pass(time.Second)
			require.Equal(t, 3, e.Stats().Staged)
			began := time.Now()
			if patient {
				require.NoError(t, e.Stop(background))
				require.Equal(t, 59*time.Second+200*time.Millisecond, time.Since(began))
				_, err := do.wait()
				require.NoError(t, err)
				_, err = h.Wait(background)
				require.Equal(t, 1, lost(t, err).Retries, "not once more")
				_, err = contend.wait()
				lost(t, err)
				return
			}
			require.Equal(t, errNoPatience, e.Stop(impatient()))
			_, err := do.wait()
			stopped(t, err, engine.StoppedError{Accepted: true})
			_, err = h.Wait(background)
			stopped(t, err, engine.StoppedError{Accepted: true})
			_, err = contend.wait()
			stopped(t, err, engine.StoppedError{Accepted: true})
			require.Zero(t, time.Since(began))
			require.EqualValues(t, 3, e.Stats().Stopped)
			require.Zero(t, e.Stats().Staged)
		})
	}
}

// While retries are due in the same instant, an ageing operation cannot starve.
func TestAgeingEndsStarvation(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		starved := submit(t, e, engine.Op{Target: target(1), Retry: engine.Retry{Limit: 100, Step: 1}}, answer(1))
		windows := 0
		for windows = 0; ; windows++ {
			_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
			if err != nil {
				require.Equal(t, engine.High, lost(t, err).Winner.Priority)
				break
			}
		}
		require.Equal(t, int(engine.High), windows, "first among equals then")
		_, err := starved.Wait(background)
		require.NoError(t, err)
	})
}
