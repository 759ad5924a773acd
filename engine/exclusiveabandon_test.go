package engine_test

import (
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

func TestWinnerEndsAfterItsWaiterWasStopped(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}})
		win, err := e.Contend(background, engine.Op{Target: target(1)})
		require.NoError(t, err)
		waiting := doInBackground(background, e, engine.Op{Target: target(1)}, answer(1))
		pass(time.Second) // its window is overdue
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		_, err = waiting.wait()
		stopped(t, err, engine.StoppedError{Accepted: true})
		win.Finish(nil)
		e.Start()
		goesOn(t, e)
	})
}
