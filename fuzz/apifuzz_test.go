package fuzz

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/atomic"

	"example.com/contend/engine"
)

// FuzzAPI calls everything that engine offers with values that nobody means, in
// a bubble: whatever is called is refused with a typed error or has exactly one
// outcome, nothing panics or hangs, and after Stop nothing is left. What hangs
// or stays, synctest reports.
func FuzzAPI(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(apiProgram(seed))
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		const longest = 1 << 10
		program = program[:min(len(program), longest)]
		synctest.Test(t, func(t *testing.T) { runAPI(t, program) })
	})
}

func apiProgram(seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 5))
	program := make([]byte, 100+rng.IntN(500))
	for i := range program {
		program[i] = byte(rng.Uint32())
	}
	if seed%8 > 0 {
		program[0] |= 1 // calm
	}
	return program
}

// api is an engine and what was asked of it.
type api struct {
	t       *testing.T
	feed    *feed
	engine  *engine.Engine
	all     context.Context // ends after Stop, for what that does not reach
	fold    *engine.Folding[int, int]
	batch   *engine.Batch
	running sync.WaitGroup
	calls   []*apiCall
	handles []*engine.Handle[int]
	staged  []*engine.Handle[int] // those that Stop ends
	locks   []*engine.Lock
	cancels []context.CancelFunc
	exits   bool // the registry may end the goroutine that it is told on
}

// apiCall is one operation that was asked for.
type apiCall struct {
	how               string
	accepted          bool         // known only of what returns before its outcome
	executed          atomic.Int64 // times that its function was called
	outcomes          atomic.Int64
	ticket            engine.Ticket
	withdrawn, exited atomic.Bool
}

func runAPI(t *testing.T, program []byte) {
	f := &feed{bytes: program}
	f.calm = f.next()&1 != 0
	config := f.config()
	e, err := engine.New(config)
	if err != nil {
		require.ErrorIs(t, err, engine.ErrInvalid)
		require.Nil(t, e)
		return
	}
	all, cancel := context.WithCancel(context.Background())
	a := &api{t: t, feed: f, engine: e, all: all, batch: e.NewBatch(int(int8(f.next())) / 16)}
	luck := f.luck()
	a.fold, err = engine.NewFolding(e, func(a, b int) int { return a + b }, func(ctx context.Context, sum int) (int, error) {
		return a.function(new(apiCall), luck.next())(ctx)
	})
	require.NoError(t, err)
	_, a.exits = config.Registry.(badRegistry)
	for steps := 0; len(f.bytes) > 0 && steps < 100; steps++ {
		a.step(f.next())
	}
	a.stop(cancel)
}

func (a *api) step(kind byte) {
	switch kind % 16 {
	case 0, 1, 2:
		a.submit()
	case 3, 4:
		a.do()
	case 5:
		a.contend()
	case 6:
		a.stage()
	case 7:
		a.addToBatch()
	case 8:
		a.lock()
	case 9:
		a.foldIn()
	case 10:
		if n := len(a.handles); n > 0 {
			a.handles[int(a.feed.next())%n].Withdraw()
		}
	case 11:
		if n := len(a.cancels); n > 0 {
			a.cancels[int(a.feed.next())%n]()
		}
	case 12:
		a.lifecycle()
	case 13:
		a.unlock()
	default:
		time.Sleep(pick(a.feed, apiPauses[:]))
		synctest.Wait()
	}
}

// typed: every error is of a kind that is documented.
func (a *api) typed(err error) {
	for _, kind := range []error{
		engine.ErrInvalid, engine.ErrOverloaded, engine.ErrStopped, engine.ErrRejected, engine.ErrWithdrawn, engine.ErrFailed,
	} {
		if errors.Is(err, kind) {
			assert.NotEmpty(a.t, err.Error())
			return
		}
	}
	a.t.Errorf("an error of no kind: %#v", err)
}

// ended takes the one outcome of a call.
func (a *api) ended(c *apiCall, err error) {
	assert.EqualValues(a.t, 1, c.outcomes.Add(1), "outcomes of %s", c.how)
	executed := c.executed.Load()
	switch {
	case err == nil:
		assert.EqualValues(a.t, 1, executed, "%s returned nil", c.how)
		return
	case errors.Is(err, engine.ErrInvalid), errors.Is(err, engine.ErrRejected), errors.Is(err, engine.ErrOverloaded),
		errors.Is(err, engine.ErrWithdrawn), errors.Is(err, engine.ErrUndecided):
		assert.Zero(a.t, executed, "%s: %v", c.how, err)
	}
	a.typed(err)
	var s *engine.StoppedError
	if errors.As(err, &s) && !s.Running {
		assert.Zero(a.t, executed, "%s: %v", c.how, err)
	}
}

// function is one that ends in any way.
func (a *api) function(c *apiCall, how byte) func(context.Context) (int, error) {
	if how%16 == 0 {
		return nil
	}
	return func(ctx context.Context) (int, error) {
		assert.EqualValues(a.t, 1, c.executed.Add(1), "executions of %s", c.how)
		switch how % 16 {
		case 1:
			return 0, errors.New("no")
		case 2:
			panic("no")
		case 3:
			c.exited.Store(true)
			runtime.Goexit()
		case 4, 5:
			select {
			case <-ctx.Done():
			case <-a.all.Done():
			}
			return 0, context.Cause(ctx)
		case 6:
			time.Sleep(time.Duration(how) * time.Millisecond)
		case 7:
			_ = a.engine.Stop(ctx) // from inside, as long as the context says
		case 8:
			a.engine.Start()
		}
		return 1, nil
	}
}

func (a *api) context() context.Context {
	ctx, cancel := a.feed.context(a.all)
	a.cancels = append(a.cancels, cancel)
	return ctx
}

func (a *api) call(how string) *apiCall {
	c := &apiCall{how: how}
	a.calls = append(a.calls, c)
	return c
}

func (a *api) submit() {
	c := a.call("Submit")
	ctx, op := a.context(), a.feed.op()
	a.feed.direct.Store(op.Mode == engine.None || op.Target == uuid.Nil)
	h, err := engine.Submit(ctx, a.engine, op, a.function(c, a.feed.next()))
	a.feed.direct.Store(false)
	if err != nil {
		require.Nil(a.t, h)
		a.ended(c, err)
		return
	}
	a.handles = append(a.handles, h)
	if op.Mode == engine.PreECS && op.Target != uuid.Nil {
		a.staged = append(a.staged, h)
	}
	a.running.Go(func() {
		<-h.Done()
		_, err := h.Wait(context.Background())
		a.ended(c, err)
		require.False(a.t, h.Withdraw(), "withdrawn after its outcome")
	})
}

// apart calls something that blocks on a goroutine of its own.
func (a *api) apart(c *apiCall, f func() error) {
	a.running.Go(func() {
		returned := false
		defer func() {
			if !returned {
				assert.True(a.t, c.exited.Load() || a.exits, "%s did not return", c.how)
				c.outcomes.Add(1)
			}
		}()
		err := f()
		returned = true
		a.ended(c, err)
	})
}

func (a *api) do() {
	c, ctx, op := a.call("Do"), a.context(), a.feed.op()
	f := a.function(c, a.feed.next())
	wrapped := a.feed.next()%4 == 0
	a.apart(c, func() (err error) {
		if wrapped && f != nil {
			return a.wrapped(ctx, op, f)
		}
		_, err = engine.Do(ctx, a.engine, op, f)
		return err
	})
}

func (a *api) wrapped(ctx context.Context, op engine.Op, f func(context.Context) (int, error)) error {
	targets := func(uuid.UUID) []uuid.UUID { return []uuid.UUID{op.Target, {9}} }
	w, err := engine.Wrap(a.engine, engine.Wrapping[uuid.UUID]{Op: op, Targets: targets},
		func(ctx context.Context, _ uuid.UUID) (int, error) { return f(ctx) })
	if err == nil {
		_, err = w(ctx, op.Target)
	}
	return err
}

func (a *api) contend() {
	c, ctx, op := a.call("Contend"), a.context(), a.feed.op()
	pause, twice := pick(a.feed, apiPauses[:]), a.feed.next()%8 == 0
	a.apart(c, func() error {
		win, err := a.engine.Contend(ctx, op)
		if err == nil {
			c.executed.Inc()
			select {
			case <-time.After(pause):
			case <-a.all.Done():
			}
		}
		a.finish(win, err)
		if twice {
			a.finish(win, err)
		}
		return err
	})
}

// finish tells the registry, whose panic is the caller's own.
func (a *api) finish(win engine.Win, err error) {
	defer func() {
		if v := recover(); v != nil {
			assert.True(a.t, a.exits, "%v", v)
		}
	}()
	win.Finish(err)
}

func (a *api) foldIn() {
	c, ctx, op := a.call("Folding.Do"), a.context(), a.feed.op()
	a.running.Go(func() {
		defer c.outcomes.Inc() // also if the function ended the goroutine
		if _, err := a.fold.Do(ctx, op, 1); err != nil {
			a.typed(err)
		}
	})
}

// Decided takes a verdict on the shard's goroutine.
func (c *apiCall) Decided(v *engine.Verdict) { c.outcomes.Inc() }

func (a *api) bid(c *apiCall) engine.Bid {
	op := a.feed.op()
	b := engine.Bid{Target: op.Target, Priority: op.Priority, Window: op.Window, Tag: uint64(len(a.calls))}
	switch a.feed.next() % 8 {
	case 0:
		c.how = "a tag"
		return b
	case 1:
		b.Ticket = &engine.Ticket{} // nobody to tell
		return b
	}
	c.ticket.To, c.ticket.Withdrawable = releasing{a.engine, c}, a.feed.next()%2 == 0
	if op.Retry != (engine.Retry{}) {
		c.ticket.Extra = &engine.Extra{Retry: op.Retry, Deadline: int64(int8(a.feed.next()))}
	}
	b.Ticket = &c.ticket
	return b
}

// releasing frees an exclusive target at once.
type releasing struct {
	engine *engine.Engine
	call   *apiCall
}

func (r releasing) Decided(v *engine.Verdict) {
	r.call.outcomes.Inc()
	if v.Exclusive {
		r.engine.Release(v.Target, v.Token)
	}
}

func (a *api) stage() {
	c := a.call("Stage")
	bid := a.bid(c)
	a.staging(c, bid, func() error { _, err := a.engine.Stage(bid); return err })
}

func (a *api) addToBatch() {
	c := a.call("Batch")
	bid := a.bid(c)
	a.staging(c, bid, func() error {
		if err := a.batch.Add(bid); err != nil {
			return err
		}
		err := a.batch.Flush()
		if err != nil {
			a.batch.Discard()
		}
		return err
	})
}

// staging calls what returns when a bid is accepted or refused. A refused one
// is told nothing.
func (a *api) staging(c *apiCall, bid engine.Bid, f func() error) {
	err := f()
	if c.accepted = err == nil && bid.Ticket != nil; err != nil {
		a.typed(err)
	}
	if a.feed.next()%8 == 0 && bid.Ticket != nil && bid.Ticket.Withdraw() {
		c.withdrawn.Store(true)
	}
}

func (a *api) lock() {
	config := engine.LockConfig{
		Name: "lock", Target: a.feed.target(), Below: pick(a.feed, apiPriorities[:]),
		For: pick(a.feed, apiWindows[:]), WhenSilent: engine.WhenSilent(a.feed.next() % 16 / 7),
	}
	config.All = config.Target[0] == 0
	ctx, cancel := context.WithTimeout(a.context(), time.Hour)
	defer cancel()
	l, err := a.engine.Lock(ctx, config)
	if err == nil {
		a.locks = append(a.locks, l)
		return
	}
	require.Nil(a.t, l)
	if ctx.Err() == nil {
		a.typed(err)
	}
}

func (a *api) unlock() {
	for _, l := range append(a.engine.Locks(), a.locks...) {
		switch a.feed.next() % 3 {
		case 0:
			l.Unlock()
		case 1:
			if err := l.Heartbeat(); err != nil {
				require.ErrorIs(a.t, err, engine.ErrLockLost)
			}
		}
	}
}

// lifecycle starts and stops, with contexts that end.
func (a *api) lifecycle() {
	kind, pause := a.feed.next()%4, pick(a.feed, apiPauses[:])
	a.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pause)
		defer cancel()
		switch kind {
		case 0, 1:
			if err := a.engine.Stop(ctx); err != nil {
				assert.ErrorIs(a.t, err, context.DeadlineExceeded)
			}
		case 2:
			a.engine.Start()
		case 3:
			if err := a.engine.Restart(ctx); err != nil {
				assert.ErrorIs(a.t, err, context.DeadlineExceeded)
			}
		}
	})
	synctest.Wait()
}

// stop ends everything. What is left after it are functions that wait for a
// context that is not the engine's; they end with the program's.
func (a *api) stop(cancel context.CancelFunc) {
	_ = a.engine.Stats()
	deadline := time.Now().Add(time.Hour)
	for range 3 { // a Start of the program's may come between
		ctx, end := context.WithDeadline(context.Background(), deadline)
		_ = a.engine.Stop(ctx)
		end()
	}
	synctest.Wait()
	for _, h := range a.staged {
		select {
		case <-h.Done():
		default:
			a.t.Errorf("%v has no outcome after Stop", h.ID())
		}
	}
	cancel()
	time.Sleep(time.Second) // longer than any function that nobody waits for any more
	a.running.Wait()
	ctx, end := context.WithTimeout(context.Background(), time.Second)
	defer end()
	require.NoError(a.t, a.engine.Stop(ctx), "nothing runs any more")
	synctest.Wait()
	for _, cancel := range a.cancels {
		cancel()
	}
	staged := a.engine.Stats()
	require.Zero(a.t, staged.Staged)
	for _, c := range a.calls {
		switch c.how {
		case "Stage", "Batch":
			want := 0
			if c.accepted && !c.withdrawn.Load() {
				want = 1
			}
			require.EqualValues(a.t, want, c.outcomes.Load(), "verdicts of %s", c.how)
		case "a tag":
		default:
			require.EqualValues(a.t, 1, c.outcomes.Load(), "outcomes of %s", c.how)
		}
	}
}
