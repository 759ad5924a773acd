package engine_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// R10 for what rules need: values, what is folded, and what was put off.

// valued returns an operation with a value, and a function, that refer to a
// payload each.
//
//go:noinline
func valued(op engine.Op) (engine.Op, func(context.Context) (int, error), []weak.Pointer[payload]) {
	value, captured := new(payload), new(payload)
	op.Value = value
	fn := func(context.Context) (int, error) { captured.bytes[0]++; return 1, nil }
	return op, fn, []weak.Pointer[payload]{weak.Make(value), weak.Make(captured)}
}

//go:noinline
func doValued(ctx context.Context, e *engine.Engine, op engine.Op) []weak.Pointer[payload] {
	op, fn, all := valued(op)
	engine.Do(ctx, e, op, fn)
	return all
}

//go:noinline
func contendValued(e *engine.Engine, op engine.Op) []weak.Pointer[payload] {
	op, _, all := valued(op)
	if win, err := e.Contend(background, op); err == nil {
		win.Finish(nil)
	}
	return all
}

//go:noinline
func submitValued(t *testing.T, e *engine.Engine, op engine.Op) (*engine.Handle[int], []weak.Pointer[payload]) {
	op, fn, all := valued(op)
	return submit(t, e, op, fn), all
}

// valuing are rules that look at values.
var valuing = engine.Rules{Order: func(a, b engine.Standing) bool {
	if a.Priority == 13 || b.Priority == 13 {
		panic("bad luck")
	}
	return a.Value() != nil && b.Value() != nil && a.Priority > b.Priority
}}

func TestNothingStaysOfAValue(t *testing.T) {
	for name, c := range map[string]struct {
		rules engine.Rules
		best  engine.Priority // of another one
		retry engine.Retry
		want  error
	}{
		"won":        {rules: valuing, best: -1},
		"lost":       {rules: valuing, best: 1, want: engine.ErrRejected},
		"lost early": {rules: engine.Rules{Early: true}, best: 1, want: engine.ErrRejected},
		"lost twice": {rules: valuing, best: 1, retry: engine.Retry{Limit: 2, Step: -0}, want: nil},
		"undecided":  {rules: valuing, best: 13, want: engine.ErrUndecided},
		"exclusive":  {rules: engine.Rules{Exclusive: true}, best: -1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				e := ruled(t, c.rules)
				op := engine.Op{Target: target(1), Window: time.Hour, Retry: c.retry}
				other := func() *engine.Handle[int] {
					return submit(t, e, engine.Op{Target: target(1), Window: time.Hour, Priority: c.best, Value: 1}, answer(1))
				}
				first := other()
				gone(t, "a Do", doValued(background, e, op)...)
				second := other()
				h, all := submitValued(t, e, op)
				_, err := h.Wait(background)
				require.ErrorIs(t, err, c.want)
				gone(t, "a Submit", all...)
				third := other()
				gone(t, "a Contend", contendValued(e, op)...)
				pass(24 * time.Hour)
				require.Zero(t, e.Stats().Staged)
				runtime.KeepAlive([]any{first, second, third, h, err, e})
			})
		})
	}
}

func TestNothingStaysOfAValueWithoutDecision(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 2, Overload: engine.DisplaceLowest, Rules: valuing})
		op := engine.Op{Target: target(1), Window: time.Hour}
		l := lock(t, e, engine.LockConfig{All: true, Below: 1, For: time.Hour})
		masked, all := submitValued(t, e, op)
		gone(t, "a masked Do", doValued(background, e, op)...)
		<-masked.Done()
		gone(t, "a masked Submit", all...)
		l.Unlock()

		displacedOne, all := submitValued(t, e, op)
		for n := range 2 {
			submit(t, e, engine.Op{Target: target(2 + n), Priority: 1}, answer(1))
		}
		<-displacedOne.Done()
		gone(t, "a displaced Submit", all...)
		pass(2 * time.Hour)

		stoppedOne, all := submitValued(t, e, op)
		synctest.Wait()
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		<-stoppedOne.Done()
		gone(t, "a stopped Submit", all...)
		runtime.KeepAlive([]any{masked, displacedOne, stoppedOne, e})
	})
}

// A withdrawn one's value is the shard's until its window closes or its pause
// ends: the user's policy may be looking at it. Its function is not.
func TestNothingStaysOfAWithdrawnValue(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := ruled(t, valuing)
		op := engine.Op{Target: target(1), Retry: engine.Retry{Limit: 1, Backoff: time.Hour}}
		do := doValued(patience(t, time.Millisecond), e, op)
		gone(t, "a withdrawn function", do[1])
		pass(time.Second)
		gone(t, "a withdrawn Do", do...)

		submit(t, e, engine.Op{Target: target(1), Priority: 1, Value: 1}, answer(1))
		do = doValued(patience(t, time.Second), e, op)
		gone(t, "a parked function", do[1])
		pass(2 * time.Hour)
		gone(t, "a parked Do", do...)
		require.Zero(t, e.Stats().Staged)
	})
}

// foldingCalls makes calls of a Folding that refer to a payload each.
//
//go:noinline
func foldingCalls(ctx context.Context, f *engine.Folding[*payload, int], n int) (calls []*called[int], all []weak.Pointer[payload]) {
	for range n {
		value := new(payload)
		all = append(all, weak.Make(value))
		calls = append(calls, foldingCall(ctx, f, value))
	}
	return calls, all
}

//go:noinline
func foldingCall(ctx context.Context, f *engine.Folding[*payload, int], value *payload) *called[int] {
	return inBackground(func() (int, error) { return f.Do(ctx, engine.Op{Target: target(1)}, value) })
}

func TestNothingStaysOfWhatIsFolded(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, Rules: engine.Rules{Exclusive: true}})
		fail := false
		f, err := engine.NewFolding(e, func(sum, next *payload) *payload { sum.bytes[0] += next.bytes[0]; return sum },
			func(_ context.Context, sum *payload) (int, error) {
				if fail {
					panic("no")
				}
				return int(sum.bytes[0]), nil
			})
		require.NoError(t, err)
		for _, fail = range []bool{false, true} {
			calls, all := foldingCalls(background, f, 10)
			for _, c := range calls {
				c.wait()
			}
			synctest.Wait()
			gone(t, "a folded value", all...)
		}
		calls, all := foldingCalls(patience(t, time.Millisecond), f, 3)
		for _, c := range calls {
			_, err := c.wait()
			withdrawn(t, err, errNoPatience)
		}
		pass(time.Second)
		gone(t, "a withdrawn value", all...)
		calls, all = foldingCalls(background, f, 3)
		require.Equal(t, errNoPatience, e.Stop(impatient()))
		for _, c := range calls {
			_, err := c.wait()
			stopped(t, err, engine.StoppedError{Accepted: true})
		}
		gone(t, "a stopped value", all...)
		runtime.KeepAlive([]any{e, f})
	})
}

// Targets that were contended for are not remembered, nor whose children were.
func TestNothingStaysOfTargets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{
			Shards: 1, Executor: engine.Bounded(1), MaxStaged: 1 << 20, Overload: engine.DisplaceLowest,
			Rules: engine.Rules{Early: true, Idle: time.Millisecond}, Lineage: new(engine.Lineage),
		})
		goesBack(t, e, func() {
			for i := range burstSize / 4 {
				id := uuid.New()
				_, err := engine.Submit(background, e, engine.Op{Target: id, ID: id, Window: time.Hour}, answer(i))
				require.NoError(t, err)
			}
		}, func() { pass(2 * time.Hour) })
		require.Zero(t, e.Stats().Staged)
	})
}
