package shard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A load that comes in waves allocates nothing but in its first ones, and what it
// does not need any more is given back.
func TestWavesKeepTheirMemory(t *testing.T) {
	core := NewCore(CoreConfig{})
	sequence, now := uint64(0), int64(0)
	wave := func(targets, each uint64) {
		for range each {
			for n := range targets {
				op := Op{Target: target(n), At: unstamped, Terms: NewTerms(1, 0), Hash: tableHashes["spread"](n) &^ hashFlags}
				core.Stage(&op, sequence, now)
				sequence++
			}
		}
		now += int64(Tick)
		core.Advance(now)
		for len(core.Decide()) > 0 {
			core.Release()
		}
	}
	wave(5000, 30)
	large := core.Bytes()
	require.Greater(t, large, 5000*30*20)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		core.Age()
		wave(5000, 30)
	}))
	require.Equal(t, large, core.Bytes())

	core.Age()
	wave(50, 3)
	require.Equal(t, large, core.Bytes(), "the wave before was large")
	core.Age()
	wave(50, 3)
	core.Age()
	wave(50, 3)
	require.Less(t, core.Bytes(), large/10)
}

// So does one of operations that lose early, more in a look than are kept for ever.
func TestEarlyLossesKeepTheirMemory(t *testing.T) {
	const each = 3 * fewRefilled
	core := NewCore(CoreConfig{Rules: []Rules{{Early: true}}})
	core.watched = true // which takes as many notices
	sequence, now := uint64(0), int64(0)
	look := func(operations int) {
		for range operations {
			core.Stage(&Op{Target: target(1), At: unstamped, Terms: NewTerms(time.Hour, 1)}, sequence, now)
			sequence++
		}
		now += int64(Tick)
		core.Advance(now)
		core.Decide()
		core.Release()
	}
	look(1 + each)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		look(each)
		core.Age()
	}))
	require.GreaterOrEqual(t, cap(core.dismissed), each)
	require.True(t, core.Surplus())
	core.Age()
	require.Zero(t, cap(core.dismissed)+cap(core.notices), "of a burst nothing is kept")
	require.False(t, core.Surplus())
	for _, grown := range []func(){
		func() { core.dismissed = make([]Dismissal, 0, each) },
		func() { core.notices = make([]notice, 0, each) },
		func() { core.preempted = make([]Preemption, 0, each) },
	} {
		grown()
		require.True(t, core.Surplus())
		core.Age()
		require.False(t, core.Surplus())
	}
	look(fewRefilled / 2)
	core.Age()
	core.Age()
	require.NotZero(t, cap(core.dismissed), "a little is kept for ever")
	require.False(t, core.Surplus())
}

// After a burst the memory goes back, also if nothing comes any more, and then the
// owner sleeps without a timer.
func TestMemoryGoesBackInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		s := New(Config{RingSize: 1 << 16, Now: func() int64 { return int64(time.Since(start)) }})
		for n := range uint64(1 << 15) {
			_, err := s.Stage(&Op{Target: target(n), Hash: tableHashes["spread"](n), Terms: NewTerms(time.Millisecond, 0)})
			require.NoError(t, err)
		}
		go s.Run()
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
		before := s.Stats()
		require.Zero(t, before.Staged)
		require.Greater(t, before.Bytes-s.ring.Bytes(), 1<<20)

		time.Sleep(3 * time.Duration(ageEvery))
		synctest.Wait()
		after := s.Stats()
		require.Less(t, after.Bytes-s.ring.Bytes(), 1<<17)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, after.Sleeps, s.Stats().Sleeps)
		s.Close()
		<-s.Done()
	})
}
