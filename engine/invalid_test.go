package engine_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// What is refused because it cannot be meant.

func invalid(t *testing.T, err error, field string) {
	t.Helper()
	var i *engine.InvalidError
	require.ErrorAs(t, err, &i)
	require.ErrorIs(t, err, engine.ErrInvalid)
	require.Equal(t, field, i.Field)
	require.Contains(t, err.Error(), field)
}

func TestInvalidConfig(t *testing.T) {
	for field, config := range map[string]engine.Config{
		"Config.Window":    {Window: -1},
		"Config.Shards":    {Shards: -1},
		"Config.RingSize":  {RingSize: -1},
		"Config.MaxStaged": {MaxStaged: -1},
		"Config.WhenFull":  {WhenFull: engine.Refuse + 1},
	} {
		e, err := engine.New(config)
		require.Nil(t, e)
		invalid(t, err, field)
	}
	for field, config := range map[string]engine.Config{
		"Config.Shards":   {Shards: 1 << 20},
		"Config.RingSize": {RingSize: 1 << 30},
	} {
		_, err := engine.New(config)
		invalid(t, err, field)
	}
}

// Zero shards are as many as there are processors: each is one goroutine.
func TestZeroConfigWorks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		before := ownGoroutines()
		e := newEngine(t, engine.Config{})
		e.Start()
		require.Equal(t, runtime.GOMAXPROCS(0), ownGoroutines()-before)
		goesOn(t, e)
		require.IsType(t, &engine.Memory{}, e.Registry())
	})
}

func TestInvalidOperations(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{WindowOf: func(id uuid.UUID) time.Duration {
			if id == target(13) {
				return -1
			}
			return 0
		}})
		for _, c := range []struct {
			field string
			op    engine.Op
		}{
			{"Op.Window", engine.Op{Target: target(1), Window: -1}},
			{"Op.Window", engine.Op{Window: -1, Mode: engine.None}},
			{"Op.Mode", engine.Op{Target: target(1), Mode: engine.None + 1}},
			{"window from Config.WindowOf", engine.Op{Target: target(13)}},
		} {
			_, err := engine.Do(background, e, c.op, answer(1))
			invalid(t, err, c.field)
			h, err := engine.Submit(background, e, c.op, answer(1))
			invalid(t, err, c.field)
			require.Nil(t, h)
			_, err = e.Contend(background, c.op)
			invalid(t, err, c.field)
		}
		_, err := engine.Do[int](background, e, engine.Op{}, nil)
		invalid(t, err, "function")
		_, err = engine.Submit[int](background, e, engine.Op{}, nil)
		invalid(t, err, "function")
		require.EqualValues(t, 14, e.Stats().Refused)
		require.Zero(t, e.Stats().Submitted)
	})
}

func TestInvalidBids(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		b := e.NewBatch(0)
		for _, c := range []struct {
			field string
			bid   engine.Bid
		}{
			{"Bid.Target", engine.Bid{}},
			{"Bid.Target", engine.Bid{Ticket: &newContender("").Ticket}},
			{"Bid.Ticket.To", engine.Bid{Target: target(1), Ticket: &engine.Ticket{}}},
			{"Bid.Ticket.Polled", engine.Bid{Target: target(1), Ticket: &engine.Ticket{To: newContender(""), Polled: true}}},
			{"Bid.Window", engine.Bid{Target: target(1), Window: -1}},
		} {
			_, err := e.Stage(&c.bid)
			invalid(t, err, c.field)
			invalid(t, b.Add(&c.bid), c.field)
		}
		require.Zero(t, b.Len())
		require.NoError(t, b.Flush())
	})
}

func TestTicketInUse(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		c := newContender("")
		c.Withdrawable = true
		stage(t, e, c, engine.Bid{Target: target(1)})
		_, err := e.Stage(&engine.Bid{Target: target(1), Ticket: &c.Ticket})
		invalid(t, err, "Bid.Ticket")
		b := e.NewBatch(4)
		for _, ticket := range []*engine.Ticket{nil, &c.Ticket, nil} {
			require.NoError(t, b.Add(&engine.Bid{Target: target(1), Ticket: ticket}))
		}
		invalid(t, b.Flush(), "Bid.Ticket")
		require.Equal(t, 1, b.Len(), "the others were accepted")
		pass(time.Second)
		require.Equal(t, engine.Won, c.outcome(t).Outcome)
		c.told = 0
		require.NoError(t, b.Flush())
		pass(time.Second)
		require.Equal(t, engine.Won, c.outcome(t).Outcome)
		require.EqualValues(t, 4, e.Stats().Submitted)
	})
}

func TestInvalidWraps(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		identity := func(_ context.Context, n int) (int, error) { return n, nil }
		_, err := engine.Wrap[int, int](e, engine.Wrapping[int]{}, nil)
		invalid(t, err, "function")
		_, err = engine.Wrap(e, engine.Wrapping[int]{}, identity)
		invalid(t, err, "argument type")
		_, err = engine.Wrap(e, engine.Wrapping[int]{Op: engine.Op{Window: -1}}, identity)
		invalid(t, err, "Op.Window")
		_, err = engine.Wrap(e, engine.Wrapping[int]{Op: engine.Op{Mode: 9}}, identity)
		invalid(t, err, "Op.Mode")

		direct, err := engine.Wrap(e, engine.Wrapping[int]{Op: engine.Op{Mode: engine.None}}, identity)
		require.NoError(t, err, "nothing to find with mode None")
		got, err := direct(background, 4)
		require.NoError(t, err)
		require.Equal(t, 4, got)
	})
}

func TestTargetsThatAWrapFinds(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		targets := map[int][]uuid.UUID{0: nil, 1: {}, 2: {uuid.Nil}, 3: {target(1), target(2)}}
		fn, err := engine.Wrap(e, engine.Wrapping[int]{Targets: func(n int) []uuid.UUID { return targets[n] }},
			func(_ context.Context, n int) (int, error) { return n, nil })
		require.NoError(t, err)
		for n := range 2 { // nothing: directly
			got, err := fn(background, n)
			require.NoError(t, err)
			require.Equal(t, n, got)
		}
		require.EqualValues(t, 2, e.Stats().Direct)
		_, err = fn(background, 2)
		invalid(t, err, "target")
		_, err = fn(background, 3)
		require.NoError(t, err)
		for entry := range e.Registry().(*engine.Memory).All() {
			require.Equal(t, target(1), entry.Target, "the first is contended for")
		}
		require.EqualValues(t, 1, e.Stats().Completed)
	})
}

// What is refused says of which field it is, and what would do.
func TestRefusalsSayWhatToDo(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{RulesOf: func(uuid.UUID) int { return 1 }})
		says := func(err error, text string) {
			t.Helper()
			require.ErrorIs(t, err, engine.ErrInvalid)
			require.ErrorContains(t, err, text)
		}
		tooLong := engine.Op{Target: target(1), Window: 1 << 62}
		_, err := engine.Do(background, e, tooLong, answer(1))
		says(err, "Op.Window")
		id := func(int) []uuid.UUID { return nil }
		_, err = engine.Wrap(e, engine.Wrapping[int]{Op: tooLong, Targets: id}, func(context.Context, int) (int, error) { return 0, nil })
		says(err, "Op.Window")
		orphan := engine.Op{Parents: []uuid.UUID{target(1)}}
		_, err = engine.Wrap(e, engine.Wrapping[int]{Op: orphan, Targets: id}, func(context.Context, int) (int, error) { return 0, nil })
		says(err, "Config.Lineage")
		_, err = engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		says(err, "Config.MoreRules is empty")
		_, err = engine.New(engine.Config{MaxStaged: -1})
		says(err, "want a positive number, or 0")
		_, err = e.Lock(background, engine.LockConfig{For: time.Second})
		says(err, "either a target or All")
	})
	_, err := engine.ReadJournal(strings.NewReader("contend journal 1\nwhatever"), nil)
	require.ErrorContains(t, err, "another format")
	_, err = engine.ReadJournal(strings.NewReader("Dear diary, today I"), nil)
	require.ErrorContains(t, err, "not a journal")
}

// A bid whose ticket is in use stays in its batch, and keeps nobody else there.
func TestBatchWithATicketInUse(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		var used []*contender
		for range 2 {
			c := newContender("in use")
			c.Withdrawable = true
			stage(t, e, c, engine.Bid{Target: target(1), Ticket: &c.Ticket})
			require.True(t, c.Withdraw())
			used = append(used, c)
		}
		b, first, last := e.NewBatch(16), newContender("first"), newContender("last")
		for i, c := range []*contender{first, used[0], used[1], last} {
			require.NoError(t, b.Add(&engine.Bid{Target: target(2 + i), Ticket: &c.Ticket}))
		}
		for range 2 {
			invalid(t, b.Flush(), "Bid.Ticket")
			require.Equal(t, 2, b.Len())
			require.EqualValues(t, 4, e.Stats().Submitted, "the others are nobody's business")
		}
		pass(time.Second)
		require.Equal(t, engine.Won, first.outcome(t).Outcome)
		require.Equal(t, engine.Won, last.outcome(t).Outcome)
		require.NoError(t, b.Flush())
		require.Zero(t, b.Len())
		pass(time.Second)
		for _, c := range used {
			require.Equal(t, engine.Won, c.outcome(t).Outcome)
		}
	})
}
