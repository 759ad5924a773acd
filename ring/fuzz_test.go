package ring

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// wrapStarts are first positions from which a few pushes overflow 31, 32 or 62
// bits, and one from which they do not.
var wrapStarts = [...]uint64{0, 1<<32 - 13, 1<<62 - 13, 1<<31 - 13}

// FuzzRing runs a ring against a slice. The first byte gives the capacity and
// where the positions start; every other is an instruction and its count. It
// lives here, not in package fuzz, because it claims without publishing: holes
// are what a single goroutine cannot make with Push.
func FuzzRing(f *testing.F) {
	f.Add([]byte("\x04\x00\x00\x00\x00\x00\x00\x61\x00\x68"))
	f.Add([]byte("\x48\x25\x25\x63\x25\x7f\x25"))
	f.Add([]byte("\x81\x00\x22\x61\x00\xe0\x00\x61"))
	f.Add([]byte("\xc8\x43\x00\xa1\x7f\x41\x00\xa0\xa0\x7f\xe0\x7f"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 {
			return
		}
		start := wrapStarts[program[0]>>6]
		r := &ringRun{t: t, ring: newAt[uint64](1+int(program[0]&0x3f), start), start: start, head: start}
		for _, b := range program[1:] {
			r.do(b>>5, int(b&0x1f))
			r.check()
		}
		r.finish()
	})
}

// ringRun is a ring beside a slice of everything that it was ever given.
type ringRun struct {
	t           testing.TB
	ring        *Ring[uint64]
	start, head uint64
	ever        []place // by position, from start on
	holes       []span  // claimed together, in the order of claims
	closed      bool
}

// place is a position that was claimed.
type place struct {
	value     uint64
	published bool
	mark      uint64
}

// span is consecutive positions.
type span struct {
	first uint64
	n     int
}

func (r *ringRun) do(kind byte, n int) {
	switch kind {
	case 0:
		r.push()
	case 1:
		r.pushAll(n)
	case 2:
		r.claim(n)
	case 3:
		r.drain(n)
	case 4, 5:
		r.publish(n)
	case 6:
		r.drain(r.ring.Cap()) // everything, up to the first hole
	case 7:
		if n < 2 {
			r.close()
		}
	}
}

func (r *ringRun) tail() uint64         { return r.start + uint64(len(r.ever)) }
func (r *ringRun) at(p uint64) *place   { return &r.ever[p-r.start] }
func (r *ringRun) room() int            { return r.ring.Cap() - int(r.tail()-r.head) }
func (r *ringRun) nextValue() uint64    { return ^uint64(len(r.ever)) } // not zero, not the position
func (r *ringRun) published() bool      { return r.head != r.tail() && r.at(r.head).published }
func (r *ringRun) slot(p uint64) uint64 { return r.ring.slots[p&r.ring.mask].value }

// refusal is the error that a push must give, if any.
func (r *ringRun) refusal() error {
	switch {
	case r.closed:
		return ErrClosed
	case r.room() == 0:
		return ErrFull
	}
	return nil
}

func (r *ringRun) push() {
	want, value := r.tail(), r.nextValue()
	position, err := r.ring.Push(&value)
	require.Equal(r.t, r.refusal(), err)
	if err == nil {
		require.Equal(r.t, want, position)
		r.ever = append(r.ever, place{value: value, published: true})
		r.passes(span{position, 1})
	}
}

func (r *ringRun) pushAll(n int) {
	batch := make([]uint64, n)
	for i := range batch {
		batch[i] = r.nextValue() - uint64(i)
	}
	first, taken, err := r.ring.PushAll(batch)
	if n == 0 {
		require.NoError(r.t, err)
		return
	}
	require.Equal(r.t, r.refusal(), err)
	if err != nil {
		require.Zero(r.t, taken)
		return
	}
	require.Equal(r.t, r.tail(), first)
	require.Equal(r.t, min(n, r.room()), taken)
	for _, v := range batch[:taken] {
		r.ever = append(r.ever, place{value: v, published: true})
	}
	r.passes(span{first, taken})
}

// claim makes a hole of up to n positions.
func (r *ringRun) claim(n int) {
	n = max(1, n)
	first, got, err := r.ring.Claim(n)
	require.Equal(r.t, r.refusal(), err)
	if err != nil {
		return
	}
	require.Equal(r.t, r.tail(), first)
	require.EqualValues(r.t, min(n, r.room()), got)
	for range got {
		r.ever = append(r.ever, place{value: r.nextValue(), mark: r.nextValue() & (1<<MarkBits - 1)})
	}
	r.holes = append(r.holes, span{first, got})
}

// publish fills the nth hole, or another if there are not so many, from its end
// or from its beginning, so that holes are left within it meanwhile.
func (r *ringRun) publish(n int) {
	if len(r.holes) == 0 {
		return
	}
	i := n / 2 % len(r.holes)
	h := &r.holes[i]
	position := h.first
	if n%2 == 0 {
		position += uint64(h.n) - 1
	} else {
		h.first++
	}
	at := r.at(position)
	require.Zero(r.t, *r.ring.Slot(position), "what is claimed is cleared")
	*r.ring.Slot(position) = at.value
	r.ring.Publish(position, at.mark)
	at.published = true
	r.passes(span{position, 1})
	if h.n--; h.n == 0 {
		r.holes = append(r.holes[:i], r.holes[i+1:]...)
	}
}

// passes: the push that holds the slot in the middle passes half.
func (r *ringRun) passes(s span) {
	middle := r.head + uint64(max(1, r.ring.Cap()/2)) - 1
	want := middle-s.first < uint64(s.n)
	require.Equal(r.t, want, r.ring.PassesHalf(s.first, s.n), "%+v of %d, head %d", s, r.ring.Cap(), r.head)
}

// drain takes up to n values out.
func (r *ringRun) drain(n int) {
	limit := min(r.head+uint64(n), r.tail())
	whole := r.ring.DrainRuns(limit, func(first uint64, run Run[uint64]) {
		require.Equal(r.t, r.head, first)
		for i := range run.Len() {
			want := r.at(r.head)
			require.True(r.t, want.published, "position %d is a hole", r.head)
			require.Equal(r.t, want.value, *run.At(i))
			require.Equal(r.t, want.mark, run.Mark(i))
			r.head++
		}
	})
	require.Equal(r.t, r.head == limit, whole)
	require.True(r.t, whole || !r.published(), "stopped at %d, which is published", r.head)
	for p := max(r.start, r.head-min(r.head, uint64(n))); p < r.head; p++ {
		if p+uint64(r.ring.Cap()) >= r.tail() { // the slot was not used again
			require.Zero(r.t, r.slot(p), "position %d was drained", p)
		}
	}
}

func (r *ringRun) close() {
	require.Equal(r.t, r.tail(), r.ring.Close())
	r.closed = true
}

func (r *ringRun) check() {
	require.Equal(r.t, r.tail(), r.ring.Tail())
	require.Equal(r.t, r.head, r.ring.Drained())
	require.Equal(r.t, int(r.tail()-r.head), r.ring.Len())
	require.Equal(r.t, r.published(), r.ring.Ready())
	require.Equal(r.t, r.closed, r.ring.Closed())
}

// finish fills all holes: everything that was claimed comes out, also after a
// close.
func (r *ringRun) finish() {
	for len(r.holes) > 0 {
		r.publish(0)
	}
	r.drain(r.ring.Cap())
	r.check()
	require.Zero(r.t, r.ring.Len())
}
