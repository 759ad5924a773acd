package shard

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lock that was set before a submission masks it, though nobody waited for the
// lock to be in force; one that was taken back before does not.
func TestLockBeforeSubmission(t *testing.T) {
	withShard(t, Config{RingSize: 64}, func(s *Shard, c *crowd) {
		var all sync.WaitGroup
		for n := range uint64(50) {
			all.Go(func() {
				lock := Lock{ID: n, Name: fmt.Sprint("lock", n), Target: target(n), Below: 10, Stay: true}
				for i := range 40 {
					stage := func(name string) {
						op := c.op(name, n, Op{Priority: 5, Terms: NewTerms(time.Millisecond, 0)})
						_, err := s.StageWait(&op, nil)
						assert.NoError(t, err)
					}
					_, ok := s.Lock(lock)
					assert.True(t, ok)
					stage(fmt.Sprint("in", n, i))
					time.Sleep(time.Duration(4+i%3) * time.Millisecond)
					_, ok = s.Unlock(n)
					assert.True(t, ok)
					stage(fmt.Sprint("out", n, i))
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
		all.Wait()
		for n := range 50 {
			for i := range 40 {
				in := c.verdict(fmt.Sprint("in", n, i))
				require.Equal(t, Masked, in.Outcome)
				require.Equal(t, fmt.Sprint("lock", n), in.Lock)
				require.Equal(t, Won, c.outcome(fmt.Sprint("out", n, i)))
			}
		}
		require.EqualValues(t, 50*40, s.Stats().Masked)
	})
}

// An idle shard puts a lock into force at once, for windows that are open, too.
func TestLockWakes(t *testing.T) {
	withShard(t, Config{}, func(s *Shard, c *crowd) {
		c.stage(s, "a", 1, Op{Priority: 5, Terms: NewTerms(time.Hour, 0)})
		synctest.Wait()
		before := c.now()
		for id := range uint64(3) {
			applied, ok := s.Lock(Lock{ID: id, Name: "l", All: true, Below: 6, Expires: int64(2 * time.Hour)})
			require.True(t, ok)
			<-applied
		}
		applied, ok := s.Unlock(1)
		require.True(t, ok)
		<-applied
		require.Equal(t, before, c.now())
		time.Sleep(time.Hour + time.Second)
		require.Equal(t, Masked, c.outcome("a"))
		time.Sleep(time.Hour)
		c.stage(s, "b", 1, Op{Priority: 5, Terms: NewTerms(time.Second, 0)})
		time.Sleep(time.Minute)
		require.Equal(t, Won, c.outcome("b"), "the locks have expired")
	})
}

var exclusive = []Rules{{Exclusive: true}}

// The winner of an exclusive target ends: the owner, which sleeps without a
// timer, decides the overdue window at that instant, whether the end comes long
// after, at or before the time at which the window would have closed.
func TestEndedWakes(t *testing.T) {
	const window = 10 * time.Millisecond
	for _, pause := range []time.Duration{0, 1, window - 1, window, window + 1, window + Tick - 1, window + Tick, window + Tick + 1, time.Hour} {
		t.Run(fmt.Sprint(pause), func(t *testing.T) {
			withShard(t, Config{Rules: exclusive}, func(s *Shard, c *crowd) {
				c.stage(s, "0", 1, Op{Terms: NewTerms(window, 1)})
				for i := range 100 {
					time.Sleep(window + Tick)
					synctest.Wait()
					winner := c.verdict(fmt.Sprint(i))
					require.Equal(t, Won, winner.Outcome)
					require.True(t, winner.Exclusive)
					staged := c.now()
					next := fmt.Sprint(i + 1)
					c.stage(s, next, 1, Op{Terms: NewTerms(window, 1)})
					ended := make(chan int64)
					go func() {
						time.Sleep(pause)
						at := c.now()
						assert.True(t, s.Ended(winner.Target, winner.Token))
						ended <- at
					}()
					at := <-ended
					synctest.Wait()
					if pause > window+Tick {
						require.Equal(t, at, c.verdict(next).Closed)
						continue
					}
					time.Sleep(time.Duration(max(0, staged+int64(window+Tick)-c.now())))
					synctest.Wait()
					v := c.verdict(next)
					require.GreaterOrEqual(t, v.Closed, staged+int64(window))
					require.LessOrEqual(t, v.Closed, staged+int64(window+Tick))
				}
			})
		})
	}
}

// A wake-up that gets lost is a deadlock, which the bubble reports: many targets
// whose winners end at the very time at which their next windows get overdue,
// each on a goroutine of its own.
func TestEndedIsNotLost(t *testing.T) {
	const targets, rounds, window = 20, 100, 5 * time.Millisecond
	withShard(t, Config{RingSize: 64, Rules: exclusive}, func(s *Shard, c *crowd) {
		var all sync.WaitGroup
		for n := range uint64(targets) {
			all.Go(func() {
				won := make(chan uint64, rounds)
				for i := range rounds {
					pass := contender(func(v *Verdict) { won <- v.Token })
					op := c.op(fmt.Sprint(n, i), n, Op{Ticket: &Ticket{To: pass}, Terms: NewTerms(window, 1)})
					_, err := s.StageWait(&op, nil)
					assert.NoError(t, err)
					if i > 0 {
						time.Sleep(window)
						s.Ended(target(n), <-won)
					}
				}
				s.Ended(target(n), <-won)
			})
		}
		all.Wait()
	})
}

// Ended may come from the owner's goroutine itself, in Decided, and after Close,
// which waits for windows that wait.
func TestEndedFromTheOwnerAndAfterClose(t *testing.T) {
	withShard(t, Config{Rules: exclusive}, func(s *Shard, c *crowd) {
		const chain = 50
		op := func(i int, then Contender) Op {
			return c.op(fmt.Sprint(i), 1, Op{Ticket: &Ticket{To: then}, Terms: NewTerms(time.Millisecond, 1)})
		}
		var follow func(i int) contender
		follow = func(i int) contender {
			return func(v *Verdict) {
				if i < chain {
					next := op(i+1, follow(i+1))
					_, err := s.Stage(&next)
					assert.NoError(t, err)
				}
				assert.True(t, s.Ended(v.Target, v.Token))
			}
		}
		first := op(0, follow(0))
		_, err := s.Stage(&first)
		require.NoError(t, err)
		time.Sleep(time.Second)
		require.Equal(t, chain+1, c.count())

		c.stage(s, "a", 2, Op{Terms: NewTerms(time.Millisecond, 1)})
		time.Sleep(time.Second)
		c.stage(s, "b", 2, Op{Terms: NewTerms(time.Millisecond, 1)})
		time.Sleep(time.Second)
		s.Close()
		time.Sleep(time.Hour)
		require.True(t, c.silent("b"))
		a := c.verdict("a")
		require.True(t, s.Ended(a.Target, a.Token-1), "told, not applied")
		time.Sleep(time.Hour)
		require.True(t, c.silent("b"))
		require.True(t, s.Ended(a.Target, a.Token))
		synctest.Wait()
		require.Equal(t, Won, c.outcome("b"))
		<-s.Done()
	})
}

// The winner ends between the decision that leaves a window overdue and the
// owner's rest: nobody rings, so the owner has to look into its mail itself.
func TestEndedBeforeTheRest(t *testing.T) {
	withShard(t, Config{Rules: exclusive}, func(s *Shard, c *crowd) {
		c.stage(s, "runs", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
		time.Sleep(time.Second)
		runs := c.verdict("runs")
		ends := contender(func(*Verdict) { s.Ended(runs.Target, runs.Token) })
		at := c.now()
		c.stage(s, "overdue", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
		c.stage(s, "other", 2, Op{Ticket: &Ticket{To: ends}, Terms: NewTerms(time.Millisecond, 0)})
		time.Sleep(time.Second)
		require.LessOrEqual(t, c.toldAt("other"), at+int64(time.Millisecond+Tick))
		require.Equal(t, c.toldAt("other"), c.toldAt("overdue"))
	})
}

// What outlives a shard passes to the next one: running winners, locks and the
// tokens, also what was put into the mail last. Then the old one takes nothing.
func TestCarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		run := func(carried Carried) *Shard {
			s := New(Config{RingSize: 64, Rules: exclusive, Fence: 7, Carried: carried, Now: c.now})
			go s.Run()
			return s
		}
		win := func(s *Shard, name string, n uint64) Verdict {
			c.stage(s, name, n, Op{Priority: 5, Terms: NewTerms(time.Millisecond, 1)})
			time.Sleep(10 * time.Millisecond)
			v := c.verdict(name)
			require.Equal(t, Won, v.Outcome)
			return v
		}
		first := run(Carried{})
		var a, b, d Verdict
		a, b, d = win(first, "a", 1), win(first, "b", 2), win(first, "d", 4)
		require.EqualValues(t, []uint64{8, 9, 10}, []uint64{a.Token, b.Token, d.Token})
		stay := Lock{ID: 1, Name: "stay", Target: target(3), Below: 9, Stay: true}
		_, ok := first.Lock(stay)
		require.True(t, ok)
		require.True(t, first.Ended(b.Target, b.Token))
		first.Close()
		<-first.Done()
		require.True(t, first.Ended(d.Target, d.Token), "late, but not too late")
		late := Lock{ID: 2, Name: "late", All: true, Below: -5, Expires: math.MaxInt64}
		applied, ok := first.Lock(late)
		require.True(t, ok)

		carried := first.Carry()
		<-applied
		require.Equal(t, Carried{Holds: []Hold{{a.Target, a.Token}}, Locks: []Lock{stay, late}, Token: d.Token}, carried)
		require.False(t, first.Ended(a.Target, a.Token))
		_, ok = first.Lock(late)
		require.False(t, ok)
		_, ok = first.Unlock(1)
		require.False(t, ok)

		second := run(carried)
		c.stage(second, "held", 1, Op{Priority: 5, Terms: NewTerms(time.Millisecond, 1)})
		c.stage(second, "masked", 3, Op{Priority: 8, Terms: NewTerms(time.Millisecond, 1)})
		c.stage(second, "late", 5, Op{Priority: -6, Terms: NewTerms(time.Millisecond, 1)})
		free := win(second, "free", 4)
		require.Greater(t, free.Token, d.Token)
		require.Equal(t, "stay", c.verdict("masked").Lock)
		require.Equal(t, "late", c.verdict("late").Lock)
		require.True(t, c.silent("held"))
		require.True(t, second.Ended(a.Target, a.Token))
		synctest.Wait()
		require.Equal(t, Won, c.outcome("held"))
		require.Greater(t, c.verdict("held").Token, free.Token)

		second.Close()
		<-second.Done()
		carried = second.Carry()
		require.Equal(t, c.verdict("held").Token, carried.Token)
		require.Len(t, carried.Holds, 2)
	})
}

// A winner may end after its shard was aborted: Carry knows by then.
func TestEndedAfterAbort(t *testing.T) {
	for _, before := range []bool{true, false} {
		withShard(t, Config{Rules: exclusive}, func(s *Shard, c *crowd) {
			c.stage(s, "a", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
			time.Sleep(time.Second)
			c.stage(s, "overdue", 1, Op{Terms: NewTerms(time.Millisecond, 1)})
			time.Sleep(time.Second)
			a := c.verdict("a")
			if before {
				both := contender(func(*Verdict) { // on the owner's goroutine: no look is in between
					s.Ended(a.Target, a.Token)
					s.Abort()
				})
				c.stage(s, "both", 2, Op{Terms: NewTerms(time.Millisecond, 0), Ticket: &Ticket{To: both}})
				<-s.Done()
			} else {
				s.Abort()
				<-s.Done()
				s.Ended(a.Target, a.Token)
			}
			require.Equal(t, Stopped, c.outcome("overdue"))
			require.Empty(t, s.Carry().Holds)
		})
	}
}

// Nobody comes for what is sent to a shard that has ended: a lock that is renewed over
// and over is one letter.
func TestRenewedLockIsOneLetter(t *testing.T) {
	var b inbox
	set := func(id uint64, expires int64) <-chan struct{} {
		applied, ok := b.putLock(Lock{ID: id, Expires: expires})
		require.True(t, ok)
		return applied
	}
	mail := func() (letters []string) {
		for _, c := range b.mail {
			letters = append(letters, fmt.Sprint(c.kind, c.lock.ID, c.lock.Expires))
		}
		return letters
	}
	letter := func(kind controlKind, id uint64, expires int64) string { return fmt.Sprint(kind, id, expires) }

	first := set(1, 10)
	set(2, 20)
	for i := range int64(1000) {
		require.Equal(t, first, set(1, 11+i))
	}
	require.Equal(t, []string{letter(setLock, 1, 1010), letter(setLock, 2, 20)}, mail())
	_, _ = b.put(control{kind: unsetLock, lock: Lock{ID: 1}})
	require.NotEqual(t, first, set(1, 7))
	require.Equal(t, []string{letter(setLock, 1, 1010), letter(setLock, 2, 20), letter(unsetLock, 1, 0), letter(setLock, 1, 7)}, mail())
	require.Len(t, b.take(), 4)
	set(2, 30)
	require.Equal(t, []string{letter(setLock, 2, 30)}, mail())
}
