package shard

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

var waitingRules = []Rules{{Early: true}, {Exclusive: true}, {Size: 2}}

// kinds are what an operation can wait for, with what it is told by a shard that
// is aborted and by one that is closed. Each kind has a target of its own for
// all its operations; they are staged in two lots, with time for the first one
// to be decided in between.
var kinds = []struct {
	lot, target    int
	name           string
	op             Op
	retry          *Retry
	fold           *Fold
	aborted, ended Outcome // 0: told nothing
}{
	{lot: 0, target: 0, name: "winner", op: Op{Terms: NewTerms(time.Millisecond, 2)}, aborted: Won, ended: Won},
	{lot: 1, target: 0, name: "overdue", op: Op{Terms: NewTerms(1, 2)}, aborted: Stopped, ended: Won},
	{lot: 1, target: 0, name: "behind", op: Op{Terms: NewTerms(1, 2)}, aborted: Stopped, ended: Lost},

	{lot: 0, target: 1, name: "better", op: Op{Priority: 1, Terms: NewTerms(time.Millisecond, 0)}, aborted: Won, ended: Won},
	{lot: 0, target: 1, name: "parked", op: Op{Terms: NewTerms(time.Hour, 0)}, retry: &Retry{Limit: 9, Backoff: time.Hour}, aborted: Stopped, ended: Lost},
	{lot: 0, target: 1, name: "parked, too", op: Op{Terms: NewTerms(time.Hour, 0)}, retry: &Retry{Limit: 9, Backoff: time.Hour, Step: 1}, aborted: Stopped, ended: Won},

	{lot: 0, target: 2, name: "faster", op: Op{Priority: 1, Terms: NewTerms(time.Millisecond, 0)}, aborted: Won, ended: Won},
	{lot: 0, target: 2, name: "again", op: Op{Terms: NewTerms(time.Hour, 0)}, retry: &Retry{Limit: 9}, aborted: Stopped, ended: Lost},
	{lot: 1, target: 2, name: "joined", op: Op{Priority: 1, Terms: NewTerms(time.Hour, 0)}, aborted: Stopped, ended: Won},

	{lot: 1, target: 3, name: "leads", op: Op{Priority: 1, Terms: NewTerms(time.Hour, 1)}, fold: theFold, aborted: Stopped, ended: Won},
	{lot: 1, target: 3, name: "deferred", op: Op{Terms: NewTerms(time.Hour, 1)}, fold: theFold, aborted: Stopped, ended: Folded},
	{lot: 1, target: 3, name: "early", op: Op{Terms: NewTerms(time.Hour, 1)}, aborted: Lost, ended: Lost},

	{lot: 1, target: 4, name: "open", op: Op{Terms: NewTerms(time.Minute, 0)}, aborted: Stopped, ended: Won},
	{lot: 1, target: 4, name: "withdrawn", op: Op{Priority: 1, Terms: NewTerms(time.Minute, 0)}},
	{lot: 1, target: 5, name: "alone", op: Op{Terms: NewTerms(time.Minute, 3)}, aborted: Stopped, ended: Won},
}

var theFold = new(Fold)

const manyWaiting = 40

// stageWaiting stages one lot of each kind.
func stageWaiting(s *Shard, c *crowd, lot int) {
	for i := range manyWaiting {
		for _, k := range kinds {
			if k.lot != lot {
				continue
			}
			op := k.op
			op.Ticket = &Ticket{Withdrawable: i%2 == 0 || k.name == "withdrawn", Extra: &Extra{Fold: k.fold}}
			if k.retry != nil {
				op.Ticket.Extra.Retry = *k.retry
			}
			ticket := c.stage(s, fmt.Sprint(k.name, i), uint64(10*i+k.target), op)
			if k.name == "withdrawn" {
				ticket.Withdraw()
			}
		}
	}
}

// requireWaiting checks what everybody has been told, by name of the kind.
func requireWaiting(t *testing.T, c *crowd, want func(kind int) Outcome) {
	t.Helper()
	told := 0
	for i := range manyWaiting {
		for at, k := range kinds {
			name := fmt.Sprint(k.name, i)
			if want(at) == 0 {
				require.True(t, c.silent(name), name)
				continue
			}
			require.Equal(t, want(at), c.outcome(name), name)
			told++
		}
	}
	require.Equal(t, told, c.count())
}

// Abort tells everything that waits, whatever for, once and at once: also what
// is in the ring yet.
func TestAbortTellsWhatWaits(t *testing.T) {
	for _, settled := range []bool{true, false} {
		t.Run(fmt.Sprintf("settled %t", settled), func(t *testing.T) {
			withShard(t, Config{Rules: waitingRules}, func(s *Shard, c *crowd) {
				stageWaiting(s, c, 0)
				time.Sleep(10 * time.Millisecond)
				stageWaiting(s, c, 1)
				if settled {
					time.Sleep(10 * time.Millisecond)
					synctest.Wait()
				}
				at := c.now()
				s.Abort()
				<-s.Done()
				require.Equal(t, at, c.now())
				requireWaiting(t, c, func(k int) Outcome { return kinds[k].aborted })
				stats := s.Stats()
				require.EqualValues(t, manyWaiting, stats.Withdrawn)
				require.EqualValues(t, 10*manyWaiting, stats.Stopped)
				require.Zero(t, stats.Open)
				require.Len(t, s.Carry().Holds, manyWaiting, "those who run go on")
			})
		})
	}
}

// Close waits for what waits: nobody is left out, nobody tries again but those
// who pause, who come back once.
func TestCloseWaitsForWhatWaits(t *testing.T) {
	withShard(t, Config{Rules: waitingRules}, func(s *Shard, c *crowd) {
		stageWaiting(s, c, 0)
		time.Sleep(10 * time.Millisecond)
		stageWaiting(s, c, 1)
		time.Sleep(10 * time.Millisecond)
		s.Close()
		time.Sleep(24 * time.Hour)
		select {
		case <-s.Done():
			t.Fatal("there are windows that wait for winners that run")
		default:
		}
		for i := range manyWaiting {
			v := c.verdict(fmt.Sprint("winner", i))
			require.True(t, s.Ended(v.Target, v.Token))
		}
		<-s.Done()
		requireWaiting(t, c, func(k int) Outcome { return kinds[k].ended })
		require.EqualValues(t, 3*manyWaiting, s.Stats().Retried)
		require.EqualValues(t, manyWaiting, s.Stats().Folded)
	})
}
