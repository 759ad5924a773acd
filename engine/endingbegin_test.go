package engine

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// R10: a context that has ended before others could join is not held on to for them.
func TestEndingThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	es := new(endings)
	es.recent[3].done = ctx.Done()
	e := &ending{of: es, ctx: ctx}
	place := e.members.PushBack(new(task))
	e.begin(ctx.Done())
	require.Equal(t, e, es.recent[3].ending)
	e.leave(place)
	require.Nil(t, es.recent[3].ending, "everybody has left")

	cancel()
	e.begin(ctx.Done()) // its member was withdrawn meanwhile
	require.Nil(t, es.recent[3].ending)
}
