//go:build explore

package loom

import (
	"fmt"
	"reflect"
	"testing"

	"example.com/contend/ring"
)

var ringConfigurations = []configuration{
	ringWith(ringSizes{producers: 2, items: 1, slots: 2, drains: 2}, 6, 9, true),
	ringWith(ringSizes{producers: 2, items: 1, slots: 1, drains: 2}, 6, 9, true),
	ringWith(ringSizes{producers: 2, items: 2, slots: 2, drains: 2}, 10, 4, true),
	ringWith(ringSizes{producers: 2, items: 2, slots: 4, drains: 2}, 10, 4, true),
	ringWith(ringSizes{producers: 3, items: 1, slots: 2, drains: 2}, 10, 4, true),
	ringWith(ringSizes{producers: 3, items: 2, slots: 2, drains: 3}, 10, 3, false),
	ringWith(ringSizes{producers: 2, items: 2, slots: 2, drains: 2, batches: true}, 10, 4, true),
	ringWith(ringSizes{producers: 2, items: 3, slots: 4, drains: 2, batches: true}, 10, 4, true),
	ringWith(ringSizes{producers: 1, items: 2, slots: 2, drains: 2, closes: true}, 6, 5, true),
	ringWith(ringSizes{producers: 2, items: 1, slots: 2, drains: 1, closes: true}, 10, 5, true),
	ringWith(ringSizes{producers: 2, items: 2, slots: 2, drains: 2, closes: true}, 10, 3, false),
	ringWith(ringSizes{producers: 2, items: 2, slots: 4, drains: 2, ordered: true}, 10, 4, false),
	ringWith(ringSizes{producers: 2, items: 2, slots: 2, drains: 2, ordered: true, closes: true}, 10, 3, false),
}

func TestRing(t *testing.T) { explore(t) }

// ringSizes are a ring's users.
type ringSizes struct {
	producers, items int  // that each of them pushes
	slots            int  // of the ring
	drains           int  // of the owner, while they push
	batches          bool // with one PushAll, else one by one
	closes           bool // somebody closes the ring meanwhile
	ordered          bool // events are compared, too: which call had returned when another began
}

func ringWith(z ringSizes, share, preemptions int, all bool) configuration {
	name := fmt.Sprintf("%dx%d,slots=%d,drains=%d", z.producers, z.items, z.slots, z.drains)
	for _, option := range []struct {
		on   bool
		name string
	}{{z.batches, "batches"}, {z.closes, "closes"}, {z.ordered, "ordered"}} {
		if option.on {
			name += "," + option.name
		}
	}
	return configuration{name, share, preemptions, all, func(w *World) func() { return newRingUsers(w, z).check }}
}

// ringUsers are what the users of a ring have seen.
type ringUsers struct {
	*World
	ringSizes
	ring   *ring.Ring[uint64]
	pushes [][]push
	got    []uint64 // by position

	closeBegan, closeReturned int
	tail                      uint64 // of the close
}

type push struct {
	position        uint64
	err             error
	began, returned int
}

func newRingUsers(w *World, z ringSizes) *ringUsers {
	u := &ringUsers{World: w, ringSizes: z, ring: ring.New[uint64](z.slots)}
	u.got = make([]uint64, 0, z.producers*z.items)
	all := make([]push, z.producers*z.items)
	w.Name("ring", u.ring)
	for p := range z.producers {
		mine := all[p*z.items : (p+1)*z.items]
		u.pushes = append(u.pushes, mine)
		w.Go(producerNames[p], func() {
			if z.batches {
				u.pushAll(p, mine)
				return
			}
			for i := range mine {
				u.push(p, i, &mine[i])
			}
		})
	}
	w.Go("owner", func() {
		for range z.drains {
			u.drain(u.ring.Tail())
		}
	})
	if z.closes {
		w.Go("closer", u.close)
	}
	return u
}

var producerNames = [...]string{"producer 0", "producer 1", "producer 2", "producer 3"}

// value is what a producer pushes, never 0.
func value(producer, i int) uint64 { return uint64(100*(producer+1) + i) }

// began is when a call begins, if that is compared.
func (u *ringUsers) began() int {
	if u.ordered {
		return u.Event()
	}
	return 0
}

func (u *ringUsers) push(p, i int, mine *push) {
	v := value(p, i)
	mine.began = u.began()
	mine.position, mine.err = u.ring.Push(&v)
	mine.returned = u.Happened()
}

func (u *ringUsers) pushAll(p int, mine []push) {
	batch := make([]uint64, len(mine))
	for i := range batch {
		batch[i] = value(p, i)
	}
	began := u.began()
	first, n, err := u.ring.PushAll(batch)
	for i := range mine {
		mine[i] = push{first + uint64(i), err, began, u.Happened()}
		if err == nil && i >= n {
			mine[i].err = ring.ErrFull
		}
	}
}

func (u *ringUsers) drain(tail uint64) (whole bool) {
	whole = u.ring.Drain(tail, func(position uint64, v *uint64) {
		if position != uint64(len(u.got)) {
			u.Failf("position %d is drained as number %d", position, len(u.got))
		}
		u.got = append(u.got, *v)
	})
	if whole != (u.ring.Drained() == tail) || len(u.got) != int(u.ring.Drained()) {
		u.Failf("drained to %d of %d, %d values: whole is %v", u.ring.Drained(), tail, len(u.got), whole)
	}
	return whole
}

func (u *ringUsers) close() {
	u.closeBegan = u.began()
	u.tail = u.ring.Close()
	u.closeReturned = u.Happened()
}

// check checks what the package says that a user may rely on.
func (u *ringUsers) check() {
	tail := u.ring.Tail()
	if !u.drain(tail) || u.ring.Len() != 0 || u.ring.Ready() {
		u.Failf("a value is missing at position %d of %d", u.ring.Drained(), tail)
	}
	if u.closes && (u.tail != tail || u.ring.Close() != tail) {
		u.Failf("Close returned %d, the last position is %d", u.tail, tail)
	}
	accepted := 0
	for p, mine := range u.pushes {
		for i := range mine {
			accepted += u.checkPush(p, i, &mine[i])
			if i > 0 && mine[i].err == nil && mine[i-1].err == nil && mine[i-1].position >= mine[i].position {
				u.Failf("producer %d pushed to %d, then to %d", p, mine[i-1].position, mine[i].position)
			}
		}
	}
	if accepted != len(u.got) {
		u.Failf("%d pushes were accepted, %d values came out", accepted, len(u.got))
	}
	if u.ordered {
		u.checkOrder()
	}
	u.checkCleared()
}

// checkPush checks one push, and counts it if it was accepted.
func (u *ringUsers) checkPush(p, i int, mine *push) (accepted int) {
	switch mine.err {
	case nil:
		if mine.position >= uint64(len(u.got)) || u.got[mine.position] != value(p, i) {
			u.Failf("producer %d pushed %d to %d, out came %d", p, value(p, i), mine.position, u.got)
		}
		return 1
	case ring.ErrClosed:
		if !u.closes || u.ordered && mine.returned < u.closeBegan {
			u.Failf("producer %d was refused as closed before", p)
		}
	case ring.ErrFull:
		if u.producers*u.items <= u.slots {
			u.Failf("producer %d was refused as full, though all fit", p)
		}
	}
	return 0
}

// checkOrder checks that of two pushes, one of which had returned when the other
// began, it has the lower position, and that none began after the close.
func (u *ringUsers) checkOrder() {
	for _, these := range u.pushes {
		for _, a := range these {
			if u.closes && a.began > u.closeReturned && a.err == nil {
				u.Failf("a push that began after the close was accepted at %d", a.position)
			}
			for _, those := range u.pushes {
				for _, b := range those {
					if a.err == nil && b.err == nil && a.returned < b.began && a.position >= b.position {
						u.Failf("a push to %d had returned before one to %d began", a.position, b.position)
					}
				}
			}
		}
	}
}

// checkCleared looks into the slots.
func (u *ringUsers) checkCleared() {
	slots := reflect.ValueOf(u.ring).Elem().FieldByName("slots")
	for i := range slots.Len() {
		if !slots.Index(i).FieldByName("value").IsZero() {
			u.Failf("slot %d still has a value", i)
		}
	}
}
