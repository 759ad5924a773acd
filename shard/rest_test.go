package shard

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pattern is when operations are submitted within each period.
type pattern struct {
	period time.Duration
	at     []time.Duration
}

// spread returns so many times, evenly over a length.
func spread(n int, length time.Duration) (at []time.Duration) {
	for i := range n {
		at = append(at, length*time.Duration(i)/time.Duration(n))
	}
	return at
}

// rested is how an owner paced itself.
type rested struct {
	late   []time.Duration // of windows in the middle of the run, in order
	sleeps float64         // per millisecond
}

// play submits a pattern over and over, each operation to a target of its own, so that
// the owner finds new ones whenever it tells old ones.
func play(t *testing.T, p pattern) (r rested) {
	const window, length = 50 * time.Millisecond, 150 * time.Millisecond
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		var at []time.Duration
		for start := time.Duration(0); start < length; start += p.period {
			for _, after := range p.at {
				at = append(at, start+after)
			}
		}
		begin, sleeps := 0, uint64(0)
		for i, at := range at {
			time.Sleep(at - time.Duration(c.now()))
			if begin == 0 && at > window+20*time.Millisecond {
				begin, sleeps = i, s.Stats().Sleeps
			}
			c.stage(s, fmt.Sprint(i), uint64(i), Op{Terms: NewTerms(window, 0)})
		}
		r.sleeps = float64(s.Stats().Sleeps-sleeps) / ((at[len(at)-1] - at[begin]).Seconds() * 1000)
		time.Sleep(window) // those before are told by then
		for i, at := range at {
			if at > 20*time.Millisecond && at < length-window {
				r.late = append(r.late, time.Duration(c.toldAt(fmt.Sprint(i)))-window-at)
			}
		}
	})
	require.NotEmpty(t, r.late)
	assert.GreaterOrEqual(t, slices.Min(r.late), time.Duration(0))
	slices.Sort(r.late)
	return r
}

// Where many windows close all the time, a look each millisecond does for them.
func TestRestInAnEvenStream(t *testing.T) {
	for _, n := range []int{20, 50, 200} {
		r := play(t, pattern{time.Millisecond, spread(n, time.Millisecond)})
		assert.LessOrEqual(t, r.sleeps, 1.1, "%d", n)
		assert.LessOrEqual(t, slices.Max(r.late), time.Duration(lookEvery)+Tick, "%d", n)
	}
}

// Where bursts open them, the owner wakes once for each, right behind the last.
func TestRestBetweenBursts(t *testing.T) {
	for _, p := range []pattern{
		{time.Millisecond, spread(20, 10*time.Microsecond)},
		{time.Millisecond, spread(20, 200*time.Microsecond)},
		{1300 * time.Microsecond, spread(50, 300*time.Microsecond)}, // at all places of a tick
		{2500 * time.Microsecond, spread(100, 60*time.Microsecond)},
		{7 * time.Millisecond, spread(100, 60*time.Microsecond)},
	} {
		r := play(t, p)
		bursts := float64(time.Millisecond) / float64(p.period)
		assert.LessOrEqual(t, r.sleeps, 1.1*bursts, "%v", p)
		length := p.at[len(p.at)-1]
		assert.Less(t, slices.Max(r.late), length+Tick, "%v", p)
	}
}
