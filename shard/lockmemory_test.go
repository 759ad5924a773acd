package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// R10: locks that have ended by themselves are swept out, however often new ones
// are set, and then operations take the short way again. Those that stay, stay.
func TestExpiredLocksAreSwept(t *testing.T) {
	core := NewCore(CoreConfig{})
	core.Lock(Lock{ID: 1, Target: target(1), Below: 1, Stay: true})
	now := int64(0)
	for id := uint64(2); id < 50; id++ {
		core.Lock(Lock{ID: id, All: id%2 == 0, Target: target(id), Below: 1, Expires: now + int64(Tick)})
		core.Lock(Lock{ID: 1000 + id, Target: target(id), Below: 1, Expires: now + 2*int64(Tick)})
		require.True(t, core.special)
		now += int64(Tick)
		core.Advance(now)
		require.Len(t, core.Locks(), 2, "the one that stays and the one of two ticks")
		now += int64(Tick)
		core.Advance(now)
		require.Len(t, core.Locks(), 1)
	}
	core.Unlock(1)
	require.Empty(t, core.Locks())
	require.False(t, core.special)
}

// R10: of a burst of locks, and of targets that were held, nothing stays.
func TestLocksAndHoldsGiveTheirMemoryBack(t *testing.T) {
	const burst = 100_000
	core := NewCore(CoreConfig{})
	for id := range uint64(burst) {
		core.Lock(Lock{ID: id + 1, Target: target(id), Below: 1, Stay: true})
		core.Hold(Hold{Target: target(id), Token: id + 1})
	}
	require.Equal(t, burst, core.locks.most)
	require.Equal(t, burst, core.mostHolds)
	for id := range uint64(burst - 1) {
		core.Unlock(id + 1)
		require.True(t, core.Ended(target(id), id+1))
	}
	require.LessOrEqual(t, core.locks.most, minHolds)
	require.LessOrEqual(t, core.mostHolds, minHolds)
	require.Len(t, core.Locks(), 1)
	require.Len(t, core.Holds(), 1)
}
