package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R1 for everything at once: the counts add up, and are what was told.

// mix is submitters that use all there is, and what they were told.
type mix struct {
	t       *testing.T
	e       *engine.Engine
	folding *engine.Folding[int, int]

	mu      sync.Mutex
	told    map[string]uint64
	waiting sync.WaitGroup // for tickets
}

func (m *mix) note(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told[what]++
}

// refused returns how many submissions were.
func (m *mix) refused() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(m.told["refused"])
}

// outcome notes an outcome of an operation.
func (m *mix) outcome(err error, won string) {
	var s *engine.StoppedError
	var w *engine.WithdrawnError
	var o *engine.OverloadedError
	switch {
	case err == nil:
		m.note(won)
	case errors.Is(err, engine.ErrMasked):
		m.note("masked")
	case errors.Is(err, engine.ErrRejected):
		m.note("rejected")
	case errors.Is(err, engine.ErrUndecided):
		m.note("undecided")
	case errors.Is(err, engine.ErrFailed):
		m.note("failed")
	case errors.As(err, &o) && o.Displaced:
		m.note("displaced")
	case errors.As(err, &s) && s.Accepted:
		m.note("stopped")
	case errors.As(err, &w) && w.Accepted:
		m.note("withdrawn")
	case errors.As(err, &s), errors.As(err, &w), errors.As(err, &o):
		m.note("refused")
	default:
		m.t.Error(err)
	}
}

// mixed is a ticket that frees the target it wins.
type mixed struct {
	engine.Ticket
	mix *mix
}

func (x *mixed) Decided(v *engine.Verdict) {
	switch v.Outcome {
	case engine.Won:
		x.mix.note("staged and won")
		if v.Exclusive {
			x.mix.e.Release(v.Target, v.Token)
		}
	case engine.Lost:
		x.mix.note("rejected")
	case engine.Faulted:
		x.mix.note("undecided")
	default:
		x.mix.note(v.Outcome.String())
	}
	x.mix.waiting.Done()
}

// submitter submits in all ways, withdraws, fails and takes its time.
func (m *mix) submitter(seed uint64, rounds int) {
	rng := rand.New(rand.NewPCG(seed, 11))
	for begun := 0; begun < rounds; begun++ {
		before := m.refused()
		luck := rng.IntN(20)
		op := engine.Op{
			Target: target(rng.IntN(24)), Priority: engine.Priority(rng.IntN(12)), Window: time.Duration(rng.IntN(9)) * time.Millisecond,
			Value: luck, Deadline: time.Now().Add(time.Duration(rng.IntN(100))),
		}
		if luck%4 == 0 {
			op.Retry = engine.Retry{Limit: 1 + rng.IntN(3), Step: 2, Backoff: time.Duration(rng.IntN(3)) * time.Millisecond}
		}
		if luck%3 == 0 {
			op.ID, op.Parents = uuid.New(), []uuid.UUID{target(99)}
		}
		ctx, cancel := background, context.CancelFunc(func() {})
		if luck%5 == 0 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(rng.Int64N(int64(20*time.Millisecond))))
		}
		run := func(ctx context.Context) (int, error) {
			switch {
			case luck == 1:
				return 0, errBadLuck
			case luck == 2:
				panic(errBadLuck)
			case luck > 12:
				select {
				case <-time.After(time.Duration(luck) * time.Millisecond):
				case <-ctx.Done():
				}
			}
			return 1, nil
		}
		switch rng.IntN(6) {
		case 0:
			_, err := engine.Do(ctx, m.e, op, run)
			m.outcome(err, "completed")
		case 1, 2:
			h, err := engine.Submit(ctx, m.e, op, run)
			if err == nil {
				if luck == 7 {
					h.Withdraw()
				}
				_, err = h.Wait(background)
			}
			m.outcome(err, "completed")
		case 3:
			win, err := m.e.Contend(ctx, op)
			if err == nil {
				if luck > 2 {
					run(ctx)
				}
				win.Finish(nil)
			}
			m.outcome(err, "contended and won")
		case 4:
			_, err := m.folding.Do(background, op, 1)
			m.outcome(err, "completed or folded")
		case 5:
			m.stage(op, luck == 7)
		}
		cancel()
		if m.refused() > before { // perhaps this one
			begun--
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(rng.IntN(4)) * time.Millisecond / 4)
	}
}

func (m *mix) stage(op engine.Op, withdraw bool) {
	x := &mixed{mix: m}
	x.To, x.Withdrawable = x, true
	x.Extra = &engine.Extra{Value: op.Value, Retry: op.Retry}
	m.waiting.Add(1)
	if _, err := m.e.Stage(&engine.Bid{Target: op.Target, Priority: op.Priority, Window: op.Window, Ticket: &x.Ticket}); err != nil {
		m.waiting.Done()
		m.outcome(err, "")
	} else if withdraw && x.Withdraw() {
		m.waiting.Done()
		m.note("withdrawn")
	}
}

// check compares what was told with what was counted.
func (m *mix) check() {
	t, s := m.t, m.e.Stats()
	t.Log(s, m.told)
	require.Zero(t, s.Staged)
	require.Zero(t, s.Windows)
	require.Zero(t, s.Running)
	require.EqualValues(t, m.told["rejected"], s.Rejected)
	require.EqualValues(t, m.told["masked"], s.Masked)
	require.EqualValues(t, m.told["displaced"], s.Displaced)
	require.EqualValues(t, m.told["undecided"], s.Undecided)
	require.EqualValues(t, m.told["withdrawn"], s.Withdrawn)
	require.EqualValues(t, m.told["refused"], s.Refused)
	// Parts share their winner's failure or stop, so only the sum is known.
	executed := m.told["completed"] + m.told["completed or folded"] + m.told["failed"] + m.told["stopped"]
	require.EqualValues(t, executed, s.Completed+s.Failed+s.Stopped+s.Folded)
	elsewhere := m.told["contended and won"] + m.told["staged and won"]
	winnersStopped := s.Won - s.Completed - s.Failed - elsewhere
	require.Equal(t, s.Submitted, s.Won+s.Rejected+s.Folded+s.Masked+s.Displaced+s.Undecided+s.Withdrawn+s.Stopped-winnersStopped)
	require.LessOrEqual(t, winnersStopped, s.Stopped)
	require.LessOrEqual(t, s.Incidents, s.Undecided+s.Retried, "one for each group that could not be decided")
	for what, n := range map[string]uint64{
		"won": s.Won, "early": s.Early, "retried": s.Retried, "folded": s.Folded, "masked": s.Masked, "displaced": s.Displaced,
		"undecided": s.Undecided, "incidents": s.Incidents, "withdrawn": s.Withdrawn, "stopped": s.Stopped, "failed": s.Failed, "rejected": s.Rejected,
	} {
		require.NotZero(t, n, "the mix has none: %s", what)
	}
}

func TestCountsAddUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		unlucky := func(a, b engine.Standing) bool {
			if a.Value() == 13 && b.Value() == 3 {
				panic(errBadLuck)
			}
			return a.Priority > b.Priority
		}
		lineage := new(engine.Lineage)
		e := newEngine(t, engine.Config{
			Shards: 2, Window: 5 * time.Millisecond, MaxStaged: 24, Overload: engine.DisplaceLowest, Lineage: lineage,
			MoreRules: []engine.Rules{
				{Early: true, RunnersUp: 1}, {Early: true, Exclusive: true, Decisive: 10, Preempt: true}, {Idle: time.Millisecond, Size: 5},
				{Policy: engine.EarliestDeadline, Exclusive: true, Size: 3}, {Order: unlucky}, {Policy: engine.LastWins, Early: true, Decisive: 9},
				{Choose: func(group []engine.Standing) int { return int(group[0].Priority) % 7 }, Exclusive: true},
			},
			RulesOf: func(id uuid.UUID) int { return int(id[0]) % 8 },
		})
		m := &mix{t: t, e: e, told: map[string]uint64{}}
		var err error
		m.folding, err = engine.NewFolding(e, func(a, b int) int { return a + b }, func(_ context.Context, sum int) (int, error) { return sum, nil })
		require.NoError(t, err)
		var submitters, others sync.WaitGroup
		for i := range 48 {
			submitters.Go(func() { m.submitter(uint64(i), 60) })
		}
		over := make(chan struct{})
		others.Go(func() { // keeps others out
			for n := 0; ; n++ {
				if l, err := e.Lock(background, engine.LockConfig{All: n%2 == 0, Target: []uuid.UUID{{}, target(n % 24)}[n%2], Below: 4, For: 3 * time.Millisecond}); err == nil {
					time.Sleep(2 * time.Millisecond)
					l.Unlock()
				}
				select {
				case <-over:
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		})
		others.Go(func() { // stops and starts
			for n := 0; ; n++ {
				if n%2 == 0 {
					e.Restart(impatient())
				} else {
					e.Restart(background)
				}
				select {
				case <-over:
					return
				case <-time.After(25 * time.Millisecond):
				}
			}
		})
		submitters.Wait()
		close(over)
		others.Wait()
		require.NoError(t, e.Stop(background))
		m.waiting.Wait()
		m.check()
		require.Zero(t, lineage.Len())
		require.Empty(t, e.Locks())
	})
}
