//go:build explore

package loom

import (
	"fmt"
	"testing"
	"time"

	"example.com/contend/ring"
)

var bellConfigurations = []configuration{
	bellWith(1, 1, ring.NewBell, false, 4, 6, true),
	bellWith(1, 3, ring.NewBell, false, 8, 5, true),
	bellWith(2, 1, ring.NewBell, false, 10, 5, true),
	bellWith(2, 2, ring.NewBell, false, 12, 4, false),
	bellWith(3, 1, ring.NewBell, false, 12, 4, false),
	bellWith(1, 2, ring.NewBell, true, 6, 6, true),
	bellWith(2, 1, ring.NewBell, true, 10, 5, true),
	bellWith(2, 2, ring.NewBell, true, 12, 4, false),
	bellWith(1, 2, ring.NewAlarmedBell, true, 6, 6, true),
	bellWith(2, 1, ring.NewAlarmedBell, true, 10, 5, true),
	bellWith(2, 2, ring.NewAlarmedBell, true, 12, 4, false),
}

func TestBell(t *testing.T) { explore(t) }

// bellWith is a ring whose owner sleeps when it finds nothing, as the picture at
// ring.Bell shows: without a timer, or timed, until a deadline of its own.
func bellWith(producers, items int, newBell func() *ring.Bell, timed bool, share, preemptions int, all bool) configuration {
	name := fmt.Sprintf("%dx%d", producers, items)
	if timed {
		name += ",timed"
	}
	if newBell().Alarmed() {
		name += ",alarmed"
	}
	return configuration{name, share, preemptions, all, func(w *World) func() {
		u := &bellUsers{World: w, ring: ring.New[uint64](producers * items), bell: newBell(), total: producers * items}
		w.Name("ring", u.ring)
		w.Name("bell", u.bell)
		for p := range producers {
			w.Go(producerNames[p], func() {
				for i := range items {
					u.push(value(p, i), timed && (p+i)%2 == 0)
				}
			})
		}
		w.Go("owner", func() { u.own(timed) })
		return u.check
	}}
}

type bellUsers struct {
	*World
	ring         *ring.Ring[uint64]
	bell         *ring.Bell
	taken, total int
}

// deadline is until when a timed owner sleeps; soon is due before, later is not.
const deadline, soon, later = 1000, 500, 1500

// push pushes a value that is due soon, or else some time.
func (u *bellUsers) push(v uint64, isSoon bool) {
	due := int64(ring.Unstamped)
	switch asleep := u.bell.Asleep(); {
	case isSoon:
		v, due = soon, soon
	case asleep:
		v, due = later, later
	}
	if _, err := u.ring.Push(&v); err != nil {
		u.Failf("refused: %v", err)
	}
	u.bell.Publish(due)
}

func (u *bellUsers) own(timed bool) {
	before, whole := int64(ring.Anything), false
	if timed {
		before = deadline
	}
	for {
		whole = u.ring.Drain(u.ring.Tail(), u.take)
		if u.taken == u.total {
			return
		}
		if u.Time() >= before {
			before, timed = ring.Anything, false
		}
		u.bell.Arm(before)
		if !u.ring.Ready() {
			u.sleep(timed, whole)
		}
		u.bell.Disarm()
	}
}

// sleep is the rest of the handshake.
func (u *bellUsers) sleep(timed, whole bool) {
	if u.ring.Tail() != u.ring.Drained() { // a hole
		u.bell.Arm(ring.Anything)
		if u.ring.Ready() {
			return
		}
		timed = timed && whole
	}
	if timed {
		u.bell.WaitFor(time.Duration(deadline - u.Time()))
	} else {
		u.bell.Wait()
	}
}

func (u *bellUsers) take(_ uint64, v *uint64) {
	u.taken++
	if (*v == soon || *v == later) && u.Time() > int64(*v) {
		u.Failf("what was due at %d is taken at %d", *v, u.Time())
	}
}

func (u *bellUsers) check() {
	if u.ring.Len() != 0 {
		u.Failf("%d values are left", u.ring.Len())
	}
	if u.bell.Asleep() {
		u.Failf("the owner has ended asleep")
	}
}
