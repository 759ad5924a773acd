package engine_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Exclusive targets in real time, for the race detector: whatever happens, no
// two winners of a target run at once, and tokens grow in the order in which
// they run.

// cell is what winners of one target write to. Nothing but the engine keeps
// them apart.
type cell struct {
	inside atomic.Int32
	token  uint64 // of the last that was inside; the race detector watches it
	runs   atomic.Int32
}

// arena is cells and those who want in.
type arena struct {
	t      *testing.T
	e      *engine.Engine
	cells  []cell
	wins   atomic.Int64
	cancel atomic.Int64
}

// visit is what every winner does.
func (a *arena) visit(n int, token uint64, stay int, cancelled <-chan struct{}) {
	c := &a.cells[n]
	if others := c.inside.Add(1) - 1; others > 0 {
		a.t.Errorf("target %d: %d others inside", n, others)
	}
	if token <= c.token {
		a.t.Errorf("target %d: token %d after %d", n, token, c.token)
	}
	c.token = token
	c.runs.Add(1)
	for range stay {
		runtime.Gosched()
		select {
		case <-cancelled:
			a.cancel.Add(1)
			cancelled = nil
		default:
		}
	}
	c.inside.Add(-1)
	a.wins.Add(1)
}

// seenAll reports whether somebody was preempted or stopped, and each target won.
func (a *arena) seenAll() bool {
	for i := range a.cells {
		if a.cells[i].runs.Load() == 0 {
			return false
		}
	}
	return a.cancel.Load() > 0
}

func (a *arena) submitter(seed uint64, until *atomic.Bool) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for !until.Load() {
		n, stay, luck := rng.IntN(len(a.cells)), rng.IntN(200), rng.IntN(12)
		op := engine.Op{Target: target(n), Priority: engine.Priority(rng.IntN(11))}
		if luck == 2 {
			op.Retry = engine.Retry{Limit: 3, Step: 1}
		}
		ctx, cancel := context.WithCancel(background)
		if luck == 3 {
			go cancel()
		}
		visit := func(ctx context.Context) (int, error) {
			token, _ := engine.FencingToken(ctx)
			a.visit(n, token, stay, ctx.Done())
			if luck == 1 {
				panic(errBadLuck)
			}
			return 1, nil
		}
		var err error
		switch rng.IntN(4) {
		case 0:
			_, err = engine.Do(ctx, a.e, op, visit)
		case 1:
			var h *engine.Handle[int]
			if h, err = engine.Submit(ctx, a.e, op, visit); err == nil {
				_, err = h.Wait(background)
			}
		case 2:
			var win engine.Win
			if win, err = a.e.Contend(ctx, op); err == nil {
				a.visit(n, win.Token, stay, nil)
				win.Finish(nil)
			}
		case 3:
			err = a.stage(n, op, stay)
		}
		cancel()
		if errors.Is(err, engine.ErrInvalid) || errors.Is(err, engine.ErrOverloaded) {
			a.t.Error(err)
		}
		if errors.Is(err, engine.ErrStopped) {
			runtime.Gosched()
		}
	}
}

// releasing is a ticket whose winner runs elsewhere.
type releasing struct {
	engine.Ticket
	told chan engine.Verdict
}

func (r *releasing) Decided(v *engine.Verdict) { r.told <- v.Kept() }

func (a *arena) stage(n int, op engine.Op, stay int) error {
	r := &releasing{told: make(chan engine.Verdict, 1)}
	r.To = r
	if _, err := a.e.Stage(&engine.Bid{Target: op.Target, Priority: op.Priority, Ticket: &r.Ticket}); err != nil {
		return err
	}
	if v := <-r.told; v.Outcome == engine.Won {
		a.visit(n, v.Token, stay, nil)
		a.e.Release(v.Target, v.Token)
	}
	return nil
}

func TestExclusiveStress(t *testing.T) {
	a := &arena{t: t, cells: make([]cell, 4)}
	a.e = newEngine(t, engine.Config{
		Shards: 2, Window: 50 * time.Microsecond,
		Rules:     engine.Rules{Exclusive: true, Decisive: engine.Critical, Preempt: true},
		MoreRules: []engine.Rules{{Exclusive: true, Size: 2, Early: true}},
		RulesOf:   func(id uuid.UUID) int { return int(id[0]) % 2 },
	})
	var until atomic.Bool
	var submitters sync.WaitGroup
	for i := range 12 {
		submitters.Go(func() { a.submitter(uint64(i), &until) })
	}
	for i := 0; !t.Failed() && (i < 24 || !a.seenAll()); i++ { // a restart while winners run
		for next := a.wins.Load() + 30; a.wins.Load() < next && !t.Failed(); {
			runtime.Gosched()
		}
		if i%3 == 0 {
			a.e.Restart(patience(t, 5*time.Second))
		} else {
			a.e.Restart(impatient())
		}
	}
	until.Store(true)
	if t.Failed() {
		a.e.Stop(impatient()) // others may wait for ever
	}
	submitters.Wait()
	require.NoError(t, a.e.Stop(background))
	s := a.e.Stats()
	t.Log(s, "cancelled", a.cancel.Load())
	require.Zero(t, s.Staged)
	require.Zero(t, s.Running)
}
