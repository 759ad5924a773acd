package shard

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"example.com/contend/ring"
	"github.com/stretchr/testify/require"
)

// What is taken is what was pushed, whatever kind of operation it is, however often the
// ring has turned: with and without a ticket, of the usual terms and of others.
func TestIntakeKeepsOperations(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		usual, now := NewTerms(100, 1), rng.Int64()
		in := newIntake(8, usual)
		require.Equal(t, 8*40, in.Bytes())
		var want []Op
		for n := range uint64(3000) {
			op := randomQueued(rng, n, usual, now)
			if _, err := in.Push(&op); err == nil {
				want = append(want, op)
				continue
			}
			now += rng.Int64N(1000)
			require.True(t, in.DrainRuns(in.Tail(), func(first uint64, run ring.Run[queued]) {
				for i := range run.Len() {
					if got := unpacked(in, first, run, i, now); got != want[0] {
						require.Equal(t, want[0], got)
					}
					want = want[1:]
				}
			}))
			require.Empty(t, want)
		}
		require.Equal(t, 8*(40+16), in.Bytes())
	}
}

// unpacked is the ith operation of a run.
func unpacked(in *intake, first uint64, run ring.Run[queued], i int, now int64) (op Op) {
	in.unpack(&op, first+uint64(i), run.At(i), run.Mark(i), now)
	return op
}

// randomQueued is any operation that the ring may get, its priority the nth.
func randomQueued(rng *rand.Rand, n uint64, usual Terms, now int64) Op {
	op := Op{Target: target(rng.Uint64()), Hash: rng.Uint32(), Priority: int32(n), Terms: usual, At: unstamped}
	if rng.IntN(2) == 0 {
		op.Ticket = &Ticket{}
	} else {
		op.Tag = rng.Uint64() >> (8 * rng.IntN(2))
	}
	if rng.IntN(3) == 0 {
		op.Terms = NewTerms(1+MaxWindow/2, 255)
	}
	if rng.IntN(2) == 0 {
		op.At = max(0, now-rng.Int64N(1e15)) // 11 days
	}
	return op
}

// A batch is claimed at once, and the first of it that needs an annex need not be the
// first.
func TestIntakeKeepsBatches(t *testing.T) {
	in := newIntake(4, NewTerms(1, 0))
	batch := []Op{
		{Target: target(1), Ticket: &Ticket{}, At: 5, Terms: in.terms},
		{Target: target(2), Tag: 7, At: unstamped, Terms: in.terms},
		{Target: target(3), Tag: 8, At: 5, Terms: in.terms},
	}
	first, n, err := in.PushAll(batch)
	require.NoError(t, err)
	require.Equal(t, []any{uint64(0), 3}, []any{first, n})
	_, n, err = in.PushAll(batch)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, _, err = in.PushAll(batch)
	require.ErrorIs(t, err, ErrFull)
	in.DrainRuns(in.Tail(), func(first uint64, run ring.Run[queued]) {
		for i, want := range append(batch, batch[0]) {
			require.Equal(t, want, unpacked(in, first, run, i, 6))
		}
	})
}

// Producers that all need an annex for the first time, and an owner that takes what they
// push meanwhile.
func TestIntakeFromManyProducers(t *testing.T) {
	const producers, each = 4, 2000
	in := newIntake(8, 0)
	var running sync.WaitGroup
	for p := range uint64(producers) {
		running.Go(func() {
			for n := uint64(0); n < each; {
				op := Op{Target: target(p), Tag: n, Terms: NewTerms(time.Duration(n+1), uint8(p))}
				if _, err := in.Push(&op); err == nil {
					n++
				} else {
					runtime.Gosched()
				}
			}
		})
	}
	next := [producers]uint64{}
	for taken := 0; taken < producers*each; runtime.Gosched() {
		in.DrainRuns(in.Tail(), func(first uint64, run ring.Run[queued]) {
			for i := range run.Len() {
				op := unpacked(in, first, run, i, 1)
				p := op.Terms.Rules()
				want := Op{Target: target(uint64(p)), Tag: next[p], Terms: NewTerms(time.Duration(next[p]+1), p)}
				if op != want {
					require.Equal(t, want, op)
				}
				next[p]++
				taken++
			}
		})
	}
	running.Wait()
}

// The first operations that need an annex come at the same time. In a large ring, whose
// annexes take a while to make.
func TestAnnexesAreMadeOnce(t *testing.T) {
	for round := range 50 {
		in := newIntake(1<<15, 0)
		var ready, pushed sync.WaitGroup
		ready.Add(4)
		for p := range uint64(4) {
			pushed.Go(func() {
				ready.Done()
				ready.Wait()
				in.Push(&Op{Tag: ^p, At: unstamped})
			})
		}
		pushed.Wait()
		tags := map[uint64]bool{}
		in.DrainRuns(in.Tail(), func(first uint64, run ring.Run[queued]) {
			for i := range run.Len() {
				op := unpacked(in, first, run, i, 1)
				tags[op.Tag] = true
			}
		})
		require.Len(t, tags, 4, "round %d", round)
	}
}

// The marks of times, in which the highest bits are missing.
func TestTimesOfMarks(t *testing.T) {
	const year = 1 << (atBits - 1)
	for _, now := range []int64{0, 1, 1000, year, 1<<atBits - 1, 1 << atBits, 1<<atBits + 7, 123 << atBits, math.MaxInt64 - year} {
		for _, ago := range []int64{0, 1, 999, 1 << 40, year - 1, -1, -1000, 1 - year} {
			if at := now - ago; at >= 0 {
				require.Equal(t, at, submitted(uint64(at)&atMask, now), "%d at %d", at, now)
				require.Equal(t, at, submitted(uint64(at)&atMask|annexMark, now), "%d at %d", at, now)
			}
		}
	}
	require.LessOrEqual(t, uint64(unstampedMark|annexMark|atMask), uint64(1)<<ring.MarkBits-1)
}
