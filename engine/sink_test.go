package engine

import (
	"testing"

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
