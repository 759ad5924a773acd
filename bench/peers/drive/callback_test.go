package drive

import (
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"github.com/stretchr/testify/require"
)

// slowToClose is a contestant that has work left when it is closed.
type slowToClose struct {
	peers.Nobody
	takes time.Duration
}

func (c slowToClose) Close() { time.Sleep(c.takes) }

// Closing takes a window, and then some; what takes much longer was put off, and counts as
// far as it was put off while it was measured.
func TestWhatWasPutOffCounts(t *testing.T) {
	const window = 100 * time.Millisecond
	for takes, counted := range map[time.Duration]time.Duration{
		window: 0, 2*window - 1: 0, 2 * window: window / 4, 9 * window: 2 * window,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &run{workload: bench.Workload{Window: window}, contestant: slowToClose{takes: takes}, start: time.Now()}
			time.Sleep(3 * window)
			measured := time.Now()
			time.Sleep(window)
			require.Equal(t, counted, r.close(measured).wall)
		})
	}
}

// Of a contestant that is held up more is measured, but not for ever.
func TestTooFewToBeMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := new(producer)
		r := &run{
			workload: bench.Workload{Duration: time.Second}, warmUp: 1, before: 100,
			producers: []*producer{p}, start: time.Now(),
		}
		p.count.Store(100 + fewOperations - 1)
		require.True(t, r.tooFew())
		p.count.Add(1)
		require.False(t, r.tooFew())
		p.count.Add(-1)
		time.Sleep(time.Second + muchTime)
		require.False(t, r.tooFew())
		r.warmUp, r.start = 0, time.Now()
		require.False(t, r.tooFew(), "a trial, which is not measured")
	})
}
