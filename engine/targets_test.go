package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// unit is an Entity by value, tower by pointer only.
type (
	unit  struct{ n int }
	tower struct{ n int }
	blow  struct {
		From, To *unit
		Strength int
		hidden   unit
	}
	plan struct {
		Note  string
		Blows []blow
		Whom  engine.Entity
	}
)

func (u unit) ECSID() uuid.UUID   { return target(u.n) }
func (t *tower) ECSID() uuid.UUID { return target(t.n) }

func ids(ns ...int) (all []uuid.UUID) {
	for _, n := range ns {
		all = append(all, target(n))
	}
	return all
}

func TestTargetsOf(t *testing.T) {
	var nilTower *tower
	var nilEntity engine.Entity
	for name, c := range map[string]struct {
		arguments []any
		want      []uuid.UUID
	}{
		"nothing":                    {nil, nil},
		"nil":                        {[]any{nil, nilTower, nilEntity, []unit(nil), map[int]unit(nil)}, nil},
		"no entities":                {[]any{1, "two", 3.0, []int{4}, struct{ A int }{5}, func() {}, make(chan int)}, nil},
		"value":                      {[]any{unit{1}}, ids(1)},
		"pointer to a value":         {[]any{&unit{1}}, ids(1)},
		"pointer":                    {[]any{&tower{1}}, ids(1)},
		"value whose pointer is one": {[]any{tower{1}}, ids(1)},
		"several":                    {[]any{unit{2}, 7, &tower{1}, unit{2}}, ids(2, 1, 2)},
		"slice":                      {[]any{[]unit{{3}, {1}, {2}}}, ids(3, 1, 2)},
		"slice by pointer":           {[]any{[]tower{{3}, {1}}}, ids(3, 1)},
		"slice of pointers":          {[]any{[]*tower{{3}, nil, {1}}}, ids(3, 1)},
		"slice of interfaces":        {[]any{[]engine.Entity{unit{3}, nil, &tower{1}}}, ids(3, 1)},
		"slice of anything":          {[]any{[]any{unit{3}, 4, []any{tower{1}}}}, ids(3, 1)},
		"array":                      {[]any{[2]tower{{3}, {1}}}, ids(3, 1)},
		"nested slices":              {[]any{[][]unit{{{1}}, nil, {{2}, {3}}}}, ids(1, 2, 3)},
		"struct":                     {[]any{blow{From: &unit{1}, To: &unit{2}, hidden: unit{3}}}, ids(1, 2)},
		"struct with nil":            {[]any{blow{To: &unit{2}}}, ids(2)},
		"nested struct":              {[]any{plan{"", []blow{{To: &unit{2}}, {From: &unit{3}}}, &tower{4}}}, ids(2, 3, 4)},
		"map by pointer":             {[]any{map[string]tower{"a": {1}}}, ids(1)},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, engine.TargetsOf(c.arguments...))
		})
	}
}

// A map has no order of its own: its targets come in theirs.
func TestTargetsOfMapAreSorted(t *testing.T) {
	m := map[int]unit{}
	for n := range 100 {
		m[n] = unit{n}
	}
	first := engine.TargetsOf(m)
	require.Len(t, first, 100)
	require.IsIncreasing(t, texts(first))
	for range 20 {
		require.Equal(t, first, engine.TargetsOf(m))
	}
	// Each map by itself, wherever it stands.
	got := engine.TargetsOf(unit{200}, []map[int]unit{m, {1: {7}}}, unit{201})
	require.Equal(t, target(200), got[0])
	require.Equal(t, first, got[1:101])
	require.Equal(t, ids(7, 201), got[101:])
}

func texts(ids []uuid.UUID) (all []string) {
	for _, id := range ids {
		all = append(all, id.String())
	}
	return all
}

// contendsFor checks what calls of a wrapped function with such an argument
// contend for.
func contendsFor[A any](t *testing.T, argument A, want uuid.UUID) {
	t.Helper()
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		fn, err := engine.Wrap(e, engine.Wrapping[A]{}, func(_ context.Context, got A) (A, error) { return got, nil })
		require.NoError(t, err)
		beside := newContender("")
		if want != uuid.Nil {
			stage(t, e, beside, engine.Bid{Target: want, Priority: -1})
		}
		got, err := fn(background, argument)
		require.NoError(t, err)
		require.Equal(t, argument, got)
		if want == uuid.Nil {
			require.EqualValues(t, 1, e.Stats().Direct)
			return
		}
		pass(time.Second)
		require.Equal(t, engine.Lost, beside.outcome(t).Outcome)
		require.Equal(t, 2, beside.outcome(t).Contenders)
	})
}

func TestWrapFindsTargets(t *testing.T) {
	contendsFor(t, unit{1}, target(1))
	contendsFor(t, &unit{1}, target(1))
	contendsFor(t, tower{1}, target(1))
	contendsFor(t, &tower{1}, target(1))
	contendsFor(t, engine.Entity(unit{1}), target(1))
	contendsFor[any](t, tower{1}, target(1))
	contendsFor[any](t, 7, uuid.Nil)
	contendsFor(t, []tower{{3}, {1}}, target(3))
	contendsFor(t, [1]tower{{3}}, target(3))
	contendsFor(t, map[string]tower{"a": {3}}, target(3))
	contendsFor(t, struct{ Towers map[string]tower }{map[string]tower{"a": {3}}}, target(3))
	contendsFor(t, blow{To: &unit{2}}, target(2))
	contendsFor(t, (*unit)(nil), uuid.Nil)
	contendsFor(t, []unit{}, uuid.Nil)
}
