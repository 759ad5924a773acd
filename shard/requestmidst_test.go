package shard

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A request that comes in the midst of a look knows all that was submitted before it,
// also what was submitted after the look had read how far the ring is filled.
func TestRequestsInTheMidstOfALook(t *testing.T) {
	for call := range 8 { // of the clock, by the owner: between them a look does one thing
		t.Run(fmt.Sprint(call), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				epoch := time.Now()
				var left atomic.Int32
				var s *Shard
				var met, seen <-chan struct{}
				c := &clearing{target: target(1)}
				v := &view{windows: make([]Window, 0, windowsAtATime)}
				now := func() int64 {
					if left.Add(-1) == 0 {
						for n := range uint64(2) {
							_, err := s.Stage(&Op{Target: target(1 + n), Tag: n, Terms: NewTerms(time.Hour, 0)})
							require.NoError(t, err)
						}
						met, _ = s.control(control{kind: clearTarget, clearing: c})
						seen, _ = s.control(control{kind: viewWindows, view: v})
					}
					return int64(time.Since(epoch))
				}
				s = New(Config{RingSize: 64, Now: now})
				go s.Run()
				synctest.Wait()
				left.Store(int32(call) + 1)
				s.bell.Ring()
				for left.Load() > 0 { // the owner has slept again
					time.Sleep(time.Second)
					synctest.Wait()
					s.bell.Ring()
				}
				synctest.Wait()
				require.True(t, reachedYet(met))
				require.Equal(t, 1, c.n)
				require.True(t, reachedYet(seen))
				require.Len(t, v.windows, 1)
				require.Equal(t, target(2), v.windows[0].Target)
				s.Close()
				s.Abort()
				<-s.Done()
			})
		})
	}
}
