package shard

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// meanwhile does something before the core's n-th reading of a state word. That
// is the only way in which what other goroutines do gets into a decision.
type meanwhile struct {
	reads, at int
	then      func()
}

func (m *meanwhile) check(read func() bool) bool {
	if m.reads++; m.reads == m.at {
		m.then()
	}
	return read()
}

func (m *meanwhile) ask(_ *more, f func() int) int { return f() }

// R13: whichever of a group is withdrawn, and at whichever moment of the decision,
// the best of those who stand wins: of operations that try again, too, who are
// looked at twice.
func TestWithdrawnInTheMidst(t *testing.T) {
	for _, priorities := range [][]int32{{3, 2, 1}, {2, 3, 1}, {1, 2, 3}, {2, 1, 3}, {1, 3, 2, 3, 0}, {1, 4, 2, 3, 4}} {
		for _, retries := range []int{0, 1} {
			for victim := range priorities {
				for at := 1; ; at++ {
					withdrawnInTheMidst(t, &meanwhile{at: at}, priorities, retries, victim, true)
					midst := &meanwhile{at: at}
					withdrawnInTheMidst(t, midst, priorities, retries, victim, false)
					if midst.reads < at {
						require.Greater(t, at, len(priorities), "each is read")
						break
					}
				}
			}
		}
	}
}

func withdrawnInTheMidst(t *testing.T, midst *meanwhile, priorities []int32, retries, victim int, asked bool) {
	withdrawn := false
	var tickets []*Ticket
	midst.then = func() {
		if !asked {
			withdrawn = tickets[victim].Withdraw()
			return
		}
		tickets[victim].Polled = true
		tickets[victim].To = pollerFunc(func() { withdrawn = tickets[victim].Withdraw() || withdrawn })
	}
	core := NewCore(CoreConfig{Tape: midst})
	standing := slices.Clone(priorities)
	for i, priority := range priorities {
		tickets = append(tickets, &Ticket{Withdrawable: true, Extra: &Extra{Retry: Retry{Limit: retries}}})
		op := Op{Target: target(1), Ticket: tickets[i], At: unstamped, Terms: NewTerms(1, 0), Priority: priority}
		require.True(t, op.Begin())
		core.Stage(&op, uint64(i), 0)
	}
	core.Advance(int64(Tick))
	batch := core.Decide()
	require.Len(t, batch, 1)
	require.True(t, withdrawn || midst.at > 1, "before anything was read")
	if withdrawn {
		standing[victim] = -1
	}
	best := slices.Index(standing, slices.Max(standing))
	require.EqualValues(t, best, batch[0].Winner.ID,
		fmt.Sprintf("%v, %d retries, %d withdrawn (%t) before reading %d", priorities, retries, victim, withdrawn, midst.at))
	core.Release()
}

// pollerFunc is a Poller that does something when it is asked.
type pollerFunc func()

func (f pollerFunc) Poll()          { f() }
func (pollerFunc) Decided(*Verdict) {}
