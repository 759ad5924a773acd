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
	"github.com/stretchr/testify/require"
)

// R1: whatever is accepted gets exactly one outcome, whichever way it was
// submitted and whatever happens meanwhile. These run in real time, for the
// race detector, and wait for outcomes only.

// crowd is a lot of submitters and what they were told.
type crowd struct {
	t       *testing.T
	e       *engine.Engine
	targets int

	accepted  atomic.Int64 // known to be
	completed atomic.Int64
	failed    atomic.Int64
	won       atomic.Int64 // verdicts without execution
	lost      atomic.Int64
	stopped   atomic.Int64
	withdrawn atomic.Int64 // some of which were never staged
	panics    atomic.Int64 // of functions, that no caller was told of

	seats   atomic.Int64   // tags given out
	seated  []atomic.Int32 // by tag: times decided
	waiting sync.WaitGroup // for tickets
}

func newCrowd(t *testing.T, config engine.Config, targets, tags int) *crowd {
	c := &crowd{t: t, targets: targets, seated: make([]atomic.Int32, tags)}
	config.Decided = c.decided
	config.Window = 2 * time.Millisecond
	c.e = newEngine(t, config)
	return c
}

// decided counts the contenders with a tag.
func (c *crowd) decided(batch []engine.Decision) {
	for i := range batch {
		d := &batch[i]
		for s := range d.All() {
			if s.Ticket != nil {
				continue
			}
			c.seated[s.ID].Add(1)
			switch {
			case d.Abandoned:
				c.stopped.Add(1)
			case d.Winner == s:
				c.won.Add(1)
			default:
				c.lost.Add(1)
			}
		}
	}
}

// seat is a ticket that counts what it is told.
type seat struct {
	engine.Ticket
	crowd *crowd
	done  atomic.Int32
}

func (s *seat) Decided(v *engine.Verdict) {
	if s.done.Add(1) != 1 {
		s.crowd.t.Error("told twice")
	}
	switch v.Outcome {
	case engine.Won:
		s.crowd.won.Add(1)
	case engine.Lost:
		s.crowd.lost.Add(1)
	case engine.Stopped:
		s.crowd.stopped.Add(1)
	}
	s.crowd.waiting.Done()
}

var errBadLuck = errors.New("bad luck")

// outcome counts the outcome of a Do, Submit or Contend.
func (c *crowd) outcome(err error, accepted bool) {
	var s *engine.StoppedError
	if p := (*engine.PanicError)(nil); errors.As(err, &p) {
		c.panics.Add(-1)
	}
	switch {
	case err == nil:
		c.completed.Add(1)
	case errors.Is(err, engine.ErrFailed):
		c.failed.Add(1)
	case errors.Is(err, engine.ErrRejected):
		c.lost.Add(1)
	case errors.As(err, &s) && s.Accepted:
		c.stopped.Add(1)
	case errors.Is(err, engine.ErrWithdrawn):
		c.withdrawn.Add(1)
		return // perhaps never staged
	case errors.Is(err, engine.ErrStopped), errors.Is(err, engine.ErrOverloaded):
		if accepted {
			c.t.Error("refused after it was accepted:", err)
		}
		runtime.Gosched() // to whom it waits for
		return
	default:
		c.t.Error(err)
	}
	c.accepted.Add(1)
}

// submitter submits in every way; what is refused does not count as a round.
func (c *crowd) submitter(seed uint64, rounds int) {
	rng := rand.New(rand.NewPCG(seed, 7))
	for begun := c.accepted.Load(); c.accepted.Load()-begun < int64(16*rounds); {
		op := engine.Op{Target: target(rng.IntN(c.targets)), Priority: engine.Priority(rng.IntN(4))}
		ctx, cancel := background, context.CancelFunc(func() {})
		if rng.IntN(2) == 0 {
			ctx, cancel = context.WithTimeout(background, time.Duration(rng.Int64N(int64(4*time.Millisecond))))
		}
		luck := rng.IntN(10)
		fn := func(ctx context.Context) (int, error) {
			switch luck {
			case 0:
				return 0, errBadLuck
			case 1:
				c.panics.Add(1)
				panic(errBadLuck)
			}
			return 1, nil
		}
		switch rng.IntN(6) {
		case 0:
			_, err := engine.Do(ctx, c.e, op, fn)
			c.outcome(err, false)
		case 1:
			if h, err := engine.Submit(ctx, c.e, op, fn); err == nil {
				if luck > 7 {
					h.Withdraw()
				}
				_, err = h.Wait(background)
				c.outcome(err, true)
			} else {
				c.outcome(err, false)
			}
		case 2:
			if win, err := c.e.Contend(ctx, op); err == nil {
				win.Finish(nil)
				c.accepted.Add(1)
				c.won.Add(1)
			} else {
				c.outcome(err, false)
			}
		case 3:
			c.stageTicket(op, luck > 5)
		case 4:
			if tag, ok := c.tag(); ok {
				if _, err := c.e.Stage(&engine.Bid{Target: op.Target, Priority: op.Priority, Tag: tag}); err == nil {
					c.accepted.Add(1)
				} else {
					runtime.Gosched()
				}
			}
		case 5:
			c.batch(rng)
		}
		cancel()
	}
}

func (c *crowd) tag() (tag uint64, ok bool) {
	n := c.seats.Add(1) - 1
	return uint64(n), n < int64(len(c.seated))
}

func (c *crowd) stageTicket(op engine.Op, withdraw bool) {
	s := &seat{crowd: c}
	s.To, s.Withdrawable = s, withdraw
	c.waiting.Add(1)
	if _, err := c.e.Stage(&engine.Bid{Target: op.Target, Priority: op.Priority, Ticket: &s.Ticket}); err != nil {
		c.waiting.Done()
		runtime.Gosched()
		return
	}
	c.accepted.Add(1)
	if withdraw && s.Withdraw() {
		c.accepted.Add(-1)
		c.withdrawn.Add(1)
		c.waiting.Done()
	}
}

func (c *crowd) batch(rng *rand.Rand) {
	b := c.e.NewBatch(8)
	for range 7 { // so that only Flush flushes
		if tag, ok := c.tag(); ok {
			if err := b.Add(&engine.Bid{Target: target(rng.IntN(c.targets)), Tag: tag}); err != nil {
				c.t.Error(err)
			}
		}
	}
	added := b.Len()
	if err := b.Flush(); err == nil && b.Len() > 0 {
		c.t.Error("flushed without an error but not all")
	}
	c.accepted.Add(int64(added - b.Len()))
	b.Discard()
	runtime.Gosched()
}

// check compares what submitters were told with what the engine counted.
func (c *crowd) check() {
	s, t := c.e.Stats(), c.t
	t.Log(s)
	require.Zero(t, s.Staged)
	require.Zero(t, s.Windows)
	require.Zero(t, s.Running)
	require.EqualValues(t, c.accepted.Load(), s.Submitted-s.Withdrawn)
	require.LessOrEqual(t, s.Withdrawn, uint64(c.withdrawn.Load()))
	require.EqualValues(t, c.accepted.Load(), c.completed.Load()+c.failed.Load()+c.won.Load()+c.lost.Load()+c.stopped.Load())
	require.EqualValues(t, c.completed.Load(), s.Completed)
	require.EqualValues(t, c.failed.Load(), s.Failed)
	require.EqualValues(t, c.lost.Load(), s.Rejected)
	require.EqualValues(t, c.stopped.Load(), s.Stopped)
	require.EqualValues(t, c.panics.Load(), s.Incidents)
	for tag := range c.seated {
		require.LessOrEqual(t, c.seated[tag].Load(), int32(1), "tag %d", tag)
	}
}

// run lets submitters work while the engine is stopped, started and stopped.
func (c *crowd) run(submitters, rounds int, meanwhile func()) {
	var wg sync.WaitGroup
	for i := range submitters {
		wg.Go(func() { c.submitter(uint64(i), rounds) })
	}
	meanwhile()
	wg.Wait()
	require.NoError(c.t, c.e.Stop(background))
	c.waiting.Wait()
	c.check()
}

func TestExactlyOneOutcome(t *testing.T) {
	for name, config := range map[string]engine.Config{
		"default":   {},
		"tiny ring": {Shards: 2, RingSize: 2},
		"refuse":    {Shards: 1, RingSize: 1, WhenFull: engine.Refuse},
		"limit":     {Shards: 1, MaxStaged: 20},
		"bounded":   {Executor: engine.Bounded(1)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, config, 5, 1<<16)
			c.run(16, 100, func() {})
		})
	}
}

func TestExactlyOneOutcomeAndStop(t *testing.T) {
	for name, stop := range map[string]func(e *engine.Engine){
		"patient":   func(e *engine.Engine) { e.Stop(background) },
		"impatient": func(e *engine.Engine) { e.Stop(impatient()) },
		"both": func(e *engine.Engine) {
			var wg sync.WaitGroup
			wg.Go(func() { e.Stop(background) })
			wg.Go(func() { e.Stop(impatient()) })
			wg.Wait()
		},
	} {
		for ring, config := range map[string]engine.Config{"": {}, " tiny ring": {Shards: 2, RingSize: 1}} {
			t.Run(name+ring, func(t *testing.T) {
				c := newCrowd(t, config, 50, 1<<16)
				c.run(16, 150, func() {
					for range 30 {
						goesOnAtLast(t, c)
						stop(c.e)
						c.e.Start()
					}
				})
			})
		}
	}
}
