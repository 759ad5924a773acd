package fuzz

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reentry submits from inside of the user's code, for the target and the shard that
// it is called for, so many times.
type reentry struct {
	t      *testing.T
	engine *engine.Engine
	target uuid.UUID
	told   outcomes

	mu      sync.Mutex
	left    int
	calls   int // of Do that returned, and of handles
	staged  int // told by the counts only
	handles []*engine.Handle[int]
}

// again reports whether to submit once more.
func (r *reentry) again() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left--
	return r.left >= 0
}

// shallow submits in every way that does not wait: it may be called on a shard's
// goroutine.
func (r *reentry) shallow() {
	if !r.again() {
		return
	}
	e := r.engine
	h, err := engine.Submit(background, e, engine.Op{Target: r.target}, r.function)
	assert.NoError(r.t, err)
	back, err := engine.Submit(background, e, engine.Op{Target: r.target}, r.function)
	assert.NoError(r.t, err)
	back.Withdraw()
	_, err = e.Stage(&engine.Bid{Target: r.target})
	assert.NoError(r.t, err)
	b := e.NewBatch(2)
	for range 3 {
		assert.NoError(r.t, b.Add(&engine.Bid{Target: r.target}))
	}
	assert.NoError(r.t, b.Flush())
	_ = e.Stats()
	_ = e.Locks()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handles = append(r.handles, h, back)
	r.staged += 4
}

// deep waits as well.
func (r *reentry) deep() {
	r.shallow()
	if !r.again() {
		return
	}
	_, err := engine.Do(background, r.engine, engine.Op{Target: r.target, Priority: engine.Normal}, r.function)
	r.mu.Lock()
	r.calls++
	r.mu.Unlock()
	r.told.of(err)
}

func (r *reentry) function(context.Context) (int, error) { return 1, nil }

// From everywhere that the user's code is called the engine can be used, for the
// same target and the same shard: everything that was accepted so has its outcome.
// Where it would wait for itself, on a shard's goroutine, it must not wait.
func TestReentrancy(t *testing.T) {
	const times = 24
	for place, set := range map[string]func(r *reentry, c *engine.Config, fn *func(context.Context) (int, error)){
		"winner": func(r *reentry, _ *engine.Config, fn *func(context.Context) (int, error)) {
			*fn = func(context.Context) (int, error) { r.deep(); return 1, nil }
		},
		"register": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Registry = registryFunc(func(engine.Entry) error { r.deep(); return nil })
		},
		"finish": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Registry = finishFunc(func(uuid.UUID, error) { r.deep() })
		},
		"window of": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.WindowOf = func(uuid.UUID) time.Duration { r.deep(); return 0 }
		},
		"rules of": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.RulesOf = func(uuid.UUID) int { r.deep(); return 0 }
		},
		"executor": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Executor = func(run func()) { r.shallow(); go run() }
		},
		"decided": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Decided = func([]engine.Decision) { r.shallow() }
		},
		"dismissed": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Rules.Early = true
			c.Dismissed = func([]engine.Dismissal) { r.shallow() }
		},
		"order": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Rules.Order = func(a, b engine.Standing) bool { r.shallow(); return a.Priority > b.Priority }
		},
		"choose": func(r *reentry, c *engine.Config, _ *func(context.Context) (int, error)) {
			c.Rules.Choose = func([]engine.Standing) int { r.shallow(); return 0 }
		},
	} {
		t.Run(place, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &reentry{t: t, target: numbered(6, 1), left: times}
				config, fn := engine.Config{Shards: 1}, answer(1)
				set(r, &config, &fn)
				r.engine = startEngine(t, config)
				r.run(fn, times)
			})
		})
	}
}

// A contender is told on its shard's goroutine.
func TestReentrancyInsideAContender(t *testing.T) {
	const times = 24
	synctest.Test(t, func(t *testing.T) {
		r := &reentry{t: t, target: numbered(6, 1), left: times}
		r.engine = startEngine(t, engine.Config{Shards: 1})
		for range times {
			c := &inward{reentry: r}
			c.To = c
			_, err := r.engine.Stage(&engine.Bid{Target: r.target, Ticket: &c.Ticket})
			require.NoError(t, err)
			r.staged++
		}
		r.run(answer(1), times)
	})
}

// inward is a contender that submits when it is told.
type inward struct {
	engine.Ticket
	reentry *reentry
}

func (c *inward) Decided(*engine.Verdict) { c.reentry.shallow() }

// finishFunc is a registry that only wants to know who has finished.
type finishFunc func(uuid.UUID, error)

func (finishFunc) Register(engine.Entry) error         { return nil }
func (f finishFunc) Finish(entry uuid.UUID, err error) { f(entry, err) }

// run submits from outside until the inside has submitted its times, and checks that
// everybody has an outcome.
func (r *reentry) run(fn func(context.Context) (int, error), times int) {
	t, e := r.t, r.engine
	for i := range 2 * times {
		priority := engine.Low
		if i%2 == 0 {
			priority = engine.Critical
		}
		h, err := engine.Submit(background, e, engine.Op{Target: r.target, Priority: priority}, fn)
		require.NoError(t, err)
		r.mu.Lock()
		r.handles = append(r.handles, h)
		r.mu.Unlock()
		_, err = engine.Do(background, e, engine.Op{Target: r.target, Priority: engine.High}, fn)
		r.told.of(err)
		r.mu.Lock()
		r.calls++
		r.mu.Unlock()
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	require.NoError(t, e.Stop(background))
	require.LessOrEqual(t, r.left, 0, "the inside was not entered often enough")
	for _, h := range r.handles {
		_, err := h.Wait(background)
		r.told.of(err)
	}
	s := e.Stats()
	require.EqualValues(t, r.calls+len(r.handles)+r.staged, s.Submitted)
	require.Equal(t, s.Submitted, s.Won+s.Rejected+s.Withdrawn)
	require.EqualValues(t, r.calls+len(r.handles), r.told.completed.Load()+r.told.rejected.Load()+r.told.withdrawn.Load())
	require.EqualValues(t, r.told.completed.Load(), s.Completed)
	require.Zero(t, s.Staged+s.Windows+s.Running)
	require.Zero(t, s.Incidents)
	require.Greater(t, s.Submitted, uint64(times*4))
}
