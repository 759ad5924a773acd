package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Hazards of ending: everything at the same moment, and with one processor only.

// ends counts by what operations were ended, as their callers see it.
type ends struct {
	mu sync.Mutex

	completed, rejected, withdrawn, stopped, won, refused uint64
	others                                                []error
}

func (n *ends) of(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var w *engine.WithdrawnError
	var s *engine.StoppedError
	switch {
	case err == nil:
		n.completed++
	case errors.Is(err, engine.ErrRejected):
		n.rejected++
	case errors.As(err, &w) && w.Accepted:
		n.withdrawn++
	case errors.As(err, &s) && s.Accepted:
		n.stopped++
	case w != nil || s != nil:
		n.refused++
	default:
		n.others = append(n.others, err)
	}
}

// ofTicket counts a ticket that was staged and, perhaps, withdrawn.
func (n *ends) ofTicket(t *testing.T, c *contender, withdrawn bool) {
	if withdrawn {
		require.Zero(t, c.told, "withdrawn and told")
		n.withdrawn++
		return
	}
	switch v := c.outcome(t); v.Outcome {
	case engine.Won:
		n.won++
	case engine.Lost:
		n.rejected++
	case engine.Stopped:
		n.stopped++
	default:
		t.Errorf("told %v", v.Outcome)
	}
}

// Submissions, withdrawals of all kinds, Stop, the end of its patience and the
// close of the window fall on the same nanosecond or next to it, in every order.
func TestStopRacesWithWithdrawalAndClose(t *testing.T) {
	const window = 100 * time.Millisecond
	around := []time.Duration{window - 1, window, window + 1}
	for _, giveUp := range around {
		for _, stop := range around {
			for _, patience := range append(around, time.Hour) {
				t.Run(fmt.Sprint(giveUp, stop, patience), func(t *testing.T) {
					inBubble(t, func(t *testing.T) { raceToTheClose(t, giveUp, stop, patience) })
				})
			}
		}
	}
}

func raceToTheClose(t *testing.T, giveUp, stop, until time.Duration) {
	e := newEngine(t, engine.Config{Shards: 2})
	var n ends
	var all sync.WaitGroup
	began := time.Now()
	ctx, cancel := context.WithDeadline(background, began.Add(giveUp))
	defer cancel()
	tickets, taken := make([]*contender, 12), make([]bool, 12)
	for i := range tickets {
		tickets[i] = newContender("")
		tickets[i].Withdrawable = true
		stage(t, e, tickets[i], engine.Bid{Target: target(i % 3), Priority: engine.Priority(i)})
		h, err := engine.Submit(ctx, e, engine.Op{Target: target(i % 3), Priority: 9}, answer(1))
		require.NoError(t, err)
		all.Go(func() {
			_, err := engine.Do(ctx, e, engine.Op{Target: target(i % 3), Priority: 10}, answer(1))
			n.of(err)
		})
		all.Go(func() { time.Sleep(giveUp); taken[i] = tickets[i].Withdraw() })
		all.Go(func() { _, err := h.Wait(background); n.of(err) })
		all.Go(func() { // a newcomer
			time.Sleep(stop)
			_, err := engine.Do(background, e, engine.Op{Target: target(i % 3)}, answer(1))
			n.of(err)
		})
	}
	all.Go(func() {
		time.Sleep(stop)
		ctx, cancel := context.WithDeadline(background, began.Add(until))
		defer cancel()
		_ = e.Stop(ctx)
	})
	all.Wait()
	require.NoError(t, e.Stop(background))
	for i, c := range tickets {
		n.ofTicket(t, c, taken[i])
	}
	s := e.Stats()
	require.Empty(t, n.others)
	require.Equal(t, s.Submitted, n.completed+n.rejected+n.withdrawn+n.stopped+n.won, "%v and %+v", s, &n)
	require.Equal(t, s.Withdrawn, n.withdrawn)
	require.Equal(t, s.Stopped, n.stopped)
	require.Equal(t, s.Rejected, n.rejected)
	require.Equal(t, s.Completed, n.completed)
	require.Equal(t, s.Refused, n.refused)
	require.Zero(t, s.Staged+s.Running+s.Windows)
}

// On one processor nobody may wait by spinning: whoever is waited for would never
// get to run. Everything of one outcome each, with rings of one slot, restarts and
// a bounded executor.
func TestOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	c := newCrowd(t, engine.Config{Shards: 3, RingSize: 1, Executor: engine.Bounded(1)}, 5, 1<<14)
	c.run(20, 30, func() {
		for i := range 10 {
			goesOnAtLast(t, c)
			if i%2 == 0 {
				c.e.Restart(impatient())
			} else {
				c.e.Restart(background)
			}
		}
	})
}
