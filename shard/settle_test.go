package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// withdrawables stages groups of operations that can be withdrawn, and makes them due.
func withdrawables(t *testing.T, core *Core, groups, size int) (tickets []Ticket) {
	tickets = make([]Ticket, groups*size)
	for i := range tickets {
		n := uint64(i % groups)
		tickets[i] = Ticket{Withdrawable: true, To: ignoring{}}
		op := Op{Target: target(n), Hash: tableHashes["spread"](n), At: unstamped, Terms: NewTerms(1, 0), Ticket: &tickets[i]}
		require.True(t, op.Begin())
		core.Stage(&op, uint64(i), core.now)
	}
	core.Advance(core.now + int64(Tick))
	return tickets
}

// What was settled is told while its memory is near: large groups make small batches.
// Until its group is decided an operation can be withdrawn, also if its window was closed
// in advance, others have been told, and the next window is open.
func TestSettledAreToldSoon(t *testing.T) {
	const groups, size = 5, settleAtOnce/2 + 1
	const atOnce = (settleAtOnce + size - 1) / size
	core := NewCore(CoreConfig{})
	tickets := withdrawables(t, core, groups, size)
	require.True(t, core.CloseFired())
	last := groups - 1 // of the first in each group
	for decided := 0; decided < groups; {
		if decided == 2 {
			require.True(t, tickets[last].Withdraw())
			next := Op{Target: target(uint64(last)), Hash: tableHashes["spread"](uint64(last)), At: unstamped, Terms: NewTerms(1, 0)}
			core.Stage(&next, 0, core.now)
		}
		batch := core.Decide()
		require.Len(t, batch, min(atOnce, groups-decided))
		for i := range batch {
			if decided++; decided <= last {
				require.Equal(t, size, batch[i].Contenders)
				require.EqualValues(t, decided-1, batch[i].Winner.ID)
				continue
			}
			require.Equal(t, size-1, batch[i].Contenders)
			require.EqualValues(t, last+groups, batch[i].Winner.ID, "the next best")
		}
		core.Release()
	}
	require.False(t, tickets[last].InUse())
	require.Equal(t, 1, core.Staged())
	require.Equal(t, 1, core.Open())
}

// Groups of which nobody is left are no reason to stop.
func TestWithdrawnGroupsDoNotEndARound(t *testing.T) {
	const groups, size = 3, settleAtOnce + 1
	core := NewCore(CoreConfig{})
	tickets := withdrawables(t, core, groups, size)
	for i := range tickets {
		if i%groups < groups-1 {
			require.True(t, tickets[i].Withdraw())
		}
	}
	batch := core.Decide()
	require.Len(t, batch, 1)
	require.Equal(t, size, batch[0].Contenders)
	core.Release()
	require.Zero(t, core.Staged())
	require.EqualValues(t, (groups-1)*size, core.Withdrawn())
}
