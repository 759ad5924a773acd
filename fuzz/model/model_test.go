package model

import (
	"math"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// The model is the judge of everything else, so its own test is by hand.
func TestModel(t *testing.T) {
	x, y := uuid.UUID{1}, uuid.UUID{2}
	a := Op{ID: 1, Target: x, Priority: 5, At: -1, Window: 20}
	b := Op{ID: 2, Target: x, Priority: 8, At: -1, Window: 1000}
	c := Op{ID: 3, Target: x, Priority: 8, At: -1, Window: 1}
	d := Op{ID: 4, Target: y, Priority: math.MinInt32, At: 3, Window: 10}

	m := New(10)
	_, ok := m.Next()
	require.False(t, ok)
	m.Stage(a, 5)
	m.Stage(b, 6)
	m.Stage(d, 7)
	m.Stage(c, 8)
	next, ok := m.Next()
	require.True(t, ok)
	require.EqualValues(t, 20, next, "13 rounded up")

	require.Empty(t, m.Advance(19))
	require.Equal(t, []Decision{
		{Target: y, Opened: 3, Due: 13, Closed: 29, Winner: d, Contenders: []Op{d}},
	}, m.Advance(29))

	// The first operation's window stays without it, and the next best wins.
	require.True(t, m.Withdraw(1))
	require.False(t, m.Withdraw(1))
	require.False(t, m.Withdraw(4))
	require.Equal(t, []Decision{
		{Target: x, Opened: 5, Due: 25, Closed: 30, Winner: b, Contenders: []Op{b, c}},
	}, m.Advance(30))

	// The stamp lies before the last Advance.
	d.At, d.Window = 3, math.MaxInt64
	m.Stage(d, 31)
	require.True(t, m.Withdraw(4))
	require.Empty(t, m.Advance(math.MaxInt64))
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
