package ring

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// rang takes a waiting chime.
func rang(b *Bell) bool { return b.WaitFor(0) }

func TestBellRingsForWhatCannotWait(t *testing.T) {
	for _, c := range []struct {
		name        string
		before, due int64
		want        bool
	}{
		{"due earlier", 100, 99, true},
		{"due at the moment", 100, 100, false},
		{"due later", 100, 101, false},
		{"due for ever", 100, math.MaxInt64, false},
		{"unstamped", 0, Unstamped, true},
		{"anything", Anything, 100, true},
		{"anything, due for ever", Anything, math.MaxInt64, true},
	} {
		b := NewBell()
		b.Arm(c.before)
		require.True(t, b.Asleep())
		b.Publish(c.due)
		require.Equal(t, c.want, rang(b), c.name)
		require.Equal(t, !c.want, b.Asleep(), c.name)
	}
}

func TestBellIsSilentWhileAwake(t *testing.T) {
	b := NewBell()
	for _, due := range []int64{Unstamped, 0, math.MaxInt64} {
		b.Publish(due)
	}
	b.Arm(Anything)
	b.Disarm()
	b.Publish(0)
	require.False(t, b.Asleep())
	require.False(t, rang(b))
}

func TestBellRingsOncePerSleep(t *testing.T) {
	b := NewBell()
	for range 3 {
		b.Arm(Anything)
		b.Publish(1)
		b.Publish(2)
		require.True(t, rang(b))
		require.False(t, rang(b))
	}
	b.Ring()
	b.Ring() // never blocks
	require.True(t, rang(b))
	require.False(t, rang(b))
}

// The owner sleeps on the bell alone and the producers push only what was
// answered, so that every push meets an owner on its way to sleep. Both sides
// yield between the protocol's steps at random: without that the dangerous
// moments are too short to be met. A wake-up that gets lost leaves everybody
// blocked, which synctest reports.
func TestNoWakeUpIsLost(t *testing.T) {
	const producers, rounds = 3, 5000
	synctest.Test(t, func(t *testing.T) {
		r, b := New[int](2*producers), NewBell() // an answer may precede the slot's return
		answers := [producers]chan struct{}{}
		for p := range producers {
			answers[p] = make(chan struct{}, 1)
			go func() {
				yield := yielder(uint64(p))
				for range rounds {
					yield()
					if _, err := r.Push(&p); err != nil {
						t.Error(err)
					}
					yield()
					b.Publish(Unstamped)
					<-answers[p]
				}
			}()
		}
		yield := yielder(producers)
		for left := producers * rounds; left > 0; {
			r.Drain(r.Tail(), func(_ uint64, p *int) {
				answers[*p] <- struct{}{}
				left--
			})
			yield()
			b.Arm(Anything)
			yield()
			if left > 0 && !r.Ready() {
				yield()
				b.Wait()
			}
			b.Disarm()
			yield()
		}
	})
}

// yielder returns a function that lets other goroutines run, or not.
func yielder(seed uint64) func() {
	rng := rand.New(rand.NewPCG(seed, 0))
	return func() {
		for range rng.IntN(3) {
			runtime.Gosched()
		}
	}
}
