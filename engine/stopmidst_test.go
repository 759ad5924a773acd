package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// R14: Stop gives up between the decision and the telling, while the shard is in
// a hook. The winners that it names afterwards do not run: they are stopped.
func TestStopGivesUpInTheMidstOfADecision(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		decided, goOn := make(chan struct{}, 2), make(chan struct{})
		e := newEngine(t, engine.Config{Shards: 1, Decided: func([]engine.Decision) {
			decided <- struct{}{}
			<-goOn
		}})
		never := func(context.Context) (int, error) {
			t.Error("a winner runs after Stop gave up")
			return 0, nil
		}
		one := doInBackground(background, e, engine.Op{Target: target(1)}, never)
		other := submit(t, e, engine.Op{Target: target(2)}, never)
		<-decided
		stopping := inBackground(func() (int, error) { return 0, e.Stop(impatient()) })
		time.Sleep(time.Second / 2)
		synctest.Wait()
		close(goOn)
		_, err := stopping.wait()
		require.Equal(t, errNoPatience, err)
		_, err = one.wait()
		stopped(t, err, engine.StoppedError{Accepted: true})
		_, err = other.Wait(background)
		stopped(t, err, engine.StoppedError{Accepted: true})
		s := e.Stats()
		require.EqualValues(t, 2, s.Stopped)
		require.Zero(t, s.Running)
	})
}
