package engine_test

import (
	"errors"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Overload: DisplaceLowest lets the important in when there is too much.

// displaced checks that the error is that of an operation without room.
func displaced(t *testing.T, err error) *engine.OverloadedError {
	t.Helper()
	var overloaded *engine.OverloadedError
	require.ErrorAs(t, err, &overloaded)
	require.ErrorIs(t, err, engine.ErrOverloaded)
	require.True(t, overloaded.Displaced)
	return overloaded
}

func TestLowestIsDisplaced(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var hooked []engine.Dismissal
		e := newEngine(t, engine.Config{
			Shards: 1, MaxStaged: 4, Overload: engine.DisplaceLowest,
			Dismissed: func(batch []engine.Dismissal) { hooked = append(hooked, batch...) },
		})
		op := func(n int, p engine.Priority) engine.Op {
			return engine.Op{Target: target(n), Priority: p, Retry: engine.Retry{Limit: 1}}
		}
		older := doInBackground(background, e, op(1, engine.Low), answer(1))
		normal := submit(t, e, op(2, engine.Normal), answer(2))
		newer := doInBackground(background, e, op(1, engine.Low), answer(3))
		other := submit(t, e, op(3, engine.Normal), answer(4))
		high := submit(t, e, op(4, engine.High), answer(5))
		pass(100 * time.Millisecond)
		_, err := newer.wait()
		overloaded := displaced(t, err)
		require.Equal(t, engine.OverloadedError{Shard: 0, Staged: 4, Limit: 4, Displaced: true, ID: overloaded.ID, Target: target(1)}, *overloaded)
		require.EqualValues(t, 2, overloaded.ID.Sequence)
		for _, h := range []*engine.Handle[int]{normal, other, high} {
			_, err := h.Wait(background)
			require.NoError(t, err)
		}
		_, err = older.wait()
		require.NoError(t, err)
		require.EqualValues(t, 1, e.Stats().Displaced)
		require.EqualValues(t, 5, e.Stats().Submitted)
		require.Len(t, hooked, 1)
		require.Equal(t, engine.Displaced, hooked[0].Outcome)
	})
}

// A newcomer that ranks no higher than all others is refused, or accepted and
// told when the shard looks at it. MaxStaged is exact either way.
func TestNewcomerWithoutRoom(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		most := 0
		e := newEngine(t, engine.Config{
			Shards: 1, MaxStaged: 3, Overload: engine.DisplaceLowest, Window: time.Second,
			Decided: func(batch []engine.Decision) {
				for i := range batch {
					most = max(most, batch[i].Contenders)
				}
			},
		})
		var handles []*engine.Handle[int]
		for i := range 3 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(1), Priority: engine.Normal}, answer(i)))
		}
		early := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Normal}, answer(3))
		ticket := newContender("")
		_, refusedErr := e.Stage(&engine.Bid{Target: target(1), Priority: engine.Low, Ticket: &ticket.Ticket})
		high := submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(4))
		pass(999 * time.Millisecond)
		pass(time.Millisecond)
		_, err := early.wait()
		require.ErrorIs(t, err, engine.ErrOverloaded, "at the door or inside")
		if refusedErr == nil {
			require.Equal(t, engine.Displaced, ticket.outcome(t).Outcome)
		} else {
			require.ErrorIs(t, refusedErr, engine.ErrOverloaded)
			require.Zero(t, ticket.told)
		}
		_, err = high.Wait(background)
		require.NoError(t, err)
		_, err = handles[2].Wait(background)
		displaced(t, err)
		_, err = handles[0].Wait(background)
		require.Equal(t, 3, lost(t, err).Contenders)
		require.Equal(t, 3, most)

		pass(0) // until the shard has counted
		handles = handles[:0]
		for i := range 3 {
			handles = append(handles, submit(t, e, engine.Op{Target: target(i), Priority: engine.Normal, Window: 10 * time.Second}, answer(i)))
		}
		pass(time.Second)
		began := time.Now()
		for _, p := range []engine.Priority{engine.Low, engine.Normal} {
			_, err = engine.Do(background, e, engine.Op{Target: target(9), Priority: p}, answer(0))
			require.ErrorIs(t, err, engine.ErrOverloaded)
		}
		_, err = engine.Submit(background, e, engine.Op{Target: target(9), Priority: engine.Low}, answer(0))
		var refused *engine.OverloadedError
		require.True(t, errors.As(err, &refused) && !refused.Displaced && refused.Limit == 3)
		require.Zero(t, time.Since(began))
		got, err := engine.Do(background, e, engine.Op{Target: target(9), Priority: engine.High}, answer(7))
		require.NoError(t, err)
		require.Equal(t, 7, got)
		_, err = handles[2].Wait(background)
		displaced(t, err)
	})
}

// Who ages is displaced later; who is displaced does not try again.
func TestDisplacedIsNotTriedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 2, Overload: engine.DisplaceLowest})
		again := engine.Op{Target: target(1), Priority: engine.Low, Retry: engine.Retry{Limit: 9, Step: 4, Backoff: time.Minute}}
		parked := submit(t, e, again, answer(1))
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		require.NoError(t, err)
		normal := submit(t, e, engine.Op{Target: target(2), Priority: engine.Normal}, answer(1))
		first := submit(t, e, engine.Op{Target: target(3), Priority: engine.High}, answer(1))
		pass(100 * time.Millisecond)
		_, err = normal.Wait(background)
		displaced(t, err)
		_, err = first.Wait(background)
		require.NoError(t, err)
		require.Equal(t, 1, e.Stats().Staged, "aged to 6")
		handles := []*engine.Handle[int]{
			submit(t, e, engine.Op{Target: target(2), Priority: engine.High}, answer(1)),
			submit(t, e, engine.Op{Target: target(3), Priority: engine.High}, answer(1)),
		}
		_, err = parked.Wait(background)
		require.Equal(t, 1, displaced(t, err).Retries)
		for _, h := range handles {
			_, err := h.Wait(background)
			require.NoError(t, err)
		}
	})
}

// One that was withdrawn makes room without a word.
func TestWithdrawnIsDisplacedSilently(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 1, Overload: engine.DisplaceLowest})
		h := submit(t, e, engine.Op{Target: target(1)}, answer(1))
		require.True(t, h.Withdraw())
		_, err := engine.Do(background, e, engine.Op{Target: target(2), Priority: 1}, answer(1))
		require.NoError(t, err)
		_, err = h.Wait(background)
		withdrawn(t, err, nil)
		pass(0) // the look that told them has ended
		require.EqualValues(t, 1, e.Stats().Withdrawn)
		require.Zero(t, e.Stats().Displaced)
	})
}
