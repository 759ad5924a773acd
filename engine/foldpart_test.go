package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// A part whose context ends after the verdict does not wait for the result; its
// value is part of the call.
func TestPartThatDoesNotWait(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		d := newDeposits(t, e)
		d.then = func(ctx context.Context) error { time.Sleep(time.Minute); return ctx.Err() }
		began := time.Now()
		winner := d.inBackground(background, engine.Op{Target: target(1)}, 1)
		_, err := d.Do(patience(t, time.Second), engine.Op{Target: target(1)}, 10)
		withdrawn(t, err, errNoPatience)
		require.Equal(t, time.Second, time.Since(began))
		got, err := winner.wait()
		require.NoError(t, err)
		require.Equal(t, 11, got)
		require.Equal(t, time.Minute+100*time.Millisecond, time.Since(began))
	})
}
