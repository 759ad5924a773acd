package fuzz

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/contend/engine"
)

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
	c.invalid = invalid(&op)
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
	c.invalid = invalid(&op)
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
	c.invalid = invalid(&op)
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
	a.staging(c, bid, func() error { _, err := a.engine.Stage(&bid); return err })
}

func (a *api) addToBatch() {
	c := a.call("Batch")
	bid := a.bid(c)
	a.staging(c, bid, func() error {
		if err := a.batch.Add(&bid); err != nil {
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
	if kind >= 2 {
		a.started.Store(true)
	}
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
