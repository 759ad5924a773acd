package model

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The model is the judge of everything else, so its own tests are by hand.

var x, y = uuid.UUID{1}, uuid.UUID{2}

// words says what an operation is told.
func words(t Told) string {
	line := fmt.Sprint(t.ID, " ", t.Outcome)
	if t.Retries > 0 {
		line += fmt.Sprint(" after ", t.Retries)
	}
	return line
}

// lines says what was decided and told, a line each.
func lines(m *Model) (all []string) {
	for _, d := range m.Decide() {
		line := fmt.Sprintf("%d-%d-%d:", d.Opened, d.Due, d.Closed)
		for _, t := range d.Members {
			line += " " + words(t)
		}
		if len(d.Retried) > 0 {
			line += fmt.Sprint(" retried", d.Retried)
		}
		all = append(all, fmt.Sprintf("%s of %d", line, d.Contenders))
	}
	for _, d := range m.Dismissed() {
		all = append(all, fmt.Sprintf("%d: %s", d.At, words(d.Told)))
	}
	for _, p := range m.Preempted() {
		all = append(all, fmt.Sprintf("preempt %d", p.Token))
	}
	return all
}

func TestPlain(t *testing.T) {
	m := New(Config{Tick: 10, Fence: 100})
	_, ok := m.Next()
	require.False(t, ok)
	m.Stage(Op{ID: 1, Target: x, Priority: 5, At: -1, Window: 20, Withdrawable: true}, 5)
	m.Stage(Op{ID: 2, Target: x, Priority: 8, At: -1, Window: 1000}, 6)
	m.Stage(Op{ID: 4, Target: y, Priority: math.MinInt32, At: 3, Window: 10}, 7)
	m.Stage(Op{ID: 3, Target: x, Priority: 8, At: -1, Window: 1}, 8)
	next, ok := m.Next()
	require.True(t, ok)
	require.EqualValues(t, 20, next, "13 rounded up")

	m.Advance(19)
	require.Empty(t, lines(m))
	m.Advance(29)
	require.Equal(t, []string{"3-13-29: 4 won of 1"}, lines(m))

	// The first operation's window stays without it, and the next best wins.
	require.True(t, m.Withdraw(1))
	require.False(t, m.Withdraw(1))
	require.False(t, m.Withdraw(2), "not withdrawable")
	require.Equal(t, 3, m.Staged())
	m.Advance(30)
	require.Equal(t, []Decision{{
		Target: x, Number: 2, Token: 102, Opened: 5, Due: 25, Closed: 30,
		Winner: Standing{2, 8}, Contenders: 2, Notes: Withdrawn,
		Members: []Told{{Standing{2, 8}, Won, 0}, {Standing{3, 8}, Lost, 0}},
	}}, m.Decide())
	require.Equal(t, 0, m.Staged())
	require.Equal(t, 1, m.Withdrawn())

	// The stamp lies before the last Advance.
	m.Stage(Op{ID: 5, Target: y, At: 3, Window: math.MaxInt64, Withdrawable: true}, 31)
	require.True(t, m.Withdraw(5))
	m.Advance(math.MaxInt64)
	require.Empty(t, lines(m))
	_, ok = m.Next()
	require.True(t, ok, "no tick is late enough")
}

func TestWinner(t *testing.T) {
	op := func(id uint64, priority int32) Op { return Op{ID: id, Priority: priority} }
	require.EqualValues(t, 1, Winner([]Op{op(1, 0)}).ID)
	require.EqualValues(t, 2, Winner([]Op{op(1, 5), op(2, 8), op(3, 8), op(4, 2)}).ID)
	require.EqualValues(t, 2, Winner([]Op{op(1, math.MinInt32), op(2, math.MaxInt32)}).ID)
	require.EqualValues(t, 1, Winner([]Op{op(1, math.MinInt32), op(2, math.MinInt32)}).ID)
}

// ruled makes a model in which operations of x are staged by the given rules,
// now and with a window of 10.
func ruled(r Rules) (m *Model, stage func(ops ...Op)) {
	m = New(Config{Tick: 1, Rules: []Rules{r}})
	return m, func(ops ...Op) {
		for _, op := range ops {
			op.Target, op.At, op.Window, op.Rules = x, -1, 10, 1
			m.Stage(op, m.now)
		}
	}
}

func TestPolicies(t *testing.T) {
	ops := []Op{
		{ID: 1, Priority: 3}, {ID: 2, Priority: 9, Deadline: 7}, {ID: 3, Priority: 1, Deadline: 4},
		{ID: 4, Priority: 2, Deadline: 4}, {ID: 5, Priority: 2, Deadline: 4},
	}
	higher := func(a, b Standing) bool { return a.Priority >= b.Priority } // no strict ordering
	for _, c := range []struct {
		rules  Rules
		winner uint64
	}{
		{Rules{}, 2},
		{Rules{Policy: FirstWins}, 1},
		{Rules{Policy: LastWins}, 5},
		{Rules{Policy: EarliestDeadline}, 4},
		{Rules{Order: higher}, 2},
		{Rules{Order: higher, Early: true, RunnersUp: 3}, 2},
		{Rules{Choose: func(group []Standing) int { return len(group) - 3 }}, 3},
		{Rules{Choose: func(group []Standing) int { return len(group) }}, 0},
		{Rules{Choose: func([]Standing) int { panic("none") }}, 0},
		{Rules{Order: func(a, _ Standing) bool { return a.Priority > 2 || 1/(a.Priority-2) > 0 }}, 0},
	} {
		m, stage := ruled(c.rules)
		stage(ops...)
		m.Advance(10)
		d := m.Decide()[0]
		require.Equal(t, c.winner, d.Winner.ID)
		require.Equal(t, c.winner == 0, d.Fault)
		if d.Fault {
			require.Equal(t, Faulted, d.Members[4].Outcome)
		}
	}
}

func TestEarly(t *testing.T) {
	m, stage := ruled(Rules{Early: true, RunnersUp: 1})
	stage(Op{ID: 1, Priority: 5}, Op{ID: 2, Priority: 5})
	require.Empty(t, lines(m))
	stage(Op{ID: 3, Priority: 6, Withdrawable: true})
	require.Equal(t, []string{"0: 2 lost"}, lines(m))
	stage(Op{ID: 4, Priority: 2, Fold: 1})
	require.Empty(t, lines(m), "may still be folded")

	// Whoever is withdrawn is found when somebody is to be told.
	m.Withdraw(3)
	require.Equal(t, 3, m.Staged())
	stage(Op{ID: 5, Priority: 9, Fold: 1})
	require.Equal(t, 3, m.Staged())
	m.Advance(10)
	require.Equal(t, []string{"0-10-10: 1 lost 5 won 4 folded of 4"}, lines(m))
}

func TestClosing(t *testing.T) {
	m, stage := ruled(Rules{Idle: 3, Size: 3, Decisive: 8})
	stage(Op{ID: 1, Priority: 1})
	m.Advance(2)
	stage(Op{ID: 2, Priority: 1})
	m.Advance(4)
	require.Empty(t, lines(m))
	next, _ := m.Next()
	require.EqualValues(t, 5, next)
	m.Advance(5)
	require.Equal(t, []string{"0-5-5: 1 won 2 lost of 2"}, lines(m))

	stage(Op{ID: 3}, Op{ID: 4}, Op{ID: 5}, Op{ID: 6}, Op{ID: 7, Priority: 8})
	require.Equal(t, []string{"5-5-5: 3 won 4 lost 5 lost of 3", "5-5-5: 6 lost 7 won of 2"}, lines(m))
}

func TestExclusive(t *testing.T) {
	m, stage := ruled(Rules{Exclusive: true, Decisive: 8, Preempt: true})
	stage(Op{ID: 1, Priority: 8}, Op{ID: 2, Priority: 8}) // the second waits for the first's decision
	require.Equal(t, []string{"0-0-0: 1 won of 1", "preempt 1"}, lines(m))
	stage(Op{ID: 3, Priority: 9}, Op{ID: 4, Priority: 9})
	require.Empty(t, lines(m), "asked once")
	m.Advance(20)
	require.Empty(t, lines(m))
	require.Equal(t, []Hold{{x, 1}}, m.Held())

	require.False(t, m.Ended(x, 2))
	require.False(t, m.Ended(y, 1))
	require.True(t, m.Ended(x, 1))
	require.False(t, m.Ended(x, 1))
	require.Equal(t, []string{"0-10-20: 2 lost 3 won 4 lost of 3"}, lines(m))
	require.Equal(t, []Hold{{x, 2}}, m.Held())
}

// A window that was closed early and comes to nothing frees its target.
func TestExclusiveComesToNothing(t *testing.T) {
	m, stage := ruled(Rules{Exclusive: true, Size: 1})
	stage(Op{ID: 1, Withdrawable: true}, Op{ID: 2})
	m.Withdraw(1)
	require.Equal(t, []string{"0-10-0: 2 won of 1"}, lines(m))
}

func TestRetry(t *testing.T) {
	m, stage := ruled(Rules{})
	stage(
		Op{ID: 1, Priority: 9},
		Op{ID: 2, Priority: 4, Retry: &Retry{Limit: 1, Step: 3}},
		Op{ID: 3, Priority: 6, Retry: &Retry{Limit: 2, Backoff: 5, MaxBackoff: 7}},
		Op{ID: 4, Priority: 6, Retry: &Retry{Limit: 2, Backoff: 50}, Withdrawable: true},
	)
	m.Advance(10)
	require.Equal(t, []string{"0-10-10: 1 won retried[2 3 4] of 4"}, lines(m))
	require.Equal(t, 3, m.Staged())
	m.Advance(15)
	require.Empty(t, lines(m))
	require.True(t, m.Withdraw(4))
	m.Advance(20)
	require.Equal(t, []string{"10-20-20: 2 won after 1 retried[3] of 2"}, lines(m))
	m.Close()
	m.Advance(60)
	require.Empty(t, lines(m))
	require.Equal(t, 1, m.Withdrawn())
	m.Advance(70)
	require.Equal(t, []string{"60-70-70: 3 won after 2 of 1"}, lines(m), "7 after 20 it came back")

	require.Equal(t, int64(math.MaxInt64), (&Retry{Backoff: math.MaxInt64/2 + 1}).pause(2))
	require.EqualValues(t, math.MaxInt32, aged(math.MaxInt32-1, 2))
	require.EqualValues(t, math.MinInt32, aged(-2, math.MinInt32))
}

func TestLocks(t *testing.T) {
	m, stage := ruled(Rules{})
	stage(Op{ID: 1, Priority: 5}, Op{ID: 2, Priority: 7})
	m.Lock(Lock{ID: 2, Name: "all", All: true, Below: 6, Expires: 12})
	m.Lock(Lock{ID: 1, Name: "x", Target: x, Below: 6, Stay: true})
	m.Lock(Lock{ID: 3, Target: y, Below: 99, Stay: true})
	stage(Op{ID: 3, Priority: 5, Withdrawable: true})
	d := m.Dismissed()
	require.Equal(t, "x", d[0].Lock, "the lowest ID")
	m.Unlock(1)
	m.Advance(10)
	require.Equal(t, []string{"0-10-10: 2 won of 1", "10: 1 masked"}, lines(m))
	m.Advance(12)
	stage(Op{ID: 4})
	require.Empty(t, lines(m), "expired")
}

func TestLimit(t *testing.T) {
	m, stage := ruled(Rules{})
	m.Limit = 3
	stage(Op{ID: 1, Priority: 5}, Op{ID: 2, Priority: 4}, Op{ID: 3, Priority: 4, Withdrawable: true}, Op{ID: 4, Priority: 4})
	require.Equal(t, []string{"0: 4 displaced"}, lines(m))
	m.Withdraw(3)
	stage(Op{ID: 5, Priority: 5}, Op{ID: 6, Priority: 5})
	require.Equal(t, []string{"0: 2 displaced"}, lines(m), "3 made room without a word")
	m.Abandon()
	require.Equal(t, []string{"0-10-0: 1 stopped 5 stopped 6 stopped of 3"}, lines(m))
}
