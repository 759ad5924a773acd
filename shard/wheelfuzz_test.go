package shard

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzWheel runs a wheel against a heap and, if all its windows are of one
// length, against a queue, too. The first byte says whether they are, the next
// two how long; then instructions of three bytes: the first chooses one and
// gives a shift, the others the digits of a span or a number.
func FuzzWheel(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x10\x01\x00\x90\x01\x00"))
	f.Add([]byte("\x00\x00\x00\x28\xff\xff\x14\x01\x00\x80\xff\x00\x88\xff\xff"))
	f.Add([]byte("\x00\x00\x00\x1c\x00\x10\x94\x00\x0f\x14\x00\x01\x94\x00\x10"))
	f.Add([]byte("\x00\x00\x00\x1c\x00\x10\x5c\x00\x10\xd0\x01\x00\x9c\x00\x10\xc0\x00\x00"))
	f.Add([]byte("\x91\xff\x00\x00\x00\x00\x00\x00\x00\x90\x01\x00\x40\x00\x00\x94\x01\x00\xc0\x01\x00"))
	f.Add([]byte("\x00\x00\x00\xc7\x00\x00\x10\x01\x00\xc7\x00\x00\x10\x01\x00\x9c\x01\x00"))
	f.Add([]byte("\xa8\x01\x00\x00\x00\x00\xb0\x01\x00\x01\x00\x00\xf0\x00\x00\xbf\xff\xff"))
	// Two for one tick, the first from so far that it is dealt to a lower level.
	f.Add([]byte("\x00\x00\x00\x0e\x09\x3d\x8d\x09\x3d\x8b\x09\x3d\x0b\x1b\xb7"))
	// The last of a slot leaves, and others come.
	f.Add([]byte("\x00\x00\x00\x4a\x01\x00\xc0\x01\x00\x0a\x01\x00\x0a\x01\x00"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) < 3 {
			return
		}
		w := newWheelFuzz(t, program[0], binary.LittleEndian.Uint16(program[1:]))
		for program = program[3:]; len(program) >= 3; program = program[3:] {
			w.do(program[0]>>6, program[0]&0x3f, binary.LittleEndian.Uint16(program[1:]))
		}
		w.finish()
	})
}

// wheelFuzz is a wheel beside its heap and, for windows of one length, beside a
// queue, which the order of adding is then.
type wheelFuzz struct {
	*wheelRun
	one   int64    // the length of all windows; 0 if they differ
	queue []uint32 // indices, if they do not
}

func newWheelFuzz(t testing.TB, first byte, digits uint16) *wheelFuzz {
	w := &wheelFuzz{wheelRun: newWheelRun(t)}
	if first&0x80 != 0 {
		w.one = 1 + int64(digits)<<(first&0x3f%40)
	}
	return w
}

func (w *wheelFuzz) do(kind, shift byte, digits uint16) {
	span := int64(digits) << (shift % 43)
	switch kind {
	case 0:
		w.open(1 + span)
	case 1: // two at once: neighbours in a slot
		w.open(1 + span)
		w.open(1 + span)
	case 2:
		if gap := span / int64(Tick); w.wheel.tick+gap < maxGap/int64(Tick) {
			w.pass(gap)
		}
	case 3:
		switch n := len(w.want); {
		case shift&7 == 7:
			w.readyOne()
		case n > 0:
			w.leave(int(digits) % n)
		}
	}
}

// open adds a window.
func (w *wheelFuzz) open(after int64) {
	if w.one > 0 {
		after = w.one
	}
	w.add(after)
	if w.one > 0 {
		newest := slices.MaxFunc(w.want, func(a, b timer) int { return a.added - b.added })
		w.queue = append(w.queue, newest.index)
	}
}

// leave closes a window before its time.
func (w *wheelFuzz) leave(n int) {
	index := w.want[n].index
	w.remove(n)
	w.queue = slices.DeleteFunc(w.queue, func(i uint32) bool { return i == index })
}

// readyOne makes a group fire that is in no slot.
func (w *wheelFuzz) readyOne() {
	index, _ := w.groups.alloc()
	w.wheel.ready(index)
	w.readied = append(w.readied, index)
}

// pass moves on. What fires was readied before, or comes in the heap's order,
// which for windows of one length is that of the queue.
func (w *wheelFuzz) pass(ticks int64) {
	for _, want := range w.readied {
		index, ok := w.wheel.popFired()
		require.True(w.t, ok)
		require.Equal(w.t, want, index, "readied")
		w.groups.release(index)
	}
	w.readied = nil
	if w.one > 0 { // the heap, with which advance compares, is in the queue's order
		due := 0
		for _, at := range w.want {
			if at.tick <= w.wheel.tick+ticks {
				due++
			}
		}
		var first []uint32
		for _, at := range slices.SortedFunc(slices.Values(w.want), byTurn)[:due] {
			first = append(first, at.index)
		}
		require.True(w.t, slices.Equal(w.queue[:due], first), "heap %v, queue %v", first, w.queue[:due])
		w.queue = w.queue[due:]
	}
	w.advance(ticks)
}

func byTurn(a, b timer) int {
	if (timers{a, b}).Less(0, 1) {
		return -1
	}
	return 1
}

// finish lets everything fire, at once or in its time.
func (w *wheelFuzz) finish() {
	w.pass(0)
	if w.added%2 == 0 {
		w.drain()
		return
	}
	left := len(w.want)
	w.wheel.fireAll()
	for range left {
		index, ok := w.wheel.popFired()
		require.True(w.t, ok)
		w.groups.release(index)
	}
	w.want = nil
	w.drain()
	require.Zero(w.t, w.wheel.live)
	require.Zero(w.t, w.groups.live)
}
