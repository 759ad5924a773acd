package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// What comes after Stop has given up on a hook is dropped, as what waited for it then
// was; what comes after a subscriber has left is wanted by nobody.
func TestOfferedToOneWhoIsGone(t *testing.T) {
	events := []Event{{Kind: EventStaged}, {Kind: EventStarted}, {Kind: EventStaged}}
	for name, test := range map[string]struct {
		leave   func(*sink) int
		dropped int
	}{
		"abandoned": {(*sink).abandon, 3 + 2},
		"closed":    {func(s *sink) int { s.close(); return 0 }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSink(wants{kinds: kindSet(0).with(EventStaged)}, 2)
			dropped := s.offer(events)
			require.Zero(t, dropped)
			dropped += s.offer(events[:1])
			dropped += test.leave(s)
			dropped += s.offer(events)
			require.Equal(t, test.dropped, dropped)
			require.EqualValues(t, test.dropped, s.dropped.Load())
		})
	}
}

// Bursts that follow each other allocate nothing; the memory of one that was larger, or
// the last of many, goes back.
func TestMemoryOfASink(t *testing.T) {
	s := newSink(wants{kinds: allKinds}, 2*manyEvents)
	burst := func(n int) {
		require.Zero(t, s.offer(slices.Repeat([]Event{{Kind: EventStaged}}, n)))
		for range n {
			_, ok, _ := s.pop()
			require.True(t, ok)
		}
	}
	kept := func() *Event { return unsafe.SliceData(s.events) }
	burst(700)
	first := kept()
	for range 5 {
		burst(700)
		require.Same(t, first, kept(), "the same memory")
	}
	for range nowAndThen - 1 {
		burst(1)
		require.Same(t, first, kept(), "others may follow")
	}
	burst(700)
	require.Same(t, first, kept())
	for range nowAndThen {
		require.NotNil(t, kept())
		burst(1)
	}
	require.Nil(t, kept(), "too much for few")
	burst(fewEvents / 2)
	burst(1)
	require.NotNil(t, kept())
	burst(2 * manyEvents)
	require.Nil(t, kept(), "too much for any")
}

// Events are taken in the order in which they were put in, and none is held when it was
// taken, however the queue grows and wherever it stands in its memory.
func TestOrderOfASink(t *testing.T) {
	const bound = 300
	rng := rand.New(rand.NewPCG(7, 7))
	for range 50 {
		s := newSink(wants{kinds: allKinds}, bound)
		put, taken := 0, 0
		for range 100 {
			for range rng.IntN(40) {
				dropped := s.offer([]Event{{Kind: EventStaged, Contenders: put}})
				require.Equal(t, put-taken == bound, dropped > 0)
				put += 1 - dropped
			}
			for range rng.IntN(30) {
				ev, ok, _ := s.pop()
				require.Equal(t, taken < put, ok)
				if ok {
					require.Equal(t, taken, ev.Contenders)
					taken++
				}
			}
			held := 0
			for i := range s.events {
				if s.events[i] != (Event{}) {
					held++
				}
			}
			require.Equal(t, put-taken, held)
			require.LessOrEqual(t, len(s.events), bound)
		}
		require.Greater(t, taken, 2*bound)
		require.Equal(t, bound, len(s.events), "it has grown")
	}
}
