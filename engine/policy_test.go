package engine_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Who wins is up to the rules; R15: what the user's own policy does wrong costs
// its group only.

// ruled makes an engine of one shard with rules for all targets.
func ruled(t *testing.T, rules engine.Rules) *engine.Engine {
	t.Helper()
	return newEngine(t, engine.Config{Shards: 1, Rules: rules})
}

// winnerOf submits operations in their order and returns the name of the one
// that wins.
func winnerOf(t *testing.T, e *engine.Engine, ops ...engine.Op) string {
	t.Helper()
	var handles []*engine.Handle[string]
	for _, op := range ops {
		if op.Target == uuid.Nil {
			op.Target = target(1)
		}
		handles = append(handles, submit(t, e, op, answer(op.Name)))
	}
	winner, won := "", 0
	for _, h := range handles {
		if name, err := h.Wait(background); err == nil {
			winner, won = name, won+1
		} else {
			require.NotEmpty(t, lost(t, err).Winner.Name)
		}
	}
	require.Equal(t, 1, won)
	return winner
}

func TestPolicies(t *testing.T) {
	valued := func(name string, p engine.Priority, v int) engine.Op {
		return engine.Op{Name: name, Priority: p, Value: v}
	}
	ops := []engine.Op{valued("a", 1, 3), valued("b", 3, 1), valued("c", 2, 2), valued("d", 3, 1)}
	smallest := func(a, b engine.Standing) bool { return a.Value().(int) < b.Value().(int) }
	for _, c := range []struct {
		name   string
		rules  engine.Rules
		winner string
	}{
		{"highest priority", engine.Rules{}, "b"},
		{"first", engine.Rules{Policy: engine.FirstWins}, "a"},
		{"last", engine.Rules{Policy: engine.LastWins}, "d"},
		{"order", engine.Rules{Order: smallest}, "b"},
		{"order, early", engine.Rules{Order: smallest, Early: true}, "b"},
		{"an order that says yes to everything", engine.Rules{Order: func(_, _ engine.Standing) bool { return true }}, "a"},
		{"choose", engine.Rules{Choose: func(group []engine.Standing) int {
			for i, s := range group {
				if s.Name() == "c" {
					return i
				}
			}
			return -1
		}}, "c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) { require.Equal(t, c.winner, winnerOf(t, ruled(t, c.rules), ops...)) })
		})
	}
}

// Op.Deadline counts, else that of the submitter's context, else it is later
// than any other.
func TestEarliestDeadline(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Policy: engine.EarliestDeadline})
		now := time.Now()
		until := func(d time.Duration) context.Context {
			ctx, cancel := context.WithDeadline(background, now.Add(d))
			t.Cleanup(cancel)
			return ctx
		}
		at := func(name string, p engine.Priority, d time.Duration) engine.Op {
			return engine.Op{Target: target(1), Name: name, Priority: p, Deadline: now.Add(d)}
		}
		require.Equal(t, "soon", winnerOf(t, e, at("late", 9, time.Hour), at("soon", 0, time.Second), engine.Op{Name: "ever", Priority: 10}))
		require.Equal(t, "higher", winnerOf(t, e, at("first", 0, time.Hour), at("higher", 1, time.Hour), at("third", 1, time.Hour)))
		require.Equal(t, "past", winnerOf(t, e, at("soon", 9, time.Second), at("past", 0, -time.Hour)))
		require.Equal(t, "long past", winnerOf(t, e, at("past", 9, -time.Hour), at("long past", 0, -2*time.Hour), at("soon", 9, time.Second)))

		op := engine.Op{Target: target(1), Priority: 9}
		ever := doInBackground(background, e, op, answer(0))
		minute := doInBackground(until(time.Minute), e, engine.Op{Target: target(1)}, answer(0))
		hour := doInBackground(until(time.Hour), e, op, answer(0))
		own := doInBackground(until(time.Hour), e, at("own", 0, 2*time.Hour), answer(0))
		_, err := minute.wait()
		require.NoError(t, err)
		for rank, c := range []*called[int]{hour, own, ever} {
			_, err := c.wait()
			require.Equal(t, rank+2, lost(t, err).Rank)
		}
	})
}

// What fails of a user's policy is told to all of the group, and to nobody else.
func TestPolicyThatFails(t *testing.T) {
	errOrder := errors.New("no order")
	for name, rules := range map[string]engine.Rules{
		"order panics":           {Order: func(_, _ engine.Standing) bool { panic(errOrder) }},
		"early order panics":     {Early: true, Order: func(_, _ engine.Standing) bool { panic(errOrder) }},
		"order ends goroutine":   {Order: func(_, _ engine.Standing) bool { runtime.Goexit(); return true }},
		"choose panics":          {Choose: func([]engine.Standing) int { panic(errOrder) }},
		"choose ends goroutine":  {Choose: func([]engine.Standing) int { runtime.Goexit(); return 0 }},
		"choose chooses nobody":  {Choose: func([]engine.Standing) int { return -1 }},
		"choose chooses outside": {Choose: func(group []engine.Standing) int { return len(group) }},
		"exclusive": {Exclusive: true, Size: 3, Choose: func(group []engine.Standing) int {
			if len(group) > 1 {
				panic(errOrder)
			}
			return 0
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{
					Shards: 1, MoreRules: []engine.Rules{rules},
					RulesOf: func(id uuid.UUID) int {
						if id == target(1) {
							return 1
						}
						return 0
					},
				})
				op := engine.Op{Target: target(1), Name: "bad", Retry: engine.Retry{Limit: 3}}
				other := submit(t, e, engine.Op{Target: target(2)}, answer("good"))
				handle := submit(t, e, op, answer("?"))
				do := doInBackground(background, e, op, answer("?"))
				contend := inBackground(func() (engine.Win, error) { return e.Contend(background, op) })
				ticket := newContender("")
				beside := doInBackground(background, e, engine.Op{Target: target(2)}, answer("?"))

				_, handleErr := handle.Wait(background)
				_, doErr := do.wait()
				_, contendErr := contend.wait()
				for _, err := range []error{handleErr, doErr, contendErr} {
					var undecided *engine.UndecidedError
					require.ErrorAs(t, err, &undecided)
					require.ErrorIs(t, err, engine.ErrUndecided)
					require.ErrorIs(t, err, engine.ErrFailed)
					require.NotErrorIs(t, err, engine.ErrRejected)
					require.Equal(t, target(1), undecided.Target)
					require.Equal(t, "bad", undecided.Name)
					require.Contains(t, err.Error(), "could not be decided")
					var fault *shard.Fault
					require.ErrorAs(t, err, &fault)
					if fault.Value == errOrder {
						require.ErrorIs(t, err, errOrder)
						require.Contains(t, string(fault.Stack), "policy_test.go")
					}
				}
				got, err := other.Wait(background)
				require.NoError(t, err)
				require.Equal(t, "good", got)
				_, err = beside.wait()
				lost(t, err)
				stage(t, e, ticket, engine.Bid{Target: target(2)})
				pass(time.Second)
				require.Equal(t, engine.Won, ticket.outcome(t).Outcome)
				s := e.Stats()
				require.EqualValues(t, 3, s.Undecided)
				require.Zero(t, s.Retried, "no fault of the others'")
				require.Zero(t, s.Failed)
				if name == "exclusive" { // and so is not held
					goesOn(t, e)
				}
			})
		})
	}
}

func TestTicketOfAPolicyThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, engine.Rules{Choose: func([]engine.Standing) int { return 7 }})
		c := newContender("")
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		v := c.outcome(t)
		require.Equal(t, engine.Faulted, v.Outcome)
		require.ErrorContains(t, v.Fault, "7 of a group of 1")
		require.Equal(t, uuid.Nil, v.EntryID())
	})
}
