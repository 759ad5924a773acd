package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// endsWhenWatched is a context that ends when it is asked for its channel the
// second time, by whoever watches it for Submit; the time after that, by Submit
// itself, the watch has come and gone.
type endsWhenWatched struct {
	context.Context
	done  chan struct{}
	asked int
}

func (c *endsWhenWatched) Done() <-chan struct{} {
	switch c.asked++; c.asked {
	case 1:
	case 2:
		close(c.done)
	default:
		synctest.Wait()
	}
	return c.done
}

func (c *endsWhenWatched) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// R13: the context ends after Submit has begun to watch it and before the
// operation is staged, so that the watch found nothing to withdraw.
func TestContextThatEndsWhileStaging(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ctx := &endsWhenWatched{Context: background, done: make(chan struct{})}
		h, err := engine.Submit(ctx, e, engine.Op{Target: target(1)}, answer(1))
		require.NoError(t, err)
		pass(time.Second)
		_, err = h.Wait(background)
		require.ErrorIs(t, err, engine.ErrWithdrawn)
		require.ErrorIs(t, err, context.Canceled)
		require.EqualValues(t, 1, e.Stats().Withdrawn)
		require.Zero(t, e.Stats().Won)
	})
}
