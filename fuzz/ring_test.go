package fuzz

import (
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/contend/ring"
)

// FuzzRing runs a ring against a slice. The first byte gives the capacity;
// every other is an instruction and its count.
func FuzzRing(f *testing.F) {
	f.Add([]byte("\x04\x00\x00\x00\x00\x00\x00\x81\x00\x88"))
	f.Add([]byte("\x08\x45\x45\x83\x45\xbf\x45"))
	f.Add([]byte("\x01\x00\x42\x81\x00\xc0\x00\x81"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) == 0 {
			return
		}
		q := &queue{t: t, ring: ring.New[uint64](1 + int(program[0]&0x3f))}
		for _, b := range program[1:] {
			n := int(b & 0x3f)
			switch b >> 6 {
			case 0:
				q.push()
			case 1:
				q.pushAll(n)
			case 2:
				q.drain(n)
			case 3:
				if n == 0 {
					q.close()
				}
			}
			q.check()
		}
		q.drain(q.ring.Cap())
		require.Zero(t, q.ring.Len())
	})
}

// queue is a ring of values that are their own positions, beside the two
// numbers that suffice to say what is in it.
type queue struct {
	t          testing.TB
	ring       *ring.Ring[uint64]
	head, tail uint64
	closed     bool
}

func (q *queue) room() int { return q.ring.Cap() - int(q.tail-q.head) }

// refusal is the error that a push must give, if any.
func (q *queue) refusal() error {
	switch {
	case q.closed:
		return ring.ErrClosed
	case q.room() == 0:
		return ring.ErrFull
	}
	return nil
}

func (q *queue) push() {
	position, err := q.ring.Push(&q.tail)
	require.Equal(q.t, q.refusal(), err)
	if err == nil {
		require.Equal(q.t, q.tail, position)
		q.tail++
	}
}

func (q *queue) pushAll(n int) {
	batch := make([]uint64, n)
	for i := range batch {
		batch[i] = q.tail + uint64(i)
	}
	first, taken, err := q.ring.PushAll(batch)
	if n == 0 {
		require.NoError(q.t, err)
		return
	}
	require.Equal(q.t, q.refusal(), err)
	if err == nil {
		require.Equal(q.t, q.tail, first)
		require.Equal(q.t, min(n, q.room()), taken)
		q.tail += uint64(taken)
	}
}

// drain takes up to n values out.
func (q *queue) drain(n int) {
	limit := min(q.head+uint64(n), q.tail)
	require.True(q.t, q.ring.Drain(limit, func(position uint64, v *uint64) {
		require.Equal(q.t, q.head, position)
		require.Equal(q.t, q.head, *v)
		q.head++
	}))
	require.Equal(q.t, limit, q.head)
}

func (q *queue) close() {
	require.Equal(q.t, q.tail, q.ring.Close())
	q.closed = true
}

func (q *queue) check() {
	require.Equal(q.t, q.tail, q.ring.Tail())
	require.Equal(q.t, q.head, q.ring.Drained())
	require.Equal(q.t, int(q.tail-q.head), q.ring.Len())
	require.Equal(q.t, q.tail != q.head, q.ring.Ready())
	require.Equal(q.t, q.closed, q.ring.Closed())
}
