package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
	"example.com/contend/shard"
)

// everyRule is rules of all kinds, a target each.
func everyRule() []engine.Rules {
	calls := 0
	return []engine.Rules{
		{Policy: engine.LastWins, Early: true},
		{Early: true, RunnersUp: 2, Idle: 5 * time.Millisecond},
		{Policy: engine.EarliestDeadline, Size: 4, Exclusive: true},
		{Decisive: engine.Critical, Exclusive: true, Preempt: true},
		{Order: func(a, b engine.Standing) bool { // neither pure nor safe
			if calls++; calls%17 == 0 {
				panic("order")
			} else if calls%23 == 0 {
				runtime.Goexit()
			}
			return calls%3 == 0
		}, Size: 9},
		{Choose: func(group []engine.Standing) int {
			if calls++; calls%7 == 0 {
				panic("choose")
			} else if calls%5 == 0 {
				runtime.Goexit()
			}
			return len(group) - 1 - calls%2
		}},
	}
}

// journaled plays random operations against an engine of one shard with a
// journal, and returns that with the decisions.
func journaled(t *testing.T, seed uint64, config engine.Config) ([]byte, []string) {
	var journal bytes.Buffer
	var decided []string
	rng := rand.New(rand.NewPCG(seed, 1))
	config.Journal, config.Shards, config.HashSeed = &journal, 1, 1
	config.MoreRules = everyRule()
	config.RulesOf = func(target uuid.UUID) int { return int(target[0]) % 7 }
	config.Decided = func(batch []engine.Decision) {
		for i := range batch {
			decided = append(decided, inFull(&batch[i]))
		}
	}
	e, err := engine.New(config)
	require.NoError(t, err)
	fold, err := engine.NewFolding(e, func(a, b int) int { return a + b }, func(_ context.Context, sum int) (int, error) { return sum, nil })
	require.NoError(t, err)
	for i := range 400 {
		op := engine.Op{
			Target: uuid.UUID{byte(rng.IntN(14)), 1}, Priority: engine.Priority(rng.IntN(12)),
			Name: fmt.Sprint("op", i%20),
		}
		ctx, cancel := context.Background(), func() {}
		switch rng.IntN(6) {
		case 0:
			ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.IntN(40))*time.Millisecond)
		case 1:
			op.Retry = engine.Retry{Limit: 3, Step: 2, Backoff: time.Duration(rng.IntN(2)) * 7 * time.Millisecond}
		case 2:
			op.Deadline = time.Now().Add(time.Duration(rng.IntN(1000)) * time.Millisecond)
		}
		go func() {
			defer cancel()
			if i%9 == 0 {
				fold.Do(ctx, op, 1)
				return
			}
			engine.Do(ctx, e, op, func(context.Context) (int, error) {
				time.Sleep(time.Duration(op.Priority) * time.Millisecond)
				return 0, nil
			})
		}()
		time.Sleep(time.Duration(rng.IntN(3)) * time.Millisecond)
		if i%50 == 0 {
			_, err := e.Lock(context.Background(), engine.LockConfig{Name: "maintenance", All: i%100 == 0, Target: lockTarget(i), Below: 4, For: 9 * time.Millisecond})
			require.NoError(t, err)
		}
		if i == 200 {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			_ = e.Restart(ctx)
			cancel()
		}
	}
	require.NoError(t, e.Stop(context.Background()))
	require.Zero(t, e.Stats().JournalLost)
	return journal.Bytes(), decided
}

func lockTarget(i int) (target uuid.UUID) {
	if i%100 != 0 {
		target = uuid.UUID{3, 1}
	}
	return target
}

// inFull writes a decision down with everything that is in it.
func inFull(d *engine.Decision) string {
	s := fmt.Sprint(d.Target, d.Number, d.Opened, d.Due, d.Closed, d.Contenders, d.Folded, d.Retried, d.Early, d.Abandoned, d.Fault() != nil, d.Token())
	for m := range d.All() {
		s += fmt.Sprint(" ", m.ID, " ", m.Name(), " ", m.Priority, " ", d.OutcomeOf(m))
	}
	return s
}

// The journal leads to the same decisions, bit by bit, with every feature and
// with a policy that is no function of its arguments.
func TestJournalReplays(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			journal, want := journaled(t, seed, engine.Config{Window: 20 * time.Millisecond, MaxStaged: 40, Overload: engine.DisplaceLowest})
			var got []string
			sum, err := engine.ReadJournal(bytes.NewReader(journal), func(_ int, e *engine.JournalEvent) {
				if e.Kind == shard.EventDecided {
					got = append(got, inFull(e.Decision))
				}
			})
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, want, got)
			require.False(t, sum.Truncated)
			require.Equal(t, uint64(len(got)), sum.Decisions)
			require.Greater(t, sum.Rounds, uint64(20))
		})
	}
}

// A journal that was changed or cut is noticed.
func TestDamagedJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		journal, _ := journaled(t, 1, engine.Config{Window: 20 * time.Millisecond})
		read := func(b []byte) (engine.JournalSummary, error) { return engine.ReadJournal(bytes.NewReader(b), nil) }

		_, err := read([]byte("something else"))
		require.ErrorContains(t, err, "not a journal")
		_, err = read(nil)
		require.ErrorContains(t, err, "not a journal")

		whole, err := read(journal)
		require.NoError(t, err)
		cut, err := read(journal[:len(journal)-10])
		require.NoError(t, err)
		require.True(t, cut.Truncated)
		require.Less(t, cut.Decisions, whole.Decisions)

		small := smallJournal(t, 2, 4)
		for at := range small {
			damaged := bytes.Clone(small)
			damaged[at] ^= 1
			sum, err := read(damaged) // a length that is too large reads as a journal that was cut
			require.True(t, err != nil || sum.Truncated, "byte %d of %d", at, len(small))
		}
	})
}

type failing struct{ after int }

func (f *failing) Write(b []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errors.New("disk full")
	}
	return len(b), nil
}

// A journal that fails is counted and disturbs nobody.
func TestJournalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{Journal: &failing{after: 1}, Shards: 1})
		require.NoError(t, err)
		got, err := engine.Do(context.Background(), e, engine.Op{Target: uuid.New()}, func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		require.Equal(t, 7, got)
		require.NoError(t, e.Stop(context.Background()))
		require.NotZero(t, e.Stats().JournalLost)
	})
}
