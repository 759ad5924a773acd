package shard

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A ticket is its submitter's again when the verdict is told, so that it can be
// staged again right there: whatever the verdict.
func TestTicketIsFreeWhenTold(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		const laps = 10
		told := map[Outcome]int{}
		stage := func(ticket *Ticket, priority int32) {
			op := Op{Target: target(1), Ticket: ticket, Terms: NewTerms(time.Millisecond, 0), Priority: priority}
			_, err := s.Stage(&op)
			assert.NoError(t, err)
		}
		for priority := range int32(3) {
			ticket := &Ticket{Withdrawable: true}
			lap := 0
			ticket.To = contender(func(v *Verdict) {
				told[v.Outcome]++
				if lap++; lap < laps {
					assert.False(t, ticket.InUse())
					stage(ticket, priority)
				}
			})
			stage(ticket, priority)
		}
		lock, ok := s.Lock(Lock{ID: 1, Name: "lowest", Target: target(1), Below: 1, Expires: int64(5 * time.Millisecond)})
		require.True(t, ok)
		<-lock
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, laps, told[Won])
		require.Equal(t, 3*laps, told[Won]+told[Lost]+told[Masked])
		require.NotZero(t, told[Lost])
		require.NotZero(t, told[Masked])
	})
}
