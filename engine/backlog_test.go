package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// fullRing returns an engine whose only ring is full and whose shard is held up, and
// what lets it go on. Three submissions were accepted.
func fullRing(t *testing.T) (e *engine.Engine, goOn func()) {
	t.Helper()
	e = newEngine(t, engine.Config{Shards: 1, RingSize: 2})
	block := make(chan struct{})
	c := newContender("")
	c.then = func(*engine.Verdict) { <-block }
	stage(t, e, c, engine.Bid{Target: target(1)})
	pass(time.Second)
	for range 2 {
		stage(t, e, newContender(""), engine.Bid{Target: target(2)})
	}
	return e, func() { close(block) }
}

// Each call is counted as submitted or as refused, and as what its caller is told: also
// one that gave up while it waited for room and for which there was none before the
// engine stopped.
func TestGivenUpWhileWaitingForRoomIsCounted(t *testing.T) {
	for _, stops := range []bool{false, true} {
		inBubble(t, func(t *testing.T) {
			e, goOn := fullRing(t)
			ctx, cancel := context.WithCancelCause(background)
			quitter := doInBackground(ctx, e, engine.Op{Target: target(3)}, answer(1))
			patient := doInBackground(background, e, engine.Op{Target: target(3)}, answer(2))
			cancel(errChangedMyMind)
			_, err := quitter.wait()
			withdrawn(t, err, errChangedMyMind)
			stop := func() (int, error) { return 0, nil }
			if stops {
				stop = func() (int, error) { return 0, e.Stop(background) }
			}
			stopping := inBackground(stop)
			goOn()
			_, err = patient.wait()
			if stops {
				stopped(t, err, engine.StoppedError{})
			} else {
				require.NoError(t, err)
			}
			_, err = stopping.wait()
			require.NoError(t, err)
			pass(time.Second)
			s := e.Stats()
			require.EqualValues(t, 5, s.Submitted+s.Refused)
			require.EqualValues(t, 1, s.Withdrawn, "the quitter was told so")
			require.Equal(t, s.Submitted, s.Won+s.Rejected+s.Withdrawn)
		})
	}
}
