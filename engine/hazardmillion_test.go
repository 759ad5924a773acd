package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Hazards of number: a million of everything, and what is left of it.

// million is less only for the race detector, which makes everything some ten times
// slower and has one goroutine to look at here.
var million = 1_000_000

func init() {
	if raceDetector {
		million = 200_000
	}
}

// nth returns the nth of a sequence of targets that is cheap to make.
func nth(n int) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)+1)
	id[15] = 1
	return id
}

// tally counts decisions; it belongs to the shard's goroutine.
type tally struct {
	decisions, contenders, conflicts int
	last                             engine.Decision
	winners                          []int32 // by tag: times won; nil if nobody asks
}

func (c *tally) hook(batch []engine.Decision) {
	for i := range batch {
		d := &batch[i]
		c.decisions++
		c.contenders += d.Contenders
		if d.Conflict() {
			c.conflicts++
		}
		if c.winners != nil {
			c.winners[d.Winner.ID]++
		}
	}
	c.last = batch[len(batch)-1]
}

// One group of a million is decided at once, for the first of the highest ones,
// and its memory goes back.
func TestHotTargetWithAMillionOperations(t *testing.T) {
	best := million - 123_457
	inBubble(t, func(t *testing.T) {
		var c tally
		e := newEngine(t, engine.Config{Shards: 1, Decided: c.hook})
		b := e.NewBatch(64)
		for n := range million {
			bid := engine.Bid{Target: nth(1), Priority: engine.Priority(n % 10), Tag: uint64(n), Window: time.Hour}
			if n >= best && n%7 == best%7 {
				bid.Priority = engine.Critical
			}
			require.NoError(t, b.Add(&bid))
		}
		require.NoError(t, b.Flush())
		pass(time.Second)
		require.Equal(t, 1, e.Stats().Windows)
		require.Greater(t, e.Stats().Bytes, million*8)
		pass(time.Hour)
		require.Equal(t, 1, c.decisions)
		require.Equal(t, million, c.last.Contenders)
		require.EqualValues(t, best, c.last.Winner.ID)
		s := e.Stats()
		require.EqualValues(t, million-1, s.Rejected)
		require.Zero(t, s.Staged)
		require.Less(t, s.Bytes, 2<<20, "rings and a page each")
		goesOn(t, e)
	})
}

// A million windows close in the same moment: each has its winner, and their
// memory goes back.
func TestMillionTargetsWithOneOperationEach(t *testing.T) {
	testLonely(t, million, func(int) time.Duration { return time.Hour })
}

// They close in the opposite order to that in which they opened, which is the worst
// for memory that is given back from its end.
func TestManyTargetsBackwards(t *testing.T) {
	testLonely(t, million/5, func(n int) time.Duration { return time.Hour - time.Duration(n)*5*time.Microsecond })
}

func testLonely(t *testing.T, targets int, window func(n int) time.Duration) {
	inBubble(t, func(t *testing.T) {
		c := tally{winners: make([]int32, targets)}
		e := newEngine(t, engine.Config{Shards: 1, Decided: c.hook})
		b := e.NewBatch(64)
		for n := range targets {
			require.NoError(t, b.Add(&engine.Bid{Target: nth(n), Tag: uint64(n), Window: window(n)}))
		}
		require.NoError(t, b.Flush())
		pass(time.Second)
		require.Equal(t, targets, e.Stats().Staged) // the last may be in the ring: nothing is due for an hour
		pass(2 * time.Hour)
		require.Equal(t, targets, c.decisions)
		require.Equal(t, targets, c.contenders)
		require.Zero(t, c.conflicts)
		for n, times := range c.winners {
			if times != 1 {
				t.Fatalf("operation %d won %d times", n, times)
			}
		}
		s := e.Stats()
		require.Zero(t, s.Windows)
		require.Less(t, s.Bytes, 2<<20, "rings and a page each")
		c.winners = nil
		goesOn(t, e)
	})
}

// After a burst of waiting callers and of winners with a goroutine each there are
// as many goroutines as before.
func TestGoroutinesGoBackAfterABurst(t *testing.T) {
	const burst = 10_000
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 2})
		goesOn(t, e)
		pass(time.Second)
		before := ownGoroutines()
		block := make(chan struct{})
		for n := range burst {
			submit(t, e, engine.Op{Target: nth(n)}, func(context.Context) (int, error) { <-block; return n, nil })
			go engine.Do(background, e, engine.Op{Target: nth(n / 3)}, answer(n))
		}
		pass(time.Second)
		require.GreaterOrEqual(t, runtime.NumGoroutine(), burst)
		close(block)
		pass(time.Second)
		require.Equal(t, before, ownGoroutines())
		require.Zero(t, e.Stats().Running)
	})
}

// ownGoroutines counts the goroutines of this module's code. The runtime has some of
// its own, which come and go.
func ownGoroutines() (n int) {
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for stack := range bytes.SplitSeq(stacks, []byte("\n\n")) {
		if bytes.Contains(stack, []byte("example.com/contend/")) {
			n++
		}
	}
	return n
}

// All targets that are in use meet in one shard: it decides them in their time,
// as another one does its own.
func TestAllTargetsInOneShard(t *testing.T) {
	const shards, targets = 8, 2000
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: shards})
		var all, others []*contender
		for n := 0; len(all) < targets; n++ {
			c := newContender("")
			c.Withdrawable = true
			switch id := stage(t, e, c, engine.Bid{Target: nth(n)}); {
			case id.Shard == 3:
				all = append(all, c)
			case len(others) < 10:
				others = append(others, c)
			default:
				require.True(t, c.Withdraw())
			}
		}
		pass(time.Second)
		for _, c := range append(all, others...) {
			v := c.outcome(t)
			require.Equal(t, engine.Won, v.Outcome)
			require.Equal(t, 1, v.Contenders)
			took := time.Duration(v.Closed - v.Opened)
			require.GreaterOrEqual(t, took, 100*time.Millisecond)
			require.LessOrEqual(t, took, 100*time.Millisecond+2*shard.Tick)
		}
	})
}
