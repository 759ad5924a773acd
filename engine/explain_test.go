package engine_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Verdicts that explain themselves, and rules that cannot be meant.

func TestRankAndMargin(t *testing.T) {
	priorities := []engine.Priority{3, 8, 5, 8, -1, 5}
	for name, c := range map[string]struct {
		rules engine.Rules
		ranks []int
	}{
		"highest":  {engine.Rules{}, []int{5, 1, 3, 2, 6, 4}},
		"first":    {engine.Rules{Policy: engine.FirstWins}, []int{1, 2, 3, 4, 5, 6}},
		"last":     {engine.Rules{Policy: engine.LastWins}, []int{6, 5, 4, 3, 2, 1}},
		"order":    {engine.Rules{Order: func(a, b engine.Standing) bool { return a.Priority < b.Priority }}, []int{2, 5, 3, 6, 1, 4}},
		"choose":   {engine.Rules{Choose: func([]engine.Standing) int { return 2 }}, []int{0, 0, 1, 0, 0, 0}},
		"deadline": {engine.Rules{Policy: engine.EarliestDeadline}, []int{5, 1, 3, 2, 6, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := ruled(t, c.rules)
				winner := 0
				var handles []*engine.Handle[int]
				for i, p := range priorities {
					if c.ranks[i] == 1 {
						winner = i
					}
					handles = append(handles, submit(t, e, engine.Op{Target: target(1), Name: fmt.Sprint("op", i), Priority: p}, answer(i)))
				}
				for i, h := range handles {
					_, err := h.Wait(background)
					if i == winner {
						require.NoError(t, err)
						continue
					}
					rejected := lost(t, err)
					require.Equal(t, c.ranks[i], rejected.Rank, "of %d", i)
					require.EqualValues(t, priorities[winner]-priorities[i], rejected.Margin())
					require.Equal(t, 100*time.Millisecond, rejected.Age)
					explained := rejected.Explain()
					for _, part := range []string{
						rejected.Name, h.ID().String(), target(1).String(), "6 contenders", fmt.Sprint("priority ", int32(priorities[i])),
						handles[winner].ID().String(), "told when the window closed after 100ms", "retries 0",
					} {
						require.Contains(t, explained, part)
					}
					require.Equal(t, c.ranks[i] > 0, rejected.Rank > 0)
				}
			})
		})
	}
}

func TestMarginOfExtremes(t *testing.T) {
	e := engine.RejectedError{Priority: math.MinInt32, Winner: engine.Winner{Priority: math.MaxInt32}}
	require.Equal(t, int64(math.MaxUint32), e.Margin())
}

func TestInvalidRules(t *testing.T) {
	order := func(_, _ engine.Standing) bool { return false }
	choose := func([]engine.Standing) int { return 0 }
	for i, rules := range []engine.Rules{
		{Policy: engine.EarliestDeadline + 1},
		{Order: order, Choose: choose},
		{Order: order, Policy: engine.LastWins},
		{Choose: choose, Policy: engine.LastWins},
		{Early: true, Choose: choose},
		{RunnersUp: 1},
		{RunnersUp: -1, Early: true},
		{RunnersUp: 16, Early: true},
		{Idle: -1},
		{Size: -1},
		{Preempt: true, Decisive: 1},
		{Preempt: true, Exclusive: true},
	} {
		for field, config := range map[string]engine.Config{
			"Config.Rules":        {Rules: rules},
			"Config.MoreRules[1]": {MoreRules: []engine.Rules{{}, rules}, RulesOf: func(uuid.UUID) int { return 0 }},
		} {
			e, err := engine.New(config)
			require.Nil(t, e, "%d", i)
			var invalid *engine.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.ErrorIs(t, err, engine.ErrInvalid)
			require.Contains(t, invalid.Field, field)
			require.NotEmpty(t, invalid.Want)
		}
	}
	_, err := engine.New(engine.Config{MoreRules: make([]engine.Rules, 1)})
	invalid(t, err, "Config.RulesOf")
	_, err = engine.New(engine.Config{MoreRules: make([]engine.Rules, 1<<10), RulesOf: func(uuid.UUID) int { return 0 }})
	invalid(t, err, "len(Config.MoreRules)")
	_, err = engine.New(engine.Config{Overload: engine.DisplaceLowest + 1})
	invalid(t, err, "Config.Overload")
	_, err = engine.New(engine.Config{Window: math.MaxInt64})
	invalid(t, err, "Config.Window")
}

func TestInvalidRulesOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		n := 0
		lineage := new(engine.Lineage)
		e := newEngine(t, engine.Config{MoreRules: make([]engine.Rules, 2), RulesOf: func(uuid.UUID) int { return n }, Lineage: lineage})
		op := engine.Op{Target: target(1), ID: uuid.New()}
		for _, n = range []int{-1, 3, math.MaxInt} {
			_, err := engine.Do(background, e, op, answer(1))
			invalid(t, err, "index from Config.RulesOf")
			_, err = engine.Submit(background, e, op, answer(1))
			invalid(t, err, "index from Config.RulesOf")
			_, err = e.Contend(background, op)
			invalid(t, err, "index from Config.RulesOf")
			_, err = e.Stage(&engine.Bid{Target: target(1)})
			invalid(t, err, "index from Config.RulesOf")
			require.Zero(t, lineage.Len())
		}
		for _, n = range []int{0, 1, 2} {
			_, err := engine.Do(background, e, op, answer(1))
			require.NoError(t, err)
		}
		require.EqualValues(t, 12, e.Stats().Refused)
	})
}

func TestInvalidRetries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		tooMany := int64(math.MaxInt32) + 1 // on 32-bit machines it is negative
		for _, c := range []struct {
			field string
			retry engine.Retry
		}{
			{"Op.Retry.Limit", engine.Retry{Limit: -1}},
			{"Op.Retry.Limit", engine.Retry{Limit: int(tooMany)}},
			{"Op.Retry.Limit", engine.Retry{Step: 1}},
			{"Op.Retry.Limit", engine.Retry{Backoff: time.Second}},
			{"Op.Retry", engine.Retry{Limit: 1, Backoff: -1}},
			{"Op.Retry", engine.Retry{Limit: 1, MaxBackoff: -1}},
			{"Op.Retry.Step", engine.Retry{Limit: 1, Step: -1}},
		} {
			_, err := engine.Do(background, e, engine.Op{Target: target(1), Retry: c.retry}, answer(1))
			invalid(t, err, c.field)
			_, err = engine.Wrap(e, engine.Wrapping[*player]{Op: engine.Op{Retry: c.retry}}, identityOf)
			invalid(t, err, c.field)
		}
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Parents: []uuid.UUID{target(2)}}, answer(1))
		invalid(t, err, "Op.Parents")
	})
}

func identityOf(_ context.Context, p *player) (*player, error) { return p, nil }
