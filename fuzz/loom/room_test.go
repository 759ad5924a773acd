//go:build explore

package loom

import (
	"fmt"
	"testing"
	"time"

	"example.com/contend/ring"
)

var roomConfigurations = []configuration{
	roomWith(2, 1, 1, "", 8, 4),
	roomWith(2, 2, 1, "", 12, 3),
	roomWith(3, 1, 1, "", 12, 3),
	roomWith(3, 1, 2, "", 12, 3),
	roomWith(2, 1, 1, "gives up", 8, 3),
	roomWith(3, 1, 1, "gives up", 10, 3),
	roomWith(2, 1, 1, "closes", 8, 3),
	roomWith(3, 1, 1, "closes", 10, 3),
}

func TestRoom(t *testing.T) { explore(t) }

// roomWith is a ring with more producers than slots, who park in a room; the
// owner looks at least every millisecond while they do. Producer 0 may give up
// meanwhile, or the ring be closed.
func roomWith(producers, items, slots int, happens string, share, preemptions int) configuration {
	name := fmt.Sprintf("%dx%d,slots=%d", producers, items, slots)
	if happens != "" {
		name += "," + happens
	}
	return configuration{name, share, preemptions, false, func(w *World) func() {
		u := &roomUsers{
			World: w, ring: ring.New[uint64](slots), bell: ring.NewBell(), room: ring.NewRoom(),
			closing: make(chan struct{}), left: producers * items,
		}
		w.Name("ring", u.ring)
		w.Name("bell", u.bell)
		w.Name("room", u.room)
		for p := range producers {
			var done chan struct{}
			if p == 0 && happens == "gives up" {
				done = make(chan struct{})
				defer w.Go("canceller", func() { w.Event(); close(done); u.gaveUp = true })
			}
			w.Go(producerNames[p], func() {
				for i := range items {
					u.submit(value(p, i), done)
				}
			})
		}
		w.Go("owner", u.own)
		if happens == "closes" {
			w.Go("closer", func() {
				u.ring.Close()
				close(u.closing)
				u.bell.Ring()
			})
		}
		return u.check
	}}
}

type roomUsers struct {
	*World
	ring    *ring.Ring[uint64]
	bell    *ring.Bell
	room    *ring.Room
	closing chan struct{}
	gaveUp  bool

	left                     int // values not submitted or given up yet
	accepted, refused, taken int
}

// submit is how shard.Shard.StageWait does it.
func (u *roomUsers) submit(v uint64, done <-chan struct{}) {
	err := ring.ErrFull
	if waiting := u.room.Waiting(); waiting == 0 || u.ring.Cap()-u.ring.Len() > waiting {
		_, err = u.ring.Push(&v)
	}
	if err == ring.ErrFull {
		u.room.Enter()
		err = u.wait(&v, done)
		u.room.Leave()
	}
	if u.left--; err != nil {
		u.refused++
	} else {
		u.accepted++
	}
	if u.left == 0 || err == nil {
		u.bell.Publish(ring.Unstamped)
	}
}

func (u *roomUsers) wait(v *uint64, done <-chan struct{}) error {
	for {
		u.bell.Ring()
		if !u.room.Wait(done, u.closing) {
			return ring.ErrClosed
		}
		if _, err := u.ring.Push(v); err != ring.ErrFull {
			return err
		}
	}
}

func (u *roomUsers) own() {
	for {
		tail := u.ring.Tail()
		u.ring.Drain(tail, func(uint64, *uint64) { u.taken++ })
		u.room.Admit(u.ring.Cap() - u.ring.Len())
		if u.left == 0 && u.taken == u.accepted {
			return
		}
		if u.room.Waiting() > 0 {
			u.bell.WaitFor(time.Millisecond)
			continue
		}
		u.bell.Arm(ring.Anything)
		if !u.ring.Ready() && !(u.left == 0 && u.taken == u.accepted) {
			u.bell.Wait()
		}
		u.bell.Disarm()
	}
}

func (u *roomUsers) check() {
	select {
	case <-u.closing:
	default:
		if u.refused > 0 && !u.gaveUp {
			u.Failf("%d values were refused", u.refused)
		}
	}
	if u.room.Waiting() > 0 || u.ring.Len() != 0 || u.taken != u.accepted {
		u.Failf("waiting: %d, in the ring: %d, taken: %d of %d", u.room.Waiting(), u.ring.Len(), u.taken, u.accepted)
	}
	if most := int64(u.accepted+1) * int64(time.Millisecond); u.Time() > most {
		u.Failf("it took %d ns, at most %d are needed", u.Time(), most)
	}
}
