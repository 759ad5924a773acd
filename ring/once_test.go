package ring

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is published after an owner was rung, and before it arms again, finds it
// awake: the chime may be taken already, and a second one would wake it for
// nothing.
func TestBellIsSilentOnceItRang(t *testing.T) {
	b := NewBell()
	for _, before := range []int64{100, Anything} {
		b.Arm(before)
		require.True(t, b.Asleep())
		b.Publish(1)
		require.True(t, rang(b))
		require.False(t, b.Asleep(), "rung is awake")
		b.Publish(1)
		b.Publish(Unstamped)
		require.False(t, rang(b))
		b.Disarm()
	}
}
