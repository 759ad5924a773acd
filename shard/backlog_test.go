package shard

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// leaver is a member of a crowd that can be refused.
type leaver struct {
	member
	refused *[]string // by name, in order
}

func (l leaver) Refused(err error) { *l.refused = append(*l.refused, l.name+": "+err.Error()) }

// leave submits operations on one target, in order, with StageLater.
func (c *crowd) leave(s *Shard, refused *[]string, names int, window time.Duration) (tickets []*Ticket) {
	c.t.Helper()
	for n := range names {
		op := c.op(fmt.Sprint(n), 1, Op{Terms: NewTerms(window, 0), Ticket: &Ticket{Withdrawable: true}})
		op.Ticket.To = leaver{op.Ticket.To.(member), refused}
		require.NoError(c.t, s.StageLater(&Deferrable{Op: op}))
		tickets = append(tickets, op.Ticket)
	}
	return tickets
}

// pass lets virtual time go by.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// What finds no room is submitted by the owner, in order, and told once.
func TestBacklogIsStagedInOrder(t *testing.T) {
	withIdleShard(t, Config{RingSize: 4}, func(s *Shard, c *crowd) {
		var refused []string
		c.leave(s, &refused, 100, time.Millisecond)
		require.Equal(t, 96, s.room.Waiting())
		go s.Run()
		pass(10 * time.Millisecond)
		require.Equal(t, 100, c.count())
		for n := range 100 {
			require.EqualValues(t, n, c.verdict(fmt.Sprint(n)).Op.Sequence)
		}
		require.Equal(t, Won, c.outcome("0"))
		require.Empty(t, refused)
		require.Zero(t, s.room.Waiting())
		require.Nil(t, s.owner.backlog)
	})
}

// What is in the backlog when the shard closes is refused; what was in the ring is not.
func TestBacklogIsRefusedAtTheClose(t *testing.T) {
	withIdleShard(t, Config{RingSize: 4}, func(s *Shard, c *crowd) {
		var refused []string
		c.leave(s, &refused, 6, time.Millisecond)
		s.Close()
		go s.Run()
		<-s.Done()
		require.Equal(t, 4, c.count())
		require.Equal(t, []string{"4: " + ErrClosed.Error(), "5: " + ErrClosed.Error()}, refused)
		require.Zero(t, s.room.Waiting())
		late := &Deferrable{Op: c.op("late", 1, Op{})}
		require.ErrorIs(t, s.StageLater(late), ErrClosed)
		_, ok := s.backlog.add(late, s.room)
		require.False(t, ok, "nobody would look at it")
		require.Zero(t, s.room.Waiting())
	})
}

// A shard that holds as many as it may refuses the backlog, too.
func TestBacklogIsBounded(t *testing.T) {
	withIdleShard(t, Config{RingSize: 4, Limit: 4}, func(s *Shard, c *crowd) {
		var refused []string
		c.leave(s, &refused, 6, time.Second)
		go s.Run()
		pass(10 * time.Millisecond)
		require.Equal(t, []string{"4: " + ErrOverloaded.Error(), "5: " + ErrOverloaded.Error()}, refused)
		require.Zero(t, s.room.Waiting())
	})
}

// Who withdraws from the backlog is told nothing, neither a verdict nor a refusal, and
// has its ticket back.
func TestWithdrawnFromTheBacklog(t *testing.T) {
	for n := range 4 {
		closes, asked := n&1 > 0, n&2 > 0
		withIdleShard(t, Config{RingSize: 4}, func(s *Shard, c *crowd) {
			var refused []string
			tickets := c.leave(s, &refused, 6, time.Millisecond)
			if asked {
				tickets[5].Polled = true
				tickets[5].To = pollerFunc(func() { tickets[5].Withdraw() })
			} else {
				require.True(t, tickets[5].Withdraw())
			}
			if closes {
				s.Close()
			}
			go s.Run()
			pass(10 * time.Millisecond)
			require.True(t, c.silent("5"))
			require.EqualValues(t, 1, s.Stats().GaveUp)
			require.False(t, tickets[5].InUse())
			if closes {
				require.Equal(t, []string{"4: " + ErrClosed.Error()}, refused)
			} else {
				require.Equal(t, 5, c.count())
				require.Empty(t, refused)
			}
		})
	}
}

// A shard that is given up refuses its backlog, and withdrawn operations in it are
// counted.
func TestGivenUpShardRefusesItsBacklog(t *testing.T) {
	withIdleShard(t, Config{RingSize: 4}, func(s *Shard, c *crowd) {
		var refused []string
		tickets := c.leave(s, &refused, 7, time.Millisecond)
		require.True(t, tickets[5].Withdraw())
		s.owner.fatal = &Fault{Value: "broken"}
		go s.Run()
		<-s.Done()
		require.Equal(t, 4, c.count())
		require.Equal(t, Stopped, c.outcome("0"))
		require.Equal(t, []string{"4: " + ErrClosed.Error(), "6: " + ErrClosed.Error()}, refused)
		require.False(t, tickets[5].InUse())
		require.EqualValues(t, 1, s.Stats().GaveUp)
		require.Zero(t, s.room.Waiting())
	})
}
