//go:build !explore

package shard

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An owner gives way after it has told for a millisecond, then after as long as it was
// away; seldom, if somebody keeps the processor.
func TestTurns(t *testing.T) {
	const ms = int64(time.Millisecond)
	var turns turns
	tells := func(looked, from int64) (until int64) {
		for now := from; ; now += ms / 4 {
			if turns.due(now, looked) {
				return now
			}
			require.Less(t, now, from+1000*ms)
		}
	}
	require.Equal(t, 101*ms, tells(100*ms, 100*ms))
	turns.back(101*ms + ms/2)
	require.Equal(t, 102*ms+ms/2, tells(100*ms, 101*ms+ms/2), "not more often")
	turns.back(107 * ms)
	require.Equal(t, 111*ms+ms/2, tells(100*ms, 107*ms), "as long as others had it")
	turns.back(113*ms + ms/2)

	// What was told in the look before counts, but not the time between.
	require.False(t, turns.due(114*ms, 100*ms))
	require.False(t, turns.due(200*ms, 200*ms))
	require.False(t, turns.due(201*ms, 200*ms))
	require.True(t, turns.due(201*ms+ms/2, 200*ms))
	turns.back(211*ms + ms/2)
	require.Equal(t, 371*ms+ms/2, tells(200*ms, 211*ms+ms/2), "somebody computes on")
	turns.back(371*ms + ms/2)
	require.False(t, turns.due(373*ms, 372*ms+ms/2), "a short look")
	require.True(t, turns.due(373*ms+ms/2, 372*ms+ms/2), "nobody computes on any more")
}

// Processors are scarce where all are busy, and not where some are idle.
func TestScarce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var turns turns
	if !turns.scarce() {
		t.Skip("this version of Go does not tell how many run")
	}
	runtime.GOMAXPROCS(8)
	for tries := 0; turns.scarce(); tries++ { // some look for work for a while
		require.Less(t, tries, 1_000_000)
		runtime.Gosched()
	}
}

func BenchmarkScarce(b *testing.B) {
	var turns turns
	b.ReportAllocs()
	for b.Loop() {
		turns.scarce()
	}
}

// Whoever is woken while an owner tells many need not wait until it has told all: be they
// of many groups or of one.
func TestOwnerGivesWay(t *testing.T) {
	t.Run("many groups", func(t *testing.T) { testOwnerGivesWay(t, 4*batchSize, 8) })
	t.Run("one group", func(t *testing.T) { testOwnerGivesWay(t, 1, 4*longLook) })
}

func testOwnerGivesWay(t *testing.T, groups, each uint64) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rounds = 10
	var now int64
	var told, seen atomic.Int64 // seen: how many were told when somebody who was woken ran
	s := New(Config{RingSize: int(groups * each), Now: func() int64 { return now }})
	defer s.bell.Close()
	if !s.owner.turns.scarce() {
		t.Skip("this version of Go does not tell how many run")
	}
	telling := contender(func(*Verdict) {
		now += 500 // nanoseconds: a millisecond for a batch
		if told.Add(1) == 1 {
			go func() { seen.Store(told.Load()) }()
		}
	})
	for range rounds { // in one or the other Go may take the processor from the owner
		told.Store(0)
		seen.Store(0)
		for i := range groups * each {
			op := Op{Target: target(i % groups), Ticket: &Ticket{To: telling}, Terms: NewTerms(time.Millisecond, 0), Hash: tableHashes["spread"](i % groups)}
			_, err := s.Stage(&op)
			require.NoError(t, err)
		}
		require.True(t, s.look())
		now += int64(time.Second)
		require.True(t, s.look())
		require.EqualValues(t, groups*each, told.Load())
		require.Positive(t, seen.Load())
		require.Less(t, seen.Load(), int64(groups*each), "at the second turn if not at the first: Go lets the same one go on now and then")
	}
}
