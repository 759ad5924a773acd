package ring

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// item is the nth value of a producer.
type item struct{ producer, n int }

// Every value comes out once, at the position its push returned, and a
// producer's values in its order.
func TestManyProducers(t *testing.T) {
	const producers, each = 8, 3000
	r := New[item](64)
	var running sync.WaitGroup
	positions := [producers][each]uint64{}
	for p := range producers {
		running.Go(func() {
			// Producers push batches of their own size, the first one by one.
			batch := make([]item, 0, p+1)
			for n := 0; n < each; {
				batch = batch[:0]
				for i := n; i < min(n+p+1, each); i++ {
					batch = append(batch, item{p, i})
				}
				first, taken, err := pushSome(r, batch)
				if err == ErrFull {
					runtime.Gosched()
					continue
				}
				for i := range taken {
					positions[p][n+i] = first + uint64(i)
				}
				n += taken
			}
		})
	}

	out := make([]item, 0, producers*each)
	for len(out) < producers*each {
		r.Drain(r.Tail(), func(position uint64, v *item) {
			require.EqualValues(t, len(out), position)
			out = append(out, *v)
		})
		runtime.Gosched()
	}
	running.Wait()
	require.Zero(t, r.Len())
	for p := range producers {
		for n, position := range positions[p] {
			require.Equal(t, item{p, n}, out[position])
			require.True(t, n == 0 || positions[p][n-1] < position)
		}
	}
}

// pushOne pushes a value with one of the two claims.
func pushOne(r *Ring[item], v item, alone bool) (position uint64, err error) {
	if alone {
		return r.Push(&v)
	}
	position, _, err = r.PushAll([]item{v})
	return position, err
}

func pushSome(r *Ring[item], batch []item) (first uint64, n int, err error) {
	if len(batch) == 1 {
		first, err = r.Push(&batch[0])
		return first, 1, err
	}
	return r.PushAll(batch)
}

// What a push accepted lies below Close's tail and is drained; after the close
// none is accepted.
func TestCloseIsExact(t *testing.T) {
	const producers, rounds = 4, 200
	for round := range rounds {
		r := New[item](1024)
		accepted := [producers]int{}
		var started, running sync.WaitGroup
		started.Add(producers)
		for p := range producers {
			running.Go(func() {
				started.Done()
				for {
					position, err := pushOne(r, item{p, accepted[p]}, p%2 == 0)
					if err == ErrClosed {
						return
					}
					if err == ErrFull {
						runtime.Gosched()
						continue
					}
					if accepted[p]++; position >= 1<<62 {
						t.Errorf("position %#x holds the close bit", position)
					}
				}
			})
		}
		started.Wait()
		next := [producers]int{}
		take := func(_ uint64, v *item) {
			if v.n != next[v.producer] {
				t.Errorf("producer %d: got value %d, want %d", v.producer, v.n, next[v.producer])
			}
			next[v.producer]++
		}
		for range round % 8 {
			r.Drain(r.Tail(), take)
		}
		tail := r.Close()
		for !r.Drain(tail, take) {
			runtime.Gosched() // a claim that was made before the close
		}
		running.Wait()
		require.Equal(t, accepted, next, "accepted and drained")
		require.Equal(t, tail, r.Close(), "closing twice")
		require.Equal(t, tail, r.Tail())
		require.True(t, r.Closed())
		_, err := r.Push(&item{})
		require.ErrorIs(t, err, ErrClosed)
	}
}
