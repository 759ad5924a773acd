package engine_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Folding: calls that become one instead of losing.

// deposits is a Folding of sums that notes how it was called.
type deposits struct {
	*engine.Folding[int, int]
	sums  []int
	order []int // of the values combined
	then  func(context.Context) error
}

func newDeposits(t *testing.T, e *engine.Engine) *deposits {
	t.Helper()
	d := &deposits{}
	var err error
	d.Folding, err = engine.NewFolding(e, func(sum, next int) int {
		d.order = append(d.order, next)
		return sum + next
	}, func(ctx context.Context, sum int) (int, error) {
		d.sums = append(d.sums, sum)
		if d.then != nil {
			return sum, d.then(ctx)
		}
		return sum, nil
	})
	require.NoError(t, err)
	return d
}

// inBackground starts a call.
func (d *deposits) inBackground(ctx context.Context, op engine.Op, value int) *called[int] {
	return inBackground(func() (int, error) { return d.Do(ctx, op, value) })
}

// The function is run once with the sum, and everybody gets its result.
func TestFoldedOnce(t *testing.T) {
	for name, rules := range map[string]engine.Rules{
		"plain": {}, "early": {Early: true}, "size": {Size: 10}, "exclusive": {Exclusive: true}, "first": {Policy: engine.FirstWins},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := ruled(t, rules)
				d := newDeposits(t, e)
				var calls []*called[int]
				for i := range 10 {
					calls = append(calls, d.inBackground(background, engine.Op{Target: target(1)}, 1<<i))
				}
				for _, c := range calls {
					got, err := c.wait()
					require.NoError(t, err)
					require.Equal(t, 1023, got)
				}
				require.Equal(t, []int{1023}, d.sums, "once")
				require.Equal(t, []int{2, 4, 8, 16, 32, 64, 128, 256, 512}, d.order, "in the order of submission")
				s := e.Stats()
				require.EqualValues(t, 9, s.Folded)
				require.EqualValues(t, 1, s.Completed)
				require.Zero(t, s.Rejected)
				require.Zero(t, s.Retried)
			})
		})
	}
}

// The value of the winner is the first, whoever came first; retries do not keep
// anybody from being folded.
func TestFoldedIntoTheHighest(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		f, err := engine.NewFolding(e, func(all, next []string) []string { return slices.Concat(all, next) },
			func(_ context.Context, all []string) ([]string, error) { return all, nil })
		require.NoError(t, err)
		call := func(name string, p engine.Priority) *called[[]string] {
			op := engine.Op{Target: target(1), Priority: p, Retry: engine.Retry{Limit: 5}}
			return inBackground(func() ([]string, error) { return f.Do(background, op, []string{name}) })
		}
		for _, c := range []*called[[]string]{call("a", 1), call("b", 1), call("c", 2), call("d", 0)} {
			got, err := c.wait()
			require.NoError(t, err)
			require.Equal(t, []string{"c", "a", "b", "d"}, got)
		}
		got, err := f.Do(background, engine.Op{Mode: engine.None}, []string{"direct"})
		require.NoError(t, err)
		require.Equal(t, []string{"direct"}, got)
	})
}

// Everybody gets the winner's failure.
func TestFoldedFailure(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(context.Context) error
		want error
	}{
		"error":  {func(context.Context) error { return errBadLuck }, errBadLuck},
		"panic":  {func(context.Context) error { panic(errBadLuck) }, errBadLuck},
		"goexit": {func(context.Context) error { runtime.Goexit(); return nil }, engine.ErrGoexit},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{})
				d := newDeposits(t, e)
				d.then = c.fail
				winner := d.inBackground(background, engine.Op{Target: target(1), Name: "first"}, 1)
				var parts []*called[int]
				for range 5 {
					parts = append(parts, d.inBackground(background, engine.Op{Target: target(1)}, 1))
				}
				for _, p := range parts {
					_, err := p.wait()
					var failed *engine.FailedError
					require.ErrorAs(t, err, &failed)
					require.ErrorIs(t, err, c.want)
					require.Equal(t, "first", failed.Name, "the call that failed")
				}
				_, err := winner.wait()
				require.Equal(t, name != "goexit", errors.Is(err, c.want), "ends its own goroutine")
				require.Equal(t, []int{6}, d.sums)
				require.EqualValues(t, 1, e.Stats().Failed)
				require.EqualValues(t, 5, e.Stats().Folded)
			})
		})
	}
}

// combine is the user's code, too.
func TestCombineThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		f, err := engine.NewFolding(e, func(_, _ int) int { panic(errBadLuck) }, func(context.Context, int) (int, error) { return 1, nil })
		require.NoError(t, err)
		call := func() (int, error) { return f.Do(background, engine.Op{Target: target(1)}, 1) }
		one, two := inBackground(call), inBackground(call)
		_, err = one.wait()
		require.ErrorIs(t, err, errBadLuck)
		_, err = two.wait()
		require.ErrorIs(t, err, errBadLuck)
	})
}

func TestWithdrawnPartIsNotIncluded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		d := newDeposits(t, e)
		op := engine.Op{Target: target(1)}
		ctx, cancel := context.WithCancelCause(background)
		leader := d.inBackground(ctx, op, 1)
		kept := d.inBackground(background, op, 10)
		part := d.inBackground(ctx, op, 100)
		last := d.inBackground(patience(t, time.Hour), op, 1000)
		cancel(errChangedMyMind)
		for _, c := range []*called[int]{leader, part} {
			_, err := c.wait()
			withdrawn(t, err, errChangedMyMind)
		}
		for _, c := range []*called[int]{kept, last} {
			got, err := c.wait()
			require.NoError(t, err)
			require.Equal(t, 1010, got)
		}
		require.Equal(t, []int{1010}, d.sums)
	})
}

// Only calls of the same Folding fold; others win or lose.
func TestFoldingAmongOthers(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		d, other := newDeposits(t, e), newDeposits(t, e)
		op := func(p engine.Priority) engine.Op { return engine.Op{Target: target(1), Priority: p} }
		one, two := d.inBackground(background, op(2), 1), d.inBackground(background, op(1), 2)
		foreign := other.inBackground(background, op(1), 4)
		plain := doInBackground(background, e, op(1), answer(8))
		for _, c := range []*called[int]{one, two} {
			got, err := c.wait()
			require.NoError(t, err)
			require.Equal(t, 3, got)
		}
		for _, c := range []*called[int]{foreign, plain} {
			_, err := c.wait()
			require.Equal(t, 4, lost(t, err).Contenders)
		}
		require.Empty(t, other.sums)

		one, two = d.inBackground(background, op(1), 1), d.inBackground(background, op(1), 2)
		ticket := newContender("")
		stage(t, e, ticket, engine.Bid{Target: target(1), Priority: 3})
		for _, c := range []*called[int]{one, two} {
			_, err := c.wait()
			require.Equal(t, 3, lost(t, err).Contenders)
		}
		synctest.Wait() // the winner is told in its turn, perhaps behind them
		require.Equal(t, engine.Won, ticket.outcome(t).Outcome)
	})
}

// R14 for those whose winner runs, waits, or is staged yet.
func TestStopWhileFolded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		d := newDeposits(t, e)
		release := make(chan struct{})
		d.then = func(context.Context) error { <-release; return nil }
		var running, staged []*called[int]
		for range 3 {
			running = append(running, d.inBackground(background, engine.Op{Target: target(1)}, 1))
		}
		pass(time.Second)
		for range 3 {
			staged = append(staged, d.inBackground(background, engine.Op{Target: target(2)}, 1))
		}
		began := time.Now()
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		for _, c := range running[1:] {
			got, err := c.wait()
			stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
			require.Zero(t, got, "it may yet be written to")
		}
		for _, c := range staged {
			_, err := c.wait()
			stopped(t, err, engine.StoppedError{Accepted: true})
		}
		require.Zero(t, time.Since(began))
		close(release)
		got, err := running[0].wait()
		stopped(t, err, engine.StoppedError{Accepted: true, Running: true})
		require.Equal(t, 3, got)
		synctest.Wait()
		require.Zero(t, e.Stats().Running)
	})
}

func TestInvalidFoldings(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		combine := func(a, b int) int { return a + b }
		run := func(_ context.Context, n int) (int, error) { return n, nil }
		for i := range 3 {
			_, err := engine.NewFolding(e, []func(int, int) int{nil, combine, nil}[i], []func(context.Context, int) (int, error){run, nil, nil}[i])
			invalid(t, err, "function")
		}
		f, err := engine.NewFolding(e, combine, run)
		require.NoError(t, err)
		_, err = f.Do(background, engine.Op{Target: target(1), Window: -1}, 1)
		invalid(t, err, "Op.Window")
		_, err = f.Do(impatient(), engine.Op{Target: target(1)}, 1)
		withdrawn(t, err, errNoPatience)
		require.NoError(t, e.Stop(background))
		_, err = f.Do(background, engine.Op{Target: target(1)}, 1)
		stopped(t, err, engine.StoppedError{})
	})
}
