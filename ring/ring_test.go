package ring

import (
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// drained takes everything below limit out and returns it; whole is Drain's.
func drained[T any](r *Ring[T], limit uint64) (values []T, whole bool) {
	whole = r.Drain(limit, func(_ uint64, v *T) { values = append(values, *v) })
	return values, whole
}

// mustPush pushes values one by one and returns the position of the last.
func mustPush[T any](t *testing.T, r *Ring[T], values ...T) (last uint64) {
	t.Helper()
	for i := range values {
		var err error
		last, err = r.Push(&values[i])
		require.NoError(t, err)
	}
	return last
}

func TestNewRoundsUp(t *testing.T) {
	for capacity, slots := range map[int]int{1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 1000: 1024} {
		require.Equal(t, slots, New[int](capacity).Cap(), "capacity %d", capacity)
	}
	require.Panics(t, func() { New[int](0) })
	require.Panics(t, func() { New[int](1<<30 + 1) })
}

func TestFullRefuses(t *testing.T) {
	for _, capacity := range []int{1, 2, 4} {
		r := New[int](capacity)
		for i := range capacity {
			require.EqualValues(t, i, mustPush(t, r, i))
		}
		refused := -1
		_, err := r.Push(&refused)
		require.ErrorIs(t, err, ErrFull)
		_, _, err = r.PushAll([]int{refused})
		require.ErrorIs(t, err, ErrFull)
		require.Equal(t, capacity, r.Len())

		// One slot given back admits one value, and nothing was overwritten.
		first, whole := drained(r, 1)
		require.True(t, whole)
		require.Equal(t, []int{0}, first)
		mustPush(t, r, capacity)
		_, err = r.Push(&refused)
		require.ErrorIs(t, err, ErrFull)
		rest, _ := drained(r, r.Tail())
		for i, v := range rest {
			require.Equal(t, i+1, v)
		}
		require.Len(t, rest, capacity)
	}
}

func TestPushAllTakesPrefix(t *testing.T) {
	r := New[int](8)
	mustPush(t, r, 0, 1, 2)

	first, n, err := r.PushAll(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, first)

	first, n, err = r.PushAll([]int{3, 4, 5, 6, 7, 8, 9})
	require.NoError(t, err)
	require.EqualValues(t, 3, first)
	require.Equal(t, 5, n, "the room that was left")

	_, n, err = r.PushAll([]int{8, 9})
	require.ErrorIs(t, err, ErrFull)
	require.Zero(t, n)

	values, whole := drained(r, r.Tail())
	require.True(t, whole)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, values)

	r.Close()
	_, n, err = r.PushAll([]int{8, 9})
	require.ErrorIs(t, err, ErrClosed)
	require.Zero(t, n)
}

// Drain gives slots back while it goes on, so producers of a large backlog
// need not wait for its end.
func TestDrainGivesBackOnTheWay(t *testing.T) {
	const slots = 2 * releaseEvery
	r := New[int](slots)
	mustPush(t, r, make([]int, slots)...)
	r.Drain(r.Tail(), func(position uint64, _ *int) {
		if position == releaseEvery {
			require.Equal(t, slots-releaseEvery, r.Len())
		}
	})
	require.Zero(t, r.Len())
}

// Positions must not care where they stand in 32 or 63 bits.
func TestWrapAround(t *testing.T) {
	for _, start := range []uint64{0, 1<<31 - 13, 1<<32 - 13, 1<<62 - 13} {
		r := newAt[uint64](4, start)
		next := start // of the values, which are their own positions
		for lap := range 20 {
			batch := []uint64{next, next + 1, next + 2, next + 3, next + 4}[:1+lap%5]
			first, n, err := r.PushAll(batch)
			require.NoError(t, err)
			require.Equal(t, next, first)
			require.Equal(t, min(len(batch), 4), n)
			require.Equal(t, n, r.Len())
			require.True(t, r.Ready())

			require.True(t, r.Drain(r.Tail(), func(position uint64, v *uint64) {
				require.Equal(t, next, position)
				require.Equal(t, next, *v)
				next++
			}))
			require.Equal(t, next, r.Tail())
			require.Equal(t, next, r.Drained())
			require.False(t, r.Ready())
		}
		require.Equal(t, next, r.Close())
	}
}

// A producer that stalls between claim and publish stops the owner, but not
// the other producers before the ring is full, and not Close.
func TestHole(t *testing.T) {
	for earlier := range uint64(9) {
		testHole(t, earlier)
	}
	for earlier := range uint64(9) { // the lap that a slot tells comes round
		testHole(t, 4<<(64-MarkBits)-8+earlier)
	}
}

// testHole has the hole behind so many earlier values, whose traces in the
// slots must not be taken for the missing one.
func testHole(t *testing.T, earlier uint64) {
	r := New[string](4)
	for range earlier {
		mustPush(t, r, "old")
		drained(r, r.Tail())
	}
	mustPush(t, r, "a")
	hole, _, err := r.Claim(1)
	require.NoError(t, err)
	mustPush(t, r, "c", "d")
	refused := "e"
	_, err = r.Push(&refused)
	require.ErrorIs(t, err, ErrFull)

	values, whole := drained(r, r.Tail())
	require.False(t, whole)
	require.Equal(t, []string{"a"}, values)
	require.False(t, r.Ready())
	mustPush(t, r, "e") // the slot in front of the hole was given back

	values, whole = drained(r, hole)
	require.True(t, whole, "a limit in front of the hole")
	require.Empty(t, values)

	tail := r.Close()
	values, whole = drained(r, tail)
	require.False(t, whole)
	require.Empty(t, values)

	b := "b"
	*r.Slot(hole) = b
	r.Publish(hole, 0) // claimed before the close: still taken
	require.True(t, r.Ready())
	values, whole = drained(r, tail)
	require.True(t, whole)
	require.Equal(t, []string{"b", "c", "d", "e"}, values)
}

// While the owner does not drain, one push and one only passes half.
func TestPassesHalf(t *testing.T) {
	for _, start := range []uint64{0, 1<<32 - 5} {
		for capacity := 1; capacity <= 16; capacity *= 2 {
			for size := 1; size <= capacity; size++ {
				r := newAt[int](capacity, start)
				passed := 0
				for {
					first, n, err := r.PushAll(make([]int, size))
					if err != nil {
						break
					}
					if r.PassesHalf(first, n) {
						passed++
						require.GreaterOrEqual(t, r.Len(), max(1, capacity/2))
					}
				}
				require.Equal(t, 1, passed, "capacity %d, pushed by %d", capacity, size)
			}
		}
	}
}

func TestDrainedSlotsHoldNothing(t *testing.T) {
	const values = 6
	r := New[*[64]byte](8)
	refs := make([]weak.Pointer[[64]byte], values)
	func() {
		for i := range refs {
			v := new([64]byte)
			refs[i] = weak.Make(v)
			mustPush(t, r, v)
		}
	}()
	r.Drain(values/2, func(uint64, **[64]byte) {})
	runtime.GC()
	for i, ref := range refs {
		if i < values/2 {
			require.Nil(t, ref.Value(), "value %d was drained", i)
		} else {
			require.NotNil(t, ref.Value(), "value %d is in the ring", i)
		}
	}
	runtime.KeepAlive(r)
}
