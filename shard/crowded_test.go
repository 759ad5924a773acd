package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Newcomers leave as many slots as producers wait for room, and no more: else a
// few producers in a loop would each have to park for every operation.
func TestNewcomersLeaveRoomToThoseWhoWait(t *testing.T) {
	const slots = 8
	stages := map[string]func(*Shard) error{
		"one": func(s *Shard) error {
			_, err := s.Stage(&Op{Target: target(1), Terms: NewTerms(1, 0)})
			return err
		},
		"batch": func(s *Shard) error {
			_, _, err := s.StageAll([]Op{{Target: target(1), Terms: NewTerms(1, 0)}})
			return err
		},
	}
	for name, stage := range stages {
		for waiting := range slots + 2 {
			s := New(Config{RingSize: slots, Now: func() int64 { return 0 }})
			for range waiting {
				s.room.Enter()
			}
			for range max(0, slots-waiting) {
				require.NoError(t, stage(s), "%s, %d wait", name, waiting)
			}
			require.ErrorIs(t, stage(s), ErrFull, "%s, %d wait", name, waiting)
			for range waiting {
				s.room.Leave()
			}
			if waiting > 0 {
				require.NoError(t, stage(s), "%s, %d have waited", name, waiting)
			}
		}
	}
}
