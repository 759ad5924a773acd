package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

// Inside the winner of an exclusive target, for whose end the next window waits,
// neither Stop nor Restart nor Start waits for that window: they would wait for
// each other.
func TestStopInsideExclusiveWinner(t *testing.T) {
	for name, stop := range map[string]func(*engine.Engine) error{
		"stop":       func(e *engine.Engine) error { return e.Stop(background) },
		"restart":    func(e *engine.Engine) error { return e.Restart(background) },
		"stop start": func(e *engine.Engine) error { err := e.Stop(background); e.Start(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{Rules: engine.Rules{Exclusive: true}})
				var next *engine.Handle[int]
				got, err := engine.Do(background, e, engine.Op{Target: target(1)}, func(context.Context) (int, error) {
					next = submit(t, e, engine.Op{Target: target(1)}, answer(2))
					pass(time.Second) // its window is overdue
					require.NoError(t, stop(e))
					return 1, nil
				})
				require.NoError(t, err)
				require.Equal(t, 1, got)
				got, err = next.Wait(background)
				require.NoError(t, err)
				require.Equal(t, 2, got)
				pass(time.Second)
				require.NoError(t, e.Stop(background))
				require.Zero(t, e.Stats().Staged)
			})
		})
	}
}
