package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is put into the mail while it is being carried on is either carried too, or
// refused, so that it is told to the successor: here somebody sets a lock as soon
// as an earlier one of a long queue is in force.
func TestCarryForgetsNothing(t *testing.T) {
	lock := func(id uint64) Lock { return Lock{ID: id, Target: target(id), Below: 1, Stay: true} }
	for range 10 {
		s := New(Config{RingSize: 1, Now: func() int64 { return 0 }})
		s.Close()
		s.Run()
		first, ok := s.Lock(lock(1))
		require.True(t, ok)
		last := uint64(1)
		for last < 1000 {
			last++
			_, ok := s.Lock(lock(last))
			require.True(t, ok)
		}
		refused := make(chan struct{})
		go func() {
			defer close(refused)
			<-first
			for ok := true; ok; last++ {
				_, ok = s.Lock(lock(last + 1))
			}
			last-- // the one that was refused
		}()
		carried := s.Carry()
		<-refused
		require.Equal(t, int(last), len(carried.Locks), "as many as were accepted")
	}
}
