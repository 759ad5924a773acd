//go:build linux && !explore

package shard

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An owner that woke by itself sends for somebody to wait at Go's poller in its place if
// it has much to stage, or much to tell, and only then.
func TestLongLooksAreRelieved(t *testing.T) {
	now := int64(0)
	s := New(Config{RingSize: 4 * longLook, Now: func() int64 { return now }})
	defer s.bell.Close()
	runtime.GC() // so that its own goroutines are there
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	relieved := func(staged int, at int64) bool {
		for range staged {
			s.mustStage(t, 1, nil)
		}
		require.False(t, s.bell.WaitFor(time.Microsecond))
		now = at
		metrics.Read(sample)
		if sample[0].Value.Kind() != metrics.KindUint64 {
			t.Skip("this version of Go does not count goroutines")
		}
		before := sample[0].Value.Uint64()
		s.look()
		metrics.Read(sample)
		return sample[0].Value.Uint64() > before
	}
	require.False(t, relieved(longLook-1, 0))
	require.True(t, relieved(longLook, 0))
	require.False(t, relieved(0, 0))
	require.Equal(t, 2*longLook-1, s.owner.core.Staged())
	require.True(t, relieved(0, int64(onwardWindow+Tick)), "they are told")
	require.Zero(t, s.owner.core.Staged())
	require.False(t, relieved(longLook-1, now))
	require.False(t, relieved(0, now+int64(onwardWindow+Tick)), "fewer are told")
	require.Zero(t, s.owner.core.Staged())
}
