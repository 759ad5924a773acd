package engine_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// No test may leave a goroutine behind. Those in a bubble prove it once more:
// synctest fails a bubble whose goroutines do not end.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// inBubble runs a test in virtual time. Engines must be made inside.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// pass lets virtual time pass until everything that happens by then is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// newEngine makes an engine that is stopped when the test, or its bubble, ends.
func newEngine(t *testing.T, config engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// target returns the n-th of a fixed sequence of targets.
func target(n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte{byte(n), byte(n >> 8), byte(n >> 16)})
}

// answer is a function that returns its argument.
func answer[T any](v T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return v, nil }
}

// submit submits and must be accepted.
func submit[T any](t *testing.T, e *engine.Engine, op engine.Op, fn func(context.Context) (T, error)) *engine.Handle[T] {
	t.Helper()
	h, err := engine.Submit(background, e, op, fn)
	require.NoError(t, err)
	return h
}

// called is the result of a blocking call that runs on a goroutine of its own.
type called[T any] struct {
	value T
	err   error
	done  chan struct{}
}

// inBackground starts a blocking call. In a bubble, it has been accepted when
// inBackground returns.
func inBackground[T any](call func() (T, error)) *called[T] {
	c := &called[T]{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.value, c.err = call()
	}()
	synctest.Wait()
	return c
}

func (c *called[T]) wait() (T, error) {
	<-c.done
	return c.value, c.err
}

// doInBackground is inBackground for a Do.
func doInBackground[T any](ctx context.Context, e *engine.Engine, op engine.Op, fn func(context.Context) (T, error)) *called[T] {
	return inBackground(func() (T, error) { return engine.Do(ctx, e, op, fn) })
}

// contender is a ticket that remembers its verdict and when it came.
type contender struct {
	engine.Ticket
	mu      sync.Mutex
	told    int
	verdict engine.Verdict
	at      time.Time
	then    func(*engine.Verdict) // on the shard's goroutine; may be nil
}

func newContender(name string) *contender {
	c := &contender{}
	c.To, c.Name = c, name
	return c
}

func (c *contender) Decided(v *engine.Verdict) {
	c.mu.Lock()
	c.told++
	c.verdict, c.at = *v, time.Now()
	c.mu.Unlock()
	if c.then != nil {
		c.then(v)
	}
}

// outcome returns what the contender was told, which must be once.
func (c *contender) outcome(t *testing.T) engine.Verdict {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	require.Equal(t, 1, c.told, "times told")
	return c.verdict
}

// stage stages a contender and must be accepted.
func stage(t *testing.T, e *engine.Engine, c *contender, bid engine.Bid) engine.OpID {
	t.Helper()
	bid.Ticket = &c.Ticket
	id, err := e.Stage(&bid)
	require.NoError(t, err)
	return id
}

// lost checks that the error is a rejection and returns it.
func lost(t *testing.T, err error) *engine.RejectedError {
	t.Helper()
	var rejected *engine.RejectedError
	require.ErrorAs(t, err, &rejected)
	require.ErrorIs(t, err, engine.ErrRejected)
	return rejected
}
