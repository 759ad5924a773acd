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
		program[0] |= 1 // a configuration that New takes, mostly
	}
	return program
}

// api is an engine and what was asked of it.
type api struct {
	t       *testing.T
	feed    *feed
	config  engine.Config
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
	started atomic.Bool // again: Stop does not end what earlier runs' winners do
	exits   bool        // the registry may end the goroutine that it is told on
}

// apiCall is one operation that was asked for.
type apiCall struct {
	how               string
	accepted          bool         // known only of what returns before its outcome
	executed          atomic.Int32 // times that its function was called
	outcomes          atomic.Int32
	ticket            engine.Ticket
	withdrawn, exited atomic.Bool
	invalid           bool // must be refused
}

func runAPI(t *testing.T, program []byte) {
	f := &feed{bytes: program}
	calm := f.next()
	f.calm = calm&1 != 0
	config := f.config()
	f.calm = calm&2 != 0
	e, err := engine.New(config)
	if err != nil {
		require.ErrorIs(t, err, engine.ErrInvalid)
		require.Nil(t, e)
		return
	}
	all, cancel := context.WithCancel(context.Background())
	a := &api{t: t, feed: f, config: config, engine: e, all: all, batch: e.NewBatch(int(int8(f.next())) / 16)}
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
	if c.invalid {
		assert.ErrorIs(a.t, err, engine.ErrInvalid, "%s", c.how)
	}
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
			a.started.Store(true)
			a.engine.Start()
		}
		return 1, nil
	}
}

// checkStopped: who contends has its outcome when Stop returns, whatever its
// function does.
func (a *api) checkStopped() {
	if a.started.Load() {
		return
	}
	for _, h := range a.staged {
		select {
		case <-h.Done():
		default:
			a.t.Errorf("%v has no outcome after Stop", h.ID())
		}
	}
}

// stop ends everything. What is left after it are functions that wait for a
// context that is not the engine's; they end with the program's.
func (a *api) stop(cancel context.CancelFunc) {
	_ = a.engine.Stats()
	synctest.Wait() // for what was called on goroutines
	deadline := time.Now().Add(time.Hour)
	for range 3 { // a Start of the program's may come between
		ctx, end := context.WithDeadline(context.Background(), deadline)
		_ = a.engine.Stop(ctx)
		end()
	}
	synctest.Wait()
	a.checkStopped()
	cancel()
	time.Sleep(time.Second) // longer than any function that nobody waits for any more
	a.running.Wait()
	ctx, end := context.WithTimeout(context.Background(), time.Second)
	defer end()
	err := a.engine.Stop(ctx)
	if a.started.Load() { // perhaps after all stops: then a withdrawn operation's window may be open
		err = a.engine.Stop(ctx)
	}
	require.NoError(a.t, err, "nothing runs any more")
	synctest.Wait()
	for _, cancel := range a.cancels {
		cancel()
	}
	require.Zero(a.t, a.engine.Stats().Staged)
	if a.config.Lineage != nil {
		require.Zero(a.t, a.config.Lineage.Len(), "relatives")
	}
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
