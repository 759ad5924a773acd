package engine

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// However many ask for the channel, before it is closed or meanwhile, it is closed in the
// end; before, it is one.
func TestLatch(t *testing.T) {
	for range 2000 {
		var l latch
		var begin, all sync.WaitGroup
		begin.Add(1)
		var channels [4]<-chan struct{}
		for i := range channels {
			all.Go(func() {
				begin.Wait()
				channels[i] = l.done()
			})
		}
		begin.Done()
		all.Wait()
		require.False(t, l.closed())
		for _, c := range channels {
			require.Equal(t, channels[0], c)
			require.False(t, reachedYet(c))
		}
		l.close()
		require.True(t, l.closed())
		require.True(t, reachedYet(channels[0]))
		require.True(t, reachedYet(l.done()), "asked for later")
	}
	for range 2000 {
		var l latch
		var all sync.WaitGroup
		var early, late <-chan struct{}
		all.Go(func() { early = l.done() })
		all.Go(l.close)
		all.Go(func() { late = l.done() })
		all.Wait()
		require.True(t, l.closed() && reachedYet(early) && reachedYet(late))
	}
	var unasked latch
	unasked.close()
	require.True(t, unasked.closed())
	require.True(t, reachedYet(unasked.done()))
	require.Panics(t, unasked.close, "twice")
}
