package shard

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What Refused does in a backlog costs the shard nothing: not while it runs, nor at its end,
// nor when it is given up.

// rudeLeaver is told that it is refused, and panics or ends the goroutine.
type rudeLeaver struct {
	member
	goexit bool
}

func (l rudeLeaver) Refused(err error) {
	if l.goexit {
		runtime.Goexit()
	}
	panic(err)
}

// leaveRudely leaves more operations to a shard than its ring or its limit holds.
func leaveRudely(t *testing.T, s *Shard, c *crowd, n int, goexit bool) {
	for i := range n {
		op := c.op(string(rune('a'+i)), 1, Op{Terms: NewTerms(time.Second, 0), Ticket: &Ticket{Withdrawable: true}})
		op.Ticket.To = rudeLeaver{op.Ticket.To.(member), goexit}
		require.NoError(t, s.StageLater(&Deferrable{Op: op}))
	}
}

func TestRefusedThatFails(t *testing.T) {
	for _, goexit := range []bool{false, true} {
		withIdleShard(t, Config{RingSize: 4, Limit: 4}, func(s *Shard, c *crowd) {
			leaveRudely(t, s, c, 12, goexit)
			go s.Run()
			pass(10 * time.Second)
			require.NoError(t, s.Failure(), "it is given up")
			require.Equal(t, Won, c.outcome("a"))
			if !goexit {
				require.EqualValues(t, 8, s.Stats().Incidents)
				require.Zero(t, s.Stats().Restarts)
			}
		})
	}
}

func TestRefusedThatFailsAtTheEnd(t *testing.T) {
	for _, goexit := range []bool{false, true} {
		for _, fatal := range []*Fault{nil, {Value: "broken"}} {
			withIdleShard(t, Config{RingSize: 4}, func(s *Shard, c *crowd) {
				leaveRudely(t, s, c, 6, goexit)
				s.owner.fatal = fatal
				s.Close()
				go s.Run()
				select {
				case <-s.Done():
				case <-time.After(time.Hour):
					require.Fail(t, "the shard never ends")
				}
			})
		}
	}
}
