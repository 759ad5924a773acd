package shard

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unlucky is the priority at which the policies of these tests fail.
const unlucky = 13

// Wherever the user's policy fails to return, its own group is told, once; the
// others do not notice, and the shard goes on.
func TestPolicyThatFails(t *testing.T) {
	for name, fail := range failures {
		order := func(a, b Standing) bool {
			if a.Priority == unlucky || b.Priority == unlucky {
				fail()
			}
			return a.Priority > b.Priority
		}
		choose := func(group []Standing) int {
			if slices.ContainsFunc(group, func(s Standing) bool { return s.Priority == unlucky }) {
				fail()
			}
			return 0
		}
		for kind, rules := range map[string]Rules{
			"order":           {Order: order},
			"order early":     {Order: order, Early: true},
			"order runners":   {Order: order, Early: true, RunnersUp: 2},
			"order idle":      {Order: order, Idle: 10 * time.Millisecond},
			"order exclusive": {Order: order, Exclusive: true},
			"choose":          {Choose: choose},
			"choose size":     {Choose: choose, Size: 4},
		} {
			for bad := range 4 {
				t.Run(fmt.Sprintf("%s/%s/%d", name, kind, bad), func(t *testing.T) { testPolicyThatFails(t, rules, name, bad) })
			}
		}
	}
}

// testPolicyThatFails has groups of four, of which every third one meets an
// unlucky operation, at the given position. It does so twice.
func testPolicyThatFails(t *testing.T, rules Rules, failure string, bad int) {
	const targets, rounds = 30, 2
	var incidents int
	config := Config{
		RingSize: 32, // several looks
		Rules:    []Rules{rules},
		Incident: func(any, []byte) { incidents++ },
	}
	withShard(t, config, func(s *Shard, c *crowd) {
		for round := range rounds {
			for n := range uint64(targets) {
				for i := range 4 {
					op := Op{Priority: int32(i), Terms: NewTerms(50*time.Millisecond, 1)}
					if n%3 == 0 && i == bad {
						op.Priority = unlucky
					}
					op = c.op(fmt.Sprint(round, n, i), n, op)
					_, err := s.StageWait(&op, nil)
					require.NoError(t, err)
				}
			}
			time.Sleep(time.Second)
			require.Equal(t, (round+1)*targets*4, c.count(), "everybody is told")
			for n := range uint64(targets) {
				won := 0
				for i := range 4 {
					v := c.verdict(fmt.Sprint(round, n, i))
					switch {
					case n%3 > 0:
						assert.Contains(t, []Outcome{Won, Lost}, v.Outcome)
						assert.NoError(t, v.Fault)
					default:
						// One that had lost before the policy failed stays lost.
						if !v.Early {
							require.Equal(t, Faulted, v.Outcome)
							require.Error(t, v.Fault)
							if failure == "goexit" {
								assert.ErrorIs(t, v.Fault, errGoexit)
							} else {
								assert.EqualError(t, v.Fault, "the policy failed: no idea")
							}
						}
					}
					if v.Outcome == Won {
						won++
						s.Ended(v.Target, v.Token)
					}
				}
				require.Equal(t, n%3 > 0, won == 1, "target %d", n)
			}
		}
		stats := s.Stats()
		assert.EqualValues(t, rounds*targets*4, stats.Accepted)
		assert.EqualValues(t, rounds*targets*4, stats.Lost+stats.Faulted+stats.Groups)
		if failure != "goexit" {
			assert.Equal(t, rounds*targets/3, incidents, "one for each group")
		}
		assert.GreaterOrEqual(t, incidents, rounds*targets/3)
		assert.EqualValues(t, incidents, stats.Incidents)
	})
}

// The policy fails while a group is gone through again since the best withdrew,
// and while retried operations enter the next window, in the middle of a batch.
func TestPolicyThatFailsWhileDeciding(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			var armed atomic.Bool
			rules := Rules{Order: func(a, b Standing) bool {
				if armed.Load() && (a.Priority == unlucky || b.Priority == unlucky) {
					fail()
				}
				return a.Priority > b.Priority
			}}
			withShard(t, Config{Rules: []Rules{rules}}, func(s *Shard, c *crowd) {
				const targets = 20
				terms := NewTerms(100*time.Millisecond, 1)
				for n := range uint64(targets) {
					best := c.stage(s, fmt.Sprint("best", n), n, Op{Ticket: &Ticket{Withdrawable: true}, Priority: 99, Terms: terms})
					for i := range int32(3) {
						op := Op{Ticket: &Ticket{}, Priority: i, Terms: terms}
						switch {
						case n%4 == 0: // goes through it again
							op.Priority = unlucky
						case n%4 == 1: // becomes unlucky by ageing
							op.Priority = unlucky - 1
							op.Ticket.Extra = &Extra{Retry: Retry{Limit: 1, Step: 1}}
						}
						c.stage(s, fmt.Sprint(n, i), n, op)
					}
					if n%4 == 0 {
						require.True(t, best.Withdraw())
					}
				}
				synctest.Wait()
				armed.Store(true)
				time.Sleep(time.Second)
				for n := range uint64(targets) {
					for i := range 3 {
						want := Lost
						if n%4 < 2 {
							want = Faulted
						}
						require.Equal(t, want, c.outcome(fmt.Sprint(n, i)))
					}
					if n%4 > 0 {
						require.Equal(t, Won, c.outcome(fmt.Sprint("best", n)))
					}
				}
				require.Equal(t, targets*4-targets/4, c.count())
			})
		})
	}
}

// A policy's failure is told to whoever is told of incidents, once, also if nobody is
// left of the group, or if it fails only when the ranks are asked for.
func TestPolicyThatFailsIsReported(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			armed, incidents := false, 0 // the owner's
			rules := Rules{Order: func(a, b Standing) bool {
				if armed || a.Priority == unlucky {
					fail()
				}
				return a.Priority > b.Priority
			}}
			config := Config{
				Rules:    []Rules{rules},
				Decided:  func([]Decision) { armed = true },
				Incident: func(any, []byte) { incidents++ },
			}
			withShard(t, config, func(s *Shard, c *crowd) {
				terms := NewTerms(100*time.Millisecond, 1)
				for i := range int32(2) {
					left := c.stage(s, fmt.Sprint("left", i), 1, Op{Ticket: &Ticket{Withdrawable: true}, Priority: unlucky, Terms: terms})
					synctest.Wait()
					require.True(t, left.Withdraw())
				}
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, 1, incidents, "nobody is left")
				require.Zero(t, c.count())

				for i := range int32(2) {
					c.stage(s, fmt.Sprint("cleared", i), 3, Op{Priority: unlucky, Terms: terms})
				}
				synctest.Wait()
				n, ok := s.Clear(target(3), 3<<1, nil)
				require.True(t, ok)
				require.Equal(t, 2, n)
				synctest.Wait()
				require.Equal(t, 2, incidents, "cleared")

				for i := range int32(2) {
					c.stage(s, fmt.Sprint(i), 2, Op{Ticket: &Ticket{Ranked: true}, Priority: i, Terms: terms})
				}
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, 3, incidents, "ranks")
				require.EqualValues(t, incidents, s.Stats().Incidents)
				require.Equal(t, Lost, c.outcome("0"))
				require.Equal(t, Won, c.outcome("1"))
			})
		})
	}
}

// A hook or a contender that ends the goroutine between decisions and
// dismissals: nobody is left out, nobody is told twice.
func TestGoexitWhileTelling(t *testing.T) {
	rules := []Rules{{Early: true}, {Exclusive: true, Decisive: 100, Preempt: true}}
	for _, where := range []string{"decided", "dismissed", "preempted", "contender"} {
		t.Run(where, func(t *testing.T) {
			goexit := func(here string) {
				if here == where {
					runtime.Goexit()
				}
			}
			config := Config{
				Rules:     rules,
				Decided:   func([]Decision) { goexit("decided") },
				Dismissed: func([]Dismissal) { goexit("dismissed") },
				Preempted: func([]Preemption) { goexit("preempted") },
			}
			withShard(t, config, func(s *Shard, c *crowd) {
				c.stage(s, "runs", 99, Op{Terms: NewTerms(time.Millisecond, 2)})
				time.Sleep(time.Second)
				var ops []Op
				for n := range uint64(10) {
					for i := range int32(3) {
						leave := contender(func(*Verdict) { goexit("contender") })
						op := Op{Ticket: &Ticket{To: leave}, Priority: 3 - i, Terms: NewTerms(time.Millisecond, uint8(n%3))}
						ops = append(ops, c.op(fmt.Sprint(n, i), n, op))
					}
				}
				// For one look: of a target that is held, and of one that is free.
				for n := range uint64(2) {
					ops = append(ops, c.op(fmt.Sprint("decisive", n), 99-n, Op{Priority: 100, Terms: NewTerms(time.Millisecond, 2)}))
				}
				_, staged, err := s.StageAll(ops)
				require.NoError(t, err)
				require.Len(t, ops, staged)
				synctest.Wait()
				time.Sleep(time.Second)
				require.True(t, c.silent("decisive0"))
				s.Ended(target(99), c.verdict("runs").Token)
				time.Sleep(time.Second)
				require.Equal(t, 1+len(ops), c.count())
			})
		})
	}
}

// The newcomer that fills a window closes it, though comparing it ends the
// goroutine.
func TestPolicyThatFailsClosesEarly(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			rules := Rules{Size: 2, Order: func(a, b Standing) bool { fail(); return false }}
			withShard(t, Config{Rules: []Rules{rules}}, func(s *Shard, c *crowd) {
				for i := range 2 {
					c.stage(s, fmt.Sprint(i), 1, Op{Terms: NewTerms(time.Hour, 1)})
				}
				synctest.Wait()
				require.Equal(t, Faulted, c.outcome("0"))
				require.Equal(t, Faulted, c.outcome("1"))
			})
		})
	}
}
