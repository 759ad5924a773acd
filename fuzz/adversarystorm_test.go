package fuzz

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var waiters = flag.Int("waiters", 20_000, "how many goroutines wait in TestWaitersOnASmallRing")

// outcomes counts what callers were told.
type outcomes struct{ completed, failed, rejected, withdrawn, refused, stopped, other atomic.Int64 }

func (o *outcomes) of(err error) {
	var w *engine.WithdrawnError
	switch {
	case err == nil:
		o.completed.Add(1)
	case errors.Is(err, engine.ErrFailed):
		o.failed.Add(1)
	case errors.Is(err, engine.ErrRejected):
		o.rejected.Add(1)
	case errors.As(err, &w) && w.Accepted:
		o.withdrawn.Add(1)
	case errors.As(err, &w):
		o.refused.Add(1)
	case errors.Is(err, engine.ErrStopped):
		o.stopped.Add(1)
	default:
		o.other.Add(1)
	}
}

// requireAgree checks that what callers were told is what the engine counted, and
// that nothing is left.
func (o *outcomes) requireAgree(t *testing.T, e *engine.Engine, callers int64) {
	t.Helper()
	s := e.Stats()
	require.Zero(t, o.other.Load())
	require.Equal(t, callers, o.completed.Load()+o.failed.Load()+o.rejected.Load()+o.withdrawn.Load()+o.refused.Load()+o.stopped.Load())
	require.EqualValues(t, o.completed.Load(), s.Completed)
	require.EqualValues(t, o.failed.Load(), s.Failed)
	require.EqualValues(t, o.rejected.Load(), s.Rejected)
	require.EqualValues(t, o.withdrawn.Load(), s.Withdrawn)
	require.EqualValues(t, o.refused.Load(), s.Refused)
	require.Zero(t, s.Staged+s.Windows+s.Running)
}

// storm is thousands of operations whose contexts end at once, among bystanders
// that do not give up: one on each target, of lower priority.
type storm struct {
	engine    *engine.Engine
	ctx       context.Context
	cancel    context.CancelFunc
	targets   int
	each      int // Do and Submit on each target
	extra     int // other operations
	told      outcomes
	bystander outcomes
	all       sync.WaitGroup
}

// blow submits everything and waits for all outcomes.
func (s *storm) blow(t *testing.T) {
	for n := range s.targets {
		op := engine.Op{Target: numbered(3, uint64(n)), Priority: engine.High}
		s.all.Go(func() {
			_, err := engine.Do(background, s.engine, engine.Op{Target: op.Target, Priority: engine.Low}, answer(1))
			s.bystander.of(err)
		})
		for range s.each {
			s.all.Go(func() {
				_, err := engine.Do(s.ctx, s.engine, op, answer(1))
				s.told.of(err)
			})
			s.all.Go(func() {
				h, err := engine.Submit(s.ctx, s.engine, op, answer(1))
				if err == nil {
					_, err = h.Wait(background)
				}
				s.told.of(err)
			})
		}
	}
	s.all.Wait()
}

// check: every target has winners, whose function runs, and everybody was told once.
// Stormy ones and bystanders count together.
func (s *storm) check(t *testing.T) {
	t.Helper()
	require.NoError(t, s.engine.Stop(background))
	b := &s.bystander
	require.EqualValues(t, s.targets, b.completed.Load()+b.rejected.Load(), "bystanders only win or lose")
	for _, c := range []struct{ to, from *atomic.Int64 }{
		{&s.told.completed, &b.completed}, {&s.told.rejected, &b.rejected},
	} {
		c.to.Add(c.from.Load())
	}
	s.told.requireAgree(t, s.engine, int64(s.targets*(2*s.each+1)+s.extra))
}

// Thousands of contexts end at the same virtual moment, at every point of an
// operation's way by the clock, in a large ring and in one that is full.
func TestCancelStorm(t *testing.T) {
	const window, targets, each = 100 * time.Millisecond, 20, 50
	for _, ring := range []int{0, 64} {
		for _, at := range []time.Duration{0, 1, window / 2, window - 1, window, window + 1, window + shard.Tick, 2 * window} {
			t.Run(fmt.Sprint(ring, " ", at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &storm{engine: startEngine(t, engine.Config{Shards: 2, RingSize: ring}), targets: targets, each: each}
					s.ctx, s.cancel = context.WithTimeout(background, at)
					defer s.cancel()
					began := time.Now()
					s.blow(t)
					require.LessOrEqual(t, time.Since(began), window+floodBound, "those who stay are not delayed")
					switch {
					case at <= window-1:
						require.EqualValues(t, targets, s.bystander.completed.Load(), "the next best wins")
						require.EqualValues(t, 2*targets*each, s.told.withdrawn.Load()+s.told.refused.Load())
					case at > window+floodBound:
						require.EqualValues(t, targets, s.bystander.rejected.Load())
						require.Zero(t, s.told.withdrawn.Load())
					}
					s.check(t)
				})
			})
		}
	}
}

// Contexts end at every point of an operation's way by what happens, in real time:
// in the midst of submitting, between decided and told, while being told to the
// registry and in the winner's function.
func TestCancelStormInside(t *testing.T) {
	const targets, each = 20, 50
	for _, point := range []string{"submitting", "decided", "registered", "running"} {
		t.Run(point, func(t *testing.T) {
			s := &storm{targets: targets, each: each}
			s.ctx, s.cancel = context.WithCancel(background)
			defer s.cancel()
			var submitted atomic.Int64
			config := engine.Config{
				Shards: 2, RingSize: 64, Window: 5 * time.Millisecond,
				WindowOf: func(uuid.UUID) time.Duration {
					if submitted.Add(1) == targets*each && point == "submitting" {
						s.cancel()
					}
					return 0
				},
				Registry: registryFunc(func(engine.Entry) error {
					if point == "registered" {
						s.cancel()
					}
					return nil
				}),
				Decided: func([]engine.Decision) {
					if point == "decided" {
						s.cancel()
					}
				},
			}
			s.engine = startEngine(t, config)
			if point == "running" {
				s.extra = 1
				s.all.Go(func() {
					_, err := engine.Do(s.ctx, s.engine, engine.Op{Target: numbered(4, 1)}, func(ctx context.Context) (int, error) {
						s.cancel()
						return 1, nil
					})
					assert.NoError(t, err, "it had won")
					s.told.of(err)
				})
			}
			s.blow(t)
			s.check(t)
		})
	}
}

// registryFunc is a registry that only wants to know who is registered.
type registryFunc func(engine.Entry) error

func (f registryFunc) Register(e engine.Entry) error { return f(e) }
func (registryFunc) Finish(uuid.UUID, error)         {}

// Far more goroutines wait in Do than a ring has slots: while its owner is held up they
// fill the ring and park before it, then all get an outcome. With
//
//	go test ./fuzz -run TestWaitersOnASmallRing -waiters 300000
//
// as many as made a prototype collapse that spun on a full ring.
func TestWaitersOnASmallRing(t *testing.T) {
	e := startEngine(t, engine.Config{Shards: 2, RingSize: 64})
	release := holdUp(t, e)
	before := e.Stats() // of what holds them up
	var told outcomes
	told.rejected.Store(int64(before.Rejected))
	var all, begun sync.WaitGroup
	begun.Add(*waiters)
	for n := range *waiters {
		all.Go(func() {
			begun.Done()
			_, err := engine.Do(background, e, engine.Op{Target: numbered(5, uint64(n%100)), Priority: engine.Priority(n % 7)}, answer(n))
			told.of(err)
		})
	}
	begun.Wait()
	require.LessOrEqual(t, e.Stats().Submitted, before.Submitted+2*64, "the rest is parked, or about to")
	close(release)
	all.Wait()
	require.NoError(t, e.Stop(background))
	told.requireAgree(t, e, int64(*waiters)+int64(before.Rejected))
	s := e.Stats()
	require.EqualValues(t, *waiters, s.Submitted-before.Submitted)
	t.Log(s)
}

// holdUp blocks the goroutines of an engine's shards in a contender each until the
// channel is closed.
func holdUp(t *testing.T, e *engine.Engine) (release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	held := make(chan struct{})
	for _, target := range inShards(t, e, 7) {
		b := &blocker{held: held, release: release}
		b.To = b
		_, err := e.Stage(&engine.Bid{Target: target, Window: 1, Ticket: &b.Ticket})
		require.NoError(t, err)
		<-held
	}
	return release
}

// blocker is a contender that does what it must not.
type blocker struct {
	engine.Ticket
	held    chan<- struct{}
	release <-chan struct{}
}

func (b *blocker) Decided(*engine.Verdict) {
	b.held <- struct{}{}
	<-b.release
}
