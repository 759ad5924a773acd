package ring

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// A drain gives slots back releaseEvery at a time and no oftener, wherever it
// begins: in between, head's cache line stays with the producers.
func TestDrainGivesBackInLots(t *testing.T) {
	const slots = 4 * releaseEvery
	for _, start := range []uint64{0, 1, releaseEvery - 1, 12345, 1 << 40} {
		r := newAt[int](slots, start)
		mustPush(t, r, make([]int, slots)...)
		r.Drain(r.Tail(), func(position uint64, _ *int) {
			lots := int(position-start) / releaseEvery
			require.Equal(t, slots-lots*releaseEvery, r.Len(), "at %d from %d", position, start)
		})
		require.Zero(t, r.Len())
	}
}

func TestBytesAreThoseOfTheSlots(t *testing.T) {
	r := New[[3]uint64](5)
	require.Equal(t, 8*int(unsafe.Sizeof(r.slots[0])), r.Bytes())
	require.GreaterOrEqual(t, r.Bytes(), 8*(8+3*8))
}
