package shard

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// unknownRules are terms that Stage would not let through: a core that has to stage
// an operation with them panics.
var unknownRules = NewTerms(10*time.Millisecond, 200)

// A panic while an operation is staged costs that one: it is told so, and all
// others are decided in their time.
func TestPanicWhileStaging(t *testing.T) {
	skipExplored(t)
	for name, config := range map[string]Config{"plain": {}, "limit": {Limit: 1000, Displace: true}, "rules": {Rules: []Rules{{Order: func(a, b Standing) bool { return false }}}}} {
		t.Run(name, func(t *testing.T) {
			var incidents int
			config.Incident = func(any, []byte) { incidents++ }
			withShard(t, config, func(s *Shard, c *crowd) {
				var ops []Op
				for i := range 100 {
					op := Op{Terms: NewTerms(10*time.Millisecond, 0), At: unstamped}
					if i%30 == 7 {
						op.Terms = unknownRules
					}
					ops = append(ops, c.op(fmt.Sprint(i), uint64(i), op))
					require.True(t, ops[i].Begin())
				}
				_, n, err := s.ring.PushAll(ops) // past what would refuse them
				require.NoError(t, err)
				require.Len(t, ops, n)
				at := c.now()
				s.bell.Ring()
				time.Sleep(50 * time.Millisecond)
				for i := range 100 {
					v := c.verdict(fmt.Sprint(i))
					if i%30 != 7 {
						require.Equal(t, Won, v.Outcome, i)
						require.LessOrEqual(t, c.toldAt(fmt.Sprint(i)), at+int64(20*time.Millisecond), "the pauses included")
						continue
					}
					require.Equal(t, Faulted, v.Outcome, i)
					require.ErrorContains(t, v.Fault, "the shard failed: runtime error: index out of range")
				}
				require.Equal(t, 4, incidents)
				stats := s.Stats()
				require.EqualValues(t, 4, stats.Restarts)
				require.EqualValues(t, 4, stats.Faulted)
				require.Zero(t, stats.Staged)
				require.Zero(t, s.owner.core.groups.live, "windows that were being opened are gone")
				c.stage(s, "after", 7, Op{Terms: NewTerms(time.Millisecond, 0)})
				time.Sleep(time.Second)
				require.Equal(t, Won, c.outcome("after"))
				require.NoError(t, s.Vitals().Failure)
			})
		})
	}
}

// A submitter that changes a ticket which is staged costs that operation.
func TestPanicOverAChangedTicket(t *testing.T) {
	skipExplored(t)
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		retry := &Extra{Retry: Retry{Limit: 3, Backoff: 50 * time.Millisecond}}
		loser := c.stage(s, "loser", 1, Op{Priority: 1, Ticket: &Ticket{Extra: retry}, Terms: NewTerms(10*time.Millisecond, 0)})
		c.stage(s, "winner", 1, Op{Priority: 2, Terms: NewTerms(10*time.Millisecond, 0)})
		c.stage(s, "other", 2, Op{Terms: NewTerms(time.Hour, 0)})
		time.Sleep(20 * time.Millisecond)
		synctest.Wait()
		require.True(t, c.silent("loser"))
		loser.Extra = nil
		s.Clear(target(99), 99<<1, nil) // passes the change on to the owner
		time.Sleep(time.Second)
		require.Equal(t, Faulted, c.outcome("loser"))
		require.Equal(t, 1, s.Stats().Staged)
		time.Sleep(time.Hour)
		require.Equal(t, Won, c.outcome("other"))
	})
}

// panickyTape panics when it is asked for the nth time.
type panickyTape struct{ n int }

func (p *panickyTape) next() {
	if p.n--; p.n == 0 {
		panic("torn tape")
	}
}

func (p *panickyTape) check(read func() bool) bool {
	p.next()
	return read()
}

func (p *panickyTape) ask(_ *more, f func() int) int {
	p.next()
	return f()
}

// Wherever the core panics, everybody is told once, at most one group is at fault,
// and all others are decided as ever.
func TestPanicWhileDeciding(t *testing.T) {
	skipExplored(t)
	for _, abort := range []bool{false, true} {
		for n := 1; ; n++ {
			tape := &panickyTape{n: n}
			playThroughPanic(t, tape, abort)
			if tape.n > 0 {
				require.Greater(t, n, 50, "so many checks were reached")
				break
			}
		}
	}
}

func playThroughPanic(t *testing.T, tape *panickyTape, abort bool) {
	rules := []Rules{
		{Early: true, RunnersUp: 1}, {Exclusive: true},
		{Choose: func([]Standing) int { return 0 }}, {Order: func(a, b Standing) bool { return a.Priority > b.Priority }},
	}
	withShard(t, Config{Rules: rules, Limit: 60, Displace: true, Incident: func(v any, stack []byte) { t.Log(abort, v, string(stack)) }}, func(s *Shard, c *crowd) {
		s.owner.core.tape = tape
		fold := new(Fold)
		names, groups := []string{}, map[string]int{}
		for n := range uint64(10) {
			for i := range int32(7) {
				ticket := &Ticket{Withdrawable: true}
				switch i {
				case 2:
					ticket.Extra = &Extra{Retry: Retry{Limit: 1}}
				case 3:
					ticket.Extra = &Extra{Fold: fold, Retry: Retry{Limit: 1, Backoff: time.Millisecond}}
				case 4, 5:
					ticket.Extra = &Extra{Fold: fold}
				}
				name := fmt.Sprint(n, i)
				op := c.op(name, n, Op{Priority: i, Ticket: ticket, Terms: NewTerms(10*time.Millisecond, uint8(n%5))})
				if _, err := s.Stage(&op); err != nil {
					require.ErrorIs(t, err, ErrOverloaded)
					continue
				}
				if i == 6 && n%2 == 0 && ticket.Withdraw() {
					continue
				}
				names, groups[name] = append(names, name), int(n)
			}
		}
		synctest.Wait()
		if abort {
			s.Abort()
			<-s.Done()
		}
		time.Sleep(time.Second)
		for n := range uint64(10) { // whatever waits for a winner
			for _, h := range []Hold{{target(n), 0}} {
				for token := range uint64(100) {
					s.Ended(h.Target, token)
				}
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		faulted := map[int]bool{}
		for _, name := range names {
			if c.outcome(name) == Faulted { // told, and only once: the crowd looks
				faulted[groups[name]] = true
			}
		}
		require.LessOrEqual(t, len(faulted), 1)
		require.LessOrEqual(t, s.Stats().Restarts, uint64(1))
		require.Zero(t, s.Stats().Staged)
		require.Zero(t, s.owner.core.groups.live)
		require.NoError(t, s.Vitals().Failure)
	})
}

// If looks do not come to an end, the shard is given up: it refuses, everything
// that it holds is told Stopped, be it in a window, waiting to be retried or in the
// ring, and nobody waits for ever.
func TestShardIsGivenUp(t *testing.T) {
	skipExplored(t)
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var broken atomic.Bool
		var s *Shard
		stacks := 0
		s = New(Config{
			RingSize: 16, Rules: []Rules{{Exclusive: true}},
			Now: func() int64 {
				if broken.Load() && goroutineNumber() == s.Goroutine() {
					panic("the clock is broken")
				}
				return c.now()
			},
			Incident: func(v any, stack []byte) {
				require.Equal(t, "the clock is broken", v)
				if bytes.Contains(stack, []byte("readClock")) || bytes.Contains(stack, []byte("TestShardIsGivenUp")) {
					stacks++
				}
			},
		})
		go s.Run()
		op := func(name string, n uint64, o Op) { c.stage(s, name, n, o) }
		op("holds", 9, Op{Terms: NewTerms(time.Millisecond, 1)})
		op("winner", 1, Op{Priority: 2, Terms: NewTerms(time.Millisecond, 0)})
		retry := &Ticket{Extra: &Extra{Retry: Retry{Limit: 1, Backoff: time.Hour}}}
		op("parked", 1, Op{Priority: 1, Ticket: retry, Terms: NewTerms(time.Millisecond, 0)})
		time.Sleep(time.Second)
		for i := range 5 {
			op(fmt.Sprint("staged", i), 2, Op{Terms: NewTerms(time.Hour, 0)})
		}
		withdrawn := c.stage(s, "withdrawn", 2, Op{Ticket: &Ticket{Withdrawable: true}, Terms: NewTerms(time.Hour, 0)})
		kept := c.stage(s, "kept", 2, Op{Ticket: &Ticket{Withdrawable: true}, Terms: NewTerms(time.Hour, 0)})
		synctest.Wait()
		s.bell.Ring()
		synctest.Wait()
		require.True(t, withdrawn.Withdraw())
		lock := Lock{ID: 7, Target: target(5), Below: 3, Stay: true}
		_, ok := s.Lock(lock)
		require.True(t, ok)
		synctest.Wait()

		broken.Store(true)
		for i := range 8 {
			op(fmt.Sprint("ring", i), 3, Op{Terms: NewTerms(time.Millisecond, 0)})
		}
		<-s.Done()
		for _, name := range []string{"parked", "staged0", "staged4", "kept", "ring0", "ring7"} {
			require.Equal(t, Stopped, c.outcome(name), name)
		}
		require.True(t, c.silent("withdrawn"))
		require.False(t, withdrawn.InUse())
		require.False(t, kept.InUse())
		require.Equal(t, 2+1+5+1+8, c.count())
		stats := s.Stats()
		require.EqualValues(t, maxPanics+1, stats.Restarts)
		require.Equal(t, maxPanics+1, stacks)
		require.EqualValues(t, 1+5+1+8, stats.Stopped)
		require.EqualValues(t, 1, stats.Withdrawn)
		require.Zero(t, stats.Staged)
		require.Zero(t, stats.Open)
		require.ErrorContains(t, s.Vitals().Failure, "the shard failed: the clock is broken")

		late := c.op("late", 4, Op{Terms: NewTerms(time.Millisecond, 0)})
		_, err := s.StageWait(&late, nil)
		require.ErrorIs(t, err, ErrClosed)
		s.Abort()
		carried := s.Carry()
		require.Equal(t, []Hold{{target(9), c.verdict("holds").Token}}, carried.Holds)
		require.Equal(t, []Lock{lock}, carried.Locks)
	})
}

// A shard is given up with a producer that has claimed its place and is yet to
// publish, and with contenders that panic and end the goroutine.
func TestGivenUpWhateverContendersDo(t *testing.T) {
	skipExplored(t)
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		s := New(Config{RingSize: 64, Now: c.now})
		s.owner.fatal = &Fault{Value: errors.New("on purpose"), ours: true}
		for i := range 10 {
			op := Op{Terms: NewTerms(time.Millisecond, 0), Ticket: &Ticket{To: contender(func(*Verdict) {
				failures[[]string{"panic", "goexit"}[i%2]]()
			})}}
			c.stage(s, fmt.Sprint("ring", i), 1, op)
		}
		go s.Run()
		<-s.Done()
		require.Equal(t, 10, c.count())
		for i := range 10 {
			require.Equal(t, Stopped, c.outcome(fmt.Sprint("ring", i)))
		}
		require.EqualError(t, s.Vitals().Failure, "the shard failed: on purpose")
	})
}

// More than is told at a time, with and without tickets, and a hook that fails: each
// operation is dismissed once, and told once.
func TestGivenUpInRounds(t *testing.T) {
	skipExplored(t)
	const operations = 2*giveBackAtOnce + 500
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		var dismissed []uint64
		rounds := 0
		s := New(Config{RingSize: 4096, Now: c.now, Dismissed: func(batch []Dismissal) {
			require.LessOrEqual(t, len(batch), giveBackAtOnce)
			for i := range batch {
				require.Equal(t, Stopped, batch[i].Outcome)
				dismissed = append(dismissed, batch[i].Op.ID)
			}
			if rounds++; rounds <= 2 {
				failures[[]string{"goexit", "panic"}[rounds-1]]()
			}
		}})
		s.owner.fatal = &Fault{Value: errors.New("on purpose"), ours: true}
		var want []uint64
		for i := range uint64(operations) {
			want = append(want, i)
			if i%2 == 0 {
				c.stage(s, fmt.Sprint(i), i%7, Op{Terms: NewTerms(time.Hour, 0)})
			} else {
				_, err := s.Stage(&Op{Target: target(i % 7), Tag: i, Terms: NewTerms(time.Hour, 0)})
				require.NoError(t, err)
			}
		}
		go s.Run()
		<-s.Done()
		require.Equal(t, want, dismissed)
		require.Equal(t, 3, rounds)
		require.Equal(t, operations/2, c.count())
		require.EqualValues(t, operations, s.Stats().Stopped)
		require.Zero(t, s.Stats().Staged)
		require.Equal(t, Op{}, s.owner.unpacked, "R10: nothing stays")
	})
}

// What is asked of an owner that panics over it is answered as if there were
// nothing, and the owner goes on.
func TestPanicOverARequest(t *testing.T) {
	skipExplored(t)
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		c.stage(s, "a", 1, Op{Terms: NewTerms(time.Second, 0)})
		synctest.Wait()
		bad := control{kind: viewWindows} // without a view
		met, ok := s.control(bad)
		require.True(t, ok)
		<-met
		time.Sleep(2 * time.Second)
		require.Equal(t, Won, c.outcome("a"))
		require.EqualValues(t, 1, s.Stats().Restarts)
	})
}

// The journal of a shard that panicked ends before that, with an empty block, and
// can be played until there.
func TestJournalBreaksOff(t *testing.T) {
	skipExplored(t)
	for _, bad := range []string{"staging", "deciding"} {
		t.Run(bad, func(t *testing.T) {
			var blocks [][]byte
			config := Config{Journal: func(block []byte) ([]byte, bool) {
				blocks = append(blocks, bytes.Clone(block))
				return nil, true
			}}
			withShard(t, config, func(s *Shard, c *crowd) {
				for i := range uint64(10) {
					c.stage(s, fmt.Sprint(i), i, Op{Terms: NewTerms(time.Millisecond, 0)})
				}
				retry := &Extra{Retry: Retry{Limit: 3, Backoff: 50 * time.Millisecond}}
				loser := c.stage(s, "loser", 1, Op{Priority: -1, Ticket: &Ticket{Extra: retry}, Terms: NewTerms(time.Millisecond, 0)})
				time.Sleep(20 * time.Millisecond)
				synctest.Wait()
				if bad == "deciding" {
					loser.Extra = nil
					s.Clear(target(99), 99<<1, nil) // passes the change on to the owner
				} else {
					op := c.op("bad", 70, Op{Terms: unknownRules, At: unstamped})
					_, err := s.ring.Push(&op)
					require.NoError(t, err)
					s.bell.Ring()
				}
				time.Sleep(time.Second)
				c.stage(s, "after", 7, Op{Terms: NewTerms(time.Millisecond, 0)})
				time.Sleep(time.Second)
				require.Equal(t, Won, c.outcome("after"))
				require.EqualValues(t, 1, s.Stats().Restarts)
			})
			require.Empty(t, blocks[len(blocks)-1])
			p := NewPlayer(0, nil)
			for _, block := range blocks[:len(blocks)-1] {
				if err := p.Play(block); bad == "deciding" {
					require.NoError(t, err)
				}
			}
			require.EqualValues(t, 10, p.Decisions)
		})
	}
}

// skipExplored skips a test under the explorer, where panics of our own code end the
// process: they are what it looks for.
func skipExplored(t *testing.T) {
	if explored {
		t.Skip("panics end the process")
	}
}
