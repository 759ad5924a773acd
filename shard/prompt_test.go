package shard

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What can be told or closed at once is, by a shard that is idle: at the
// instant of the submission, whatever else it sleeps for.
func TestToldAtOnce(t *testing.T) {
	const window = time.Minute
	for name, r := range map[string]struct {
		rules Rules
		told  []string // at the second submission, of a and b
	}{
		"early":           {Rules{Early: true}, []string{"a"}},
		"first":           {Rules{Early: true, Policy: FirstWins}, []string{"b"}},
		"order":           {Rules{Early: true, Order: orders["higher"]}, []string{"a"}},
		"size":            {Rules{Size: 2}, []string{"a", "b"}},
		"decisive":        {Rules{Decisive: 8}, []string{"a", "b"}},
		"early, decisive": {Rules{Early: true, Decisive: 8}, []string{"a", "b"}},
		"runners":         {Rules{Early: true, RunnersUp: 1}, nil},
		"late":            {Rules{Policy: LastWins}, nil},
	} {
		for _, how := range []string{"Stage", "StageWait", "StageAll"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				withShard(t, Config{Rules: []Rules{r.rules}}, func(s *Shard, c *crowd) {
					stage := func(op Op) {
						var err error
						switch how {
						case "Stage":
							_, err = s.Stage(&op)
						case "StageWait":
							_, err = s.StageWait(&op, nil)
						case "StageAll":
							_, _, err = s.StageAll([]Op{op})
						}
						require.NoError(t, err)
					}
					for n := range uint64(20) {
						time.Sleep(time.Duration(n%4) * 7 * time.Second)
						if n%2 == 0 {
							c.stage(s, fmt.Sprint("far", n), 99, Op{Terms: NewTerms(time.Hour, 0)})
						}
						a, b := fmt.Sprint("a", n), fmt.Sprint("b", n)
						stage(c.op(a, n, Op{Priority: 5, Terms: NewTerms(window, 1)}))
						time.Sleep(time.Duration(1+n%3) * time.Second)
						now := c.now()
						stage(c.op(b, n, Op{Priority: 8, Terms: NewTerms(window, 1)}))
						synctest.Wait()
						require.Equal(t, now, c.now())
						for _, name := range []string{"a", "b"} {
							op := fmt.Sprint(name, n)
							if !assert.Equal(t, !slices.Contains(r.told, name), c.silent(op), "%s", op) || c.silent(op) {
								continue
							}
							v := c.verdict(op)
							assert.Equal(t, now, v.Closed)
							assert.Equal(t, now, c.toldAt(op))
							assert.Equal(t, v.Early, v.Outcome == Lost && r.rules.Early)
						}
					}
				})
			})
		}
	}
}

// A shard that is busy lets its next look do.
func TestToldAtTheNextLookWhileBusy(t *testing.T) {
	withShard(t, Config{Rules: []Rules{{Early: true}}}, func(s *Shard, c *crowd) {
		for i := range 2000 {
			name := fmt.Sprint(i)
			c.stage(s, name, uint64(i%3), Op{Priority: int32(i % 2), Terms: NewTerms(time.Hour, 1)})
			if i%20 == 19 {
				time.Sleep(100 * time.Microsecond)
			}
		}
		// Once it is seen to be busy, it sleeps through.
		require.LessOrEqual(t, s.Stats().Sleeps, uint64(c.now()/lookEvery+busyOps+2))
		time.Sleep(time.Duration(lookEvery))
		require.Equal(t, 2000-3, c.count())
		for i := range 2000 {
			if name := fmt.Sprint(i); !c.silent(name) {
				require.LessOrEqual(t, c.toldAt(name)-c.verdict(name).Closed, lookEvery, name)
			}
		}
	})
}

// A window that closes when it is idle needs its owner awake in time only.
func TestIdleClosesInTime(t *testing.T) {
	rules := []Rules{{Idle: 10 * time.Millisecond}}
	withShard(t, Config{Rules: rules}, func(s *Shard, c *crowd) {
		for n := range uint64(20) {
			// What the owner sleeps for otherwise is between the pause and the
			// end of the window.
			c.stage(s, fmt.Sprint("far", n), 99, Op{Terms: NewTerms(500*time.Millisecond, 0)})
			synctest.Wait()
			for i := range 5 {
				c.stage(s, fmt.Sprint(n, i), n, Op{Terms: NewTerms(time.Second, 1)})
				time.Sleep(time.Duration(n%10) * time.Millisecond)
			}
			last := c.now() - int64(n%10)*int64(time.Millisecond)
			time.Sleep(time.Second)
			for i := range 5 {
				v := c.verdict(fmt.Sprint(n, i))
				require.Equal(t, 5, v.Contenders)
				require.GreaterOrEqual(t, v.Closed, last+int64(10*time.Millisecond))
				require.LessOrEqual(t, v.Closed, last+int64(10*time.Millisecond+Tick))
			}
		}
	})
}

// Whoever a lock or the limit keeps out is told at once, too, though its rules
// are the zero ones.
func TestKeptOutAtOnce(t *testing.T) {
	withShard(t, Config{Limit: 3, Displace: true}, func(s *Shard, c *crowd) {
		applied, _ := s.Lock(Lock{ID: 1, Name: "l", Target: target(1), Below: 5, Stay: true})
		<-applied
		for n := range uint64(3) {
			c.stage(s, fmt.Sprint("stays", n), 2+n, Op{Priority: int32(n), Terms: NewTerms(time.Hour, 0)})
		}
		time.Sleep(time.Second)
		now := c.now()
		c.stage(s, "masked", 1, Op{Priority: 4, Terms: NewTerms(time.Hour, 0)})
		synctest.Wait()
		require.Equal(t, Masked, c.outcome("masked"))
		c.stage(s, "higher", 1, Op{Priority: 8, Terms: NewTerms(time.Hour, 0)})
		synctest.Wait()
		require.Equal(t, Displaced, c.outcome("stays0"))
		require.Equal(t, now, c.toldAt("masked"))
		require.Equal(t, now, c.toldAt("stays0"))
	})
}
