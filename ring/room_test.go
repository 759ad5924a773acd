package ring

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRoomAdmitsInOrderAndNoMoreThanFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := NewRoom()
		admitted := make(chan int, 5)
		for i := range 5 {
			go func() {
				room.Enter()
				defer room.Leave()
				room.Wait(nil, nil)
				admitted <- i
			}()
			synctest.Wait() // until it waits, so that the order is known
		}
		room.Admit(0)
		room.Admit(-1)
		synctest.Wait()
		require.Empty(t, admitted)

		room.Admit(2)
		synctest.Wait()
		require.NotZero(t, room.Waiting())
		require.Len(t, admitted, 2)
		require.ElementsMatch(t, []int{0, 1}, []int{<-admitted, <-admitted})

		room.Admit(100)
		synctest.Wait()
		require.Zero(t, room.Waiting())
		require.Len(t, admitted, 3)
	})
}

// Admit does not wait for producers that are on their way.
func TestRoomAdmitNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // reports what blocks
		room := NewRoom()
		room.Admit(8)
		room.Enter()
		room.Admit(8)
		require.NotZero(t, room.Waiting())
		room.Leave()
		require.Zero(t, room.Waiting())
	})
}

// A thousand producers through eight slots: none stays behind, though a seat
// entitles to a try only and the owner sleeps between its looks.
func TestRoomAdmitsEverybody(t *testing.T) {
	const producers = 1000
	synctest.Test(t, func(t *testing.T) {
		r, b, room := New[int](8), NewBell(), NewRoom()
		for p := range producers {
			go func() {
				if _, err := r.Push(&p); err != nil {
					pushFromRoom(r, b, room, p)
				}
				b.Publish(Unstamped)
			}()
		}
		seen := map[int]bool{}
		for looks := 0; len(seen) < producers; looks++ {
			require.Less(t, looks, 100*producers, "%d were admitted", len(seen))
			r.Drain(r.Tail(), func(_ uint64, p *int) {
				require.False(t, seen[*p])
				seen[*p] = true
			})
			room.Admit(r.Cap() - r.Len())
			d := time.Hour
			if room.Waiting() > 0 {
				d = time.Millisecond // the bubble's time, not ours
			}
			b.Arm(Anything)
			if len(seen) < producers && !r.Ready() {
				b.WaitFor(d)
			}
			b.Disarm()
		}
		synctest.Wait()
		require.Zero(t, room.Waiting())
	})
}

// pushFromRoom is the producer's side of the protocol.
func pushFromRoom(r *Ring[int], b *Bell, room *Room, v int) {
	room.Enter()
	defer room.Leave()
	for {
		if _, err := r.Push(&v); err == nil {
			return
		}
		b.Ring()
		room.Wait(nil, nil)
	}
}
