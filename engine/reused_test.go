package engine_test

import (
	"context"
	"testing"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// The memory of a blocking call is used again for the next one, which must not
// try again because the last one would have.
func TestBlockingCallsForgetTheLast(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		for range 20 {
			op := engine.Op{Target: target(1), Retry: engine.Retry{Limit: 2}}
			_, err := engine.Do(background, e, op, answer(1))
			require.NoError(t, err)

			op.Retry = engine.Retry{}
			first := doInBackground(background, e, op, answer(1))
			second := doInBackground(background, e, op, answer(1))
			_, err = first.wait()
			require.NoError(t, err)
			_, err = second.wait()
			require.Zero(t, lost(t, err).Retries)
		}
		require.Zero(t, e.Stats().Retried)
	})
}

// R6: only winners reach the registry, whichever way they were submitted.
func TestLosersNeverReachTheRegistry(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		w := &witness{}
		e := newEngine(t, engine.Config{Registry: w})
		low := engine.Op{Target: target(1), Priority: engine.Low, Name: "low"}
		do := doInBackground(background, e, low, answer(1))
		contend := inBackground(func() (engine.Win, error) { return e.Contend(background, low) })
		handle := submit(t, e, low, answer(1))
		folding, err := engine.NewFolding(e, func(a, b int) int { return a + b }, func(_ context.Context, sum int) (int, error) { return sum, nil })
		require.NoError(t, err)
		folded := inBackground(func() (int, error) { return folding.Do(background, low, 1) })
		high := low
		high.Name, high.Priority = "high", engine.High
		_, err = engine.Do(background, e, high, answer(1))
		require.NoError(t, err)
		for _, wait := range []func() error{
			func() error { _, err := do.wait(); return err },
			func() error { _, err := contend.wait(); return err },
			func() error { _, err := handle.Wait(background); return err },
			func() error { _, err := folded.wait(); return err },
		} {
			lost(t, wait())
		}
		require.Equal(t, []string{"register high", "finish high"}, w.log)
	})
}
