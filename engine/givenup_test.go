package engine_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// The outcome of what Stop gave up on is stopped, and stays so: what its function
// returns afterwards comes too late, the value as well as the error.
func TestGivenUpOutcomeStays(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h := submit(t, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
			time.Sleep(time.Hour)
			return 7, nil
		})
		pass(time.Second)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		for range 2 {
			value, err := h.Wait(background)
			stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
			require.Zero(t, value)
			pass(2 * time.Hour)
		}
	})
}

// R1 and R10: a refused submission has done nothing; its context, which lives on,
// does not refer to it.
func TestNothingStaysOfARefusedSubmit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 1, Window: time.Hour})
		submit(t, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second)
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		var all []weak.Pointer[payload]
		for range 3 { // the first is watched alone
			func() {
				captured := new(payload)
				all = append(all, weak.Make(captured))
				_, err := engine.Submit(ctx, e, engine.Op{Target: target(1)}, func(context.Context) (byte, error) { return captured.bytes[0], nil })
				require.ErrorIs(t, err, engine.ErrOverloaded)
			}()
		}
		gone(t, "a refused one", all...)
		cancel()
		synctest.Wait()
		runtime.KeepAlive(e)
	})
}
