package shard

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is a contender as the ranks' oracle sees it.
type entry struct {
	name     string
	priority int32
	deadline int64
	order    int // of submission
}

func (e entry) due() int64 {
	if e.deadline == 0 {
		return math.MaxInt64
	}
	return e.deadline
}

// ranksOracle sorts a group plainly, the winner first.
var ranksOracle = map[string]func(a, b entry) int{
	"highest": func(a, b entry) int { return cmp.Or(cmp.Compare(b.priority, a.priority), a.order-b.order) },
	"first":   func(a, b entry) int { return a.order - b.order },
	"last":    func(a, b entry) int { return b.order - a.order },
	"deadline": func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.due(), b.due()), cmp.Compare(b.priority, a.priority), a.order-b.order)
	},
	"order":  func(a, b entry) int { return cmp.Or(cmp.Compare(b.priority, a.priority), a.order-b.order) },
	"lowest": func(a, b entry) int { return cmp.Or(cmp.Compare(a.priority, b.priority), a.order-b.order) },
	"tied":   func(a, b entry) int { return a.order - b.order },
}

var ranksRules = []struct {
	name  string
	rules Rules
}{
	{"highest", Rules{Idle: time.Hour}}, // not the zero Rules
	{"first", Rules{Policy: FirstWins}},
	{"last", Rules{Policy: LastWins}},
	{"deadline", Rules{Policy: EarliestDeadline}},
	{"order", Rules{Order: orders["higher"]}},
	{"lowest", Rules{Order: func(a, b Standing) bool { return a.Priority < b.Priority }}},
	{"tied", Rules{Order: orders["both"]}},
}

func TestRanks(t *testing.T) {
	sizes := []int{1, 2, 3, 4, 7, 8, 9, 17, 40, 5000}            // one that is more than keptRanks
	priorities := []int32{1, 2, 15, 16, 17, 1000, math.MaxInt32} // few are counted, many are sorted
	for _, r := range ranksRules {
		t.Run(r.name, func(t *testing.T) {
			for _, size := range sizes {
				for _, different := range priorities {
					if size > 1000 && different > 2 && different < 1000 {
						continue // long
					}
					testRanks(t, r.rules, ranksOracle[r.name], size, different)
				}
			}
		})
	}
	t.Run("zero rules", func(t *testing.T) {
		for _, size := range sizes {
			testRanks(t, Rules{}, ranksOracle["highest"], size, 7)
			testRanks(t, Rules{}, ranksOracle["highest"], size, 700)
		}
	})
}

// testRanks decides one group, of which some withdraw, and compares the rank
// that each is told. Only some ask, in each run others.
func testRanks(t *testing.T, rules Rules, before func(a, b entry) int, size int, different int32) {
	withShard(t, Config{RingSize: 8192, Rules: []Rules{rules}}, func(s *Shard, c *crowd) {
		rng := rand.New(rand.NewPCG(uint64(size), uint64(different)))
		asks := 1 + rng.IntN(3)
		ranks := map[string]int{}
		var want []entry
		terms := NewTerms(time.Second, 1)
		if plain(rules) {
			terms = NewTerms(time.Second, 0)
		}
		for i := range size {
			e := entry{fmt.Sprint(i), rng.Int32N(different) - different/2, rng.Int64N(4), i}
			x, other := &Extra{Deadline: e.deadline}, rng.Int64()
			ticket := &Ticket{Withdrawable: i%3 == 0, Ranked: i%asks == 0, Extra: x, To: contender(func(v *Verdict) {
				if i%asks == 0 {
					ranks[e.name] = v.Rank()
				}
				x.Deadline = other // the ticket is its submitter's again
				kept := v.Kept()
				assert.Zero(t, kept.Rank())
			})}
			c.stage(s, e.name, 1, Op{Ticket: ticket, Priority: e.priority, Terms: terms})
			if i%3 > 0 || rng.IntN(2) == 0 || !ticket.Withdraw() {
				want = append(want, e)
			}
		}
		time.Sleep(time.Second + Tick)
		s.Close()
		<-s.Done()
		require.Equal(t, len(want), c.count())
		slices.SortFunc(want, before)
		tooLarge := len(want) > keptRanks && sorts(&rules, want)
		for i, e := range want {
			rank := i + 1
			if tooLarge {
				rank = 0
			}
			if e.order%asks == 0 {
				require.Equal(t, rank, ranks[e.name], "%s of %d, %d priorities", e.name, size, different)
			}
			if i == 0 {
				require.Equal(t, Won, c.outcome(e.name), "rank 1")
			} else {
				require.Equal(t, Lost, c.outcome(e.name))
			}
		}
	})
}

// sorts reports whether ranks cannot be told without a sort.
func sorts(r *Rules, group []entry) bool {
	different := map[int32]bool{}
	for _, e := range group {
		different[e.priority] = true
	}
	return r.Order != nil || r.Policy == EarliestDeadline || r.Policy == HighestPriority && len(different) > 16
}

func plain(r Rules) bool { return r.Policy == HighestPriority && r.Order == nil && r.Idle == 0 }

// Who is not told with a decision, or by no policy's, has no rank.
func TestNoRank(t *testing.T) {
	failed := false
	once := func(a, b Standing) bool {
		if !failed {
			failed = true
			panic("no idea")
		}
		return a.Priority > b.Priority
	}
	rules := []Rules{{Choose: choices["last"]}, {Choose: choices["nobody"]}, {Early: true}, {Order: orders["panics"]}, {Order: once}}
	withShard(t, Config{Rules: rules}, func(s *Shard, c *crowd) {
		asked := 0
		ask := contender(func(v *Verdict) {
			asked++
			if v.Early || v.Outcome != Won && v.Outcome != Lost || v.Target != target(3) {
				assert.Zero(t, v.Rank(), "%v", v.Outcome)
			} else {
				assert.Equal(t, 1, v.Rank(), "the only one left")
			}
		})
		for n := range uint64(len(rules)) {
			for i := range 3 {
				c.stage(s, fmt.Sprint(n+1, i), n+1, Op{Ticket: &Ticket{To: ask, Ranked: true}, Terms: NewTerms(time.Millisecond, uint8(n+1))})
			}
		}
		time.Sleep(time.Second)
		for i := range 3 {
			c.stage(s, fmt.Sprint("stopped", i), 9, Op{Ticket: &Ticket{To: ask, Ranked: true}, Terms: NewTerms(time.Hour, 0)})
		}
		s.Abort()
		<-s.Done()
		require.Equal(t, 3*len(rules)+3, asked)
	})
}

// The order fails only when the ranks are asked for: then there are none, and
// everybody is told all the same. The group before had some.
func TestOrderThatFailsAtTheRanks(t *testing.T) {
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			batches := 0 // by the owner, for the owner
			rules := Rules{Order: func(a, b Standing) bool {
				if batches == 2 {
					fail()
				}
				return a.Priority > b.Priority
			}}
			config := Config{Rules: []Rules{rules}, Decided: func([]Decision) { batches++ }}
			withShard(t, config, func(s *Shard, c *crowd) {
				for i := range 5 {
					for n := range uint64(2) {
						ask := contender(func(v *Verdict) {
							if n == 0 {
								assert.Equal(t, 5-i, v.Rank())
							} else {
								assert.Zero(t, v.Rank())
							}
						})
						op := Op{Ticket: &Ticket{To: ask, Ranked: true}, Priority: int32(i), Terms: NewTerms(time.Duration(n+1)*time.Second, 1)}
						c.stage(s, fmt.Sprint(n, i), n, op)
					}
				}
				time.Sleep(time.Minute)
				require.Equal(t, 10, c.count())
				require.Equal(t, Won, c.outcome("1 4"))
			})
		})
	}
}

// failures are how the user's code can fail to return.
var failures = map[string]func(){"panic": func() { panic("no idea") }, "goexit": runtime.Goexit}

// The winner's rank is 1, also by an order that turns in a circle, where sorting
// would have another one first; and no rank is there twice.
func TestRankOfTheWinner(t *testing.T) {
	for _, priorities := range [][]int32{{1, 2, 3}, {3, 2, 1}, {2, 3, 1, 1, 3, 2}, {1, 2, 3, 1, 2, 3, 1, 2, 3, 1}} {
		withShard(t, Config{Rules: []Rules{{Order: orders["cyclic"]}}}, func(s *Shard, c *crowd) {
			ranks := make([]int, len(priorities))
			for i, priority := range priorities {
				ask := contender(func(v *Verdict) { ranks[i] = v.Rank() })
				c.stage(s, fmt.Sprint(i), 1, Op{Ticket: &Ticket{To: ask, Ranked: true}, Priority: priority, Terms: NewTerms(time.Millisecond, 1)})
			}
			s.Close()
			<-s.Done()
			for i, rank := range ranks {
				require.Equal(t, rank == 1, c.outcome(fmt.Sprint(i)) == Won, "%v: %v", priorities, ranks)
			}
			slices.Sort(ranks)
			for i, rank := range ranks {
				require.Equal(t, i+1, rank)
			}
		})
	}
}
