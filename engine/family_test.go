package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Config.Lineage: operations inherit, and whatever becomes of one, it is
// forgotten with its outcome.

func TestChildrenInherit(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		lineage := new(engine.Lineage)
		e := newEngine(t, engine.Config{Lineage: lineage})
		parent := engine.Op{ID: uuid.New(), Target: target(1), Priority: engine.Critical, Name: "collapse"}
		got, err := engine.Do(background, e, parent, func(ctx context.Context) (string, error) {
			child := engine.Op{Target: target(2), Priority: engine.Low, Name: "evacuate", Parents: []uuid.UUID{parent.ID}, ID: uuid.New()}
			high := submit(t, e, engine.Op{Target: target(2), Priority: engine.High}, answer("high"))
			who, err := engine.Do(ctx, e, child, func(context.Context) (string, error) {
				require.Equal(t, 2, lineage.Len())
				_, err := engine.Do(background, e, engine.Op{Target: target(3), ID: parent.ID}, answer(1))
				invalid(t, err, "Op.ID")
				_, err = e.Contend(background, engine.Op{Target: target(3), ID: target(8), Parents: []uuid.UUID{target(8)}})
				var cycle *engine.CycleError
				require.ErrorAs(t, err, &cycle)
				return "child", nil
			})
			_, highErr := high.Wait(background)
			require.Equal(t, engine.Critical, lost(t, highErr).Winner.Priority)
			require.Equal(t, 1, lineage.Len())
			return who, err
		})
		require.NoError(t, err)
		require.Equal(t, "child", got)
		require.Zero(t, lineage.Len())
		for _, way := range []string{"Submit", "Contend", "Folding"} {
			_, err := lineage.Begin(parent.ID, engine.Critical)
			require.NoError(t, err)
			op := engine.Op{Target: target(1), ID: target(7), Parents: []uuid.UUID{parent.ID}}
			switch way {
			case "Submit":
				_, err = submit(t, e, op, answer(1)).Wait(background)
			case "Contend":
				win, winErr := e.Contend(background, op)
				require.Equal(t, engine.Critical, win.Priority)
				require.Equal(t, 2, lineage.Len(), "until it has finished")
				win.Finish(nil)
				err = winErr
			case "Folding":
				_, err = newDeposits(t, e).Do(background, op, 1)
			}
			require.NoError(t, err)
			require.Equal(t, 1, lineage.Len(), way)
			lineage.End(parent.ID)
		}
	})
}

// Every exit leaves the family.
func TestNobodyStaysInTheFamily(t *testing.T) {
	for name, c := range map[string]struct {
		config  engine.Config
		prepare func(*testing.T, *engine.Engine)
		op      engine.Op
		fail    func()
		after   func(*testing.T, *engine.Engine)
	}{
		"won":      {},
		"failed":   {fail: func() { panic("no") }},
		"direct":   {op: engine.Op{Mode: engine.None}},
		"refused":  {config: engine.Config{Registry: &witness{register: func(engine.Entry) error { return errBadLuck }}}},
		"executor": {config: engine.Config{Executor: func(func()) { panic("no") }}},
		"policy":   {config: engine.Config{Rules: engine.Rules{Choose: func([]engine.Standing) int { return -1 }}}},
		"lost": {prepare: func(t *testing.T, e *engine.Engine) {
			submit(t, e, engine.Op{Target: target(1), Priority: 9}, answer(1))
		}},
		"lost early": {config: engine.Config{Rules: engine.Rules{Early: true}}, prepare: func(t *testing.T, e *engine.Engine) {
			submit(t, e, engine.Op{Target: target(1), Priority: 9}, answer(1))
		}},
		"masked": {prepare: func(t *testing.T, e *engine.Engine) {
			lock(t, e, engine.LockConfig{All: true, Below: 1, For: time.Hour})
		}},
		"displaced": {config: engine.Config{Shards: 1, MaxStaged: 2, Overload: engine.DisplaceLowest}, after: func(t *testing.T, e *engine.Engine) {
			for range 2 {
				submit(t, e, engine.Op{Target: target(2), Priority: 9}, answer(1))
			}
		}},
		"overloaded": {config: engine.Config{Shards: 1, MaxStaged: 1}, prepare: func(t *testing.T, e *engine.Engine) {
			submit(t, e, engine.Op{Target: target(2), Priority: 9, Window: time.Nanosecond}, answer(1))
		}},
		"stopped while staged": {op: engine.Op{Window: time.Hour}, after: func(t *testing.T, e *engine.Engine) { e.Stop(impatient()) }},
		"stopped while parked": {op: engine.Op{Retry: engine.Retry{Limit: 1, Backoff: time.Hour}},
			prepare: func(t *testing.T, e *engine.Engine) {
				submit(t, e, engine.Op{Target: target(1), Priority: 9}, answer(1))
			},
			after: func(t *testing.T, e *engine.Engine) { pass(time.Second); e.Stop(impatient()) }},
		"stopped while running": {fail: func() { time.Sleep(time.Hour) }, after: func(t *testing.T, e *engine.Engine) {
			pass(time.Second)
			e.Stop(impatient())
		}},
		"stopped before": {prepare: func(t *testing.T, e *engine.Engine) { e.Start(); require.NoError(t, e.Stop(background)) }},
		"exclusive":      {config: engine.Config{Rules: engine.Rules{Exclusive: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				lineage := new(engine.Lineage)
				config := c.config
				config.Lineage = lineage
				e := newEngine(t, config)
				if c.prepare != nil {
					c.prepare(t, e)
				}
				op := func(n int) engine.Op {
					op := c.op
					op.ID, op.Parents, op.Target = target(50+n), []uuid.UUID{target(60)}, target(1)
					return op
				}
				fn := func(context.Context) (int, error) {
					if c.fail != nil {
						c.fail()
					}
					return 1, nil
				}
				do := doInBackground(background, e, op(1), fn)
				var h *engine.Handle[int]
				func() { // a direct one's executor is its submitter's problem
					h, _ = engine.Submit(background, e, op(2), fn)
				}()
				contend := inBackground(func() (int, error) {
					win, err := e.Contend(background, op(3))
					if err == nil {
						win.Finish(nil)
					}
					return 0, err
				})
				d := newDeposits(t, e)
				one, two := d.inBackground(background, op(4), 1), d.inBackground(background, op(5), 1)
				withdrawnOne, _ := engine.Submit(background, e, op(6), fn)
				if withdrawnOne != nil {
					withdrawnOne.Withdraw()
				}
				impatientOne := inBackground(func() (int, error) { return engine.Do(impatient(), e, op(7), fn) })
				if c.after != nil {
					c.after(t, e)
				}
				for _, call := range []*called[int]{do, contend, one, two, impatientOne} {
					call.wait()
				}
				if h != nil {
					<-h.Done()
				}
				if withdrawnOne != nil {
					<-withdrawnOne.Done()
				}
				require.NoError(t, e.Stop(background))
				pass(0)
				require.Zero(t, lineage.Len())
			})
		})
	}
}
