package ring

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// The last positions below the close bit are as good as any: they are claimed by
// many and drained in order, and the close is exact. At a billion pushes per second
// that is in 292 years; the push after them would close the ring.
func TestLastPositions(t *testing.T) {
	const producers, each = 4, 500
	start := uint64(closed - 1 - producers*each)
	r := newAt[item](8, start)
	var running sync.WaitGroup
	for p := range producers {
		running.Go(func() {
			for n := 0; n < each; {
				if _, err := r.Push(&item{p, n}); err == nil {
					n++
				} else if err == ErrFull {
					runtime.Gosched()
				} else {
					t.Error(err)
					return
				}
			}
		})
	}
	next, count := [producers]int{}, uint64(0)
	for count < producers*each {
		r.Drain(r.Tail(), func(position uint64, v *item) {
			require.Equal(t, start+count, position)
			require.Equal(t, next[v.producer], v.n)
			next[v.producer]++
			count++
		})
		runtime.Gosched()
	}
	running.Wait()
	require.Zero(t, r.Len())
	require.False(t, r.Ready())
	require.Equal(t, uint64(closed-1), r.Close())
	_, err := r.Push(&item{})
	require.ErrorIs(t, err, ErrClosed)
}
