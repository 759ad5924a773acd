package engine_test

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/stretchr/testify/require"
)

// Locks: who keeps whom out, and for how long.

func lock(t *testing.T, e *engine.Engine, config engine.LockConfig) *engine.Lock {
	t.Helper()
	l, err := e.Lock(background, config)
	require.NoError(t, err)
	return l
}

// maskedBy checks that the error is the rejection by the lock of that name.
func maskedBy(t *testing.T, name string, err error) *engine.MaskedError {
	t.Helper()
	var masked *engine.MaskedError
	require.ErrorAs(t, err, &masked)
	require.ErrorIs(t, err, engine.ErrMasked)
	require.ErrorIs(t, err, engine.ErrRejected)
	require.Equal(t, name, masked.Lock)
	require.Contains(t, err.Error(), masked.Reason())
	return masked
}

// What arrives is rejected at once, what is staged when it would be decided.
func TestLockMasks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		began := time.Now()
		low := submit(t, e, engine.Op{Target: target(1), Name: "low", Priority: engine.Normal}, answer(1))
		lowDo := doInBackground(background, e, engine.Op{Target: target(1), Priority: engine.Normal, Retry: engine.Retry{Limit: 9, Step: 9}}, answer(1))
		elsewhere := submit(t, e, engine.Op{Target: target(2)}, answer(1))
		high := submit(t, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		running := submit(t, e, engine.Op{Target: target(3), Window: time.Millisecond}, sleeping(time.Second))
		pass(10 * time.Millisecond)
		l := lock(t, e, engine.LockConfig{Name: "maintenance", Target: target(1), Below: engine.High, For: time.Hour})
		lock(t, e, engine.LockConfig{Name: "tests", Target: target(3), Below: engine.High, For: time.Hour})
		require.Equal(t, "maintenance", l.Config().Name)
		locked := time.Now()
		every(t, e, engine.Op{Target: target(1), Name: "new", Priority: engine.High - 1}, func(t *testing.T, err error) {
			masked := maskedBy(t, "maintenance", err)
			require.Equal(t, "new", masked.Name)
			require.Equal(t, target(1), masked.Target)
			require.Equal(t, engine.High-1, masked.Priority)
			require.Contains(t, masked.Reason(), `masked by the lock "maintenance"`)
			require.LessOrEqual(t, time.Since(locked), 90*time.Millisecond, "when the shard wakes next, at the latest")
			locked = time.Now()
		})
		_, err := low.Wait(background)
		require.Equal(t, "low", maskedBy(t, "maintenance", err).Name)
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		_, err = lowDo.wait()
		maskedBy(t, "maintenance", err)
		_, err = high.Wait(background)
		require.NoError(t, err)
		_, err = elsewhere.Wait(background)
		require.NoError(t, err)
		_, err = running.Wait(background)
		require.ErrorContains(t, err, "no token", "it ran to its end")
		require.EqualValues(t, 7, e.Stats().Masked)
		l.Unlock()
		l.Unlock()
		goesOn(t, e)
	})
}

// Ageing is no way past a lock, neither when an operation comes again nor when
// it would be decided.
func TestLockGoesByTheOwnPriority(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		lock(t, e, engine.LockConfig{Name: "gate", Target: target(1), Below: engine.Low, For: 150 * time.Millisecond})
		aged := engine.Op{Target: target(1), Priority: engine.Low, Retry: engine.Retry{Limit: 5, Step: 100}}
		staged := submit(t, e, aged, answer(1))
		aged.Retry.Backoff = 20 * time.Millisecond
		parked := submit(t, e, aged, answer(1))
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Priority: engine.High}, answer(1))
		require.NoError(t, err)
		began := time.Now()
		lock(t, e, engine.LockConfig{Name: "bar", Target: target(1), Below: engine.Normal, For: time.Hour})
		_, err = parked.Wait(background)
		require.Equal(t, 20*time.Millisecond, time.Since(began))
		require.Equal(t, 1, maskedBy(t, "bar", err).Retries)
		require.Equal(t, engine.Low, maskedBy(t, "bar", err).Priority)
		_, err = staged.Wait(background)
		require.Equal(t, 100*time.Millisecond, time.Since(began))
		require.Equal(t, 1, maskedBy(t, "bar", err).Retries)
	})
}

func TestLockExpires(t *testing.T) {
	config := engine.LockConfig{Name: "lease", Target: target(1), Below: engine.High, For: time.Minute}
	try := func(e *engine.Engine) error {
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		return err
	}
	t.Run("open", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{})
			l := lock(t, e, config)
			for range 5 { // heartbeats
				time.Sleep(50 * time.Second)
				maskedBy(t, "lease", try(e))
				require.NoError(t, l.Heartbeat())
			}
			time.Sleep(time.Minute - time.Nanosecond)
			maskedBy(t, "lease", try(e))
			require.False(t, l.Silent())
			require.Equal(t, []*engine.Lock{l}, e.Locks())
			time.Sleep(time.Nanosecond)
			require.True(t, l.Silent())
			require.Empty(t, e.Locks())
			require.NoError(t, try(e))
			for range 2 {
				err := l.Heartbeat()
				require.ErrorIs(t, err, engine.ErrLockLost)
				require.ErrorContains(t, err, "lease")
			}
			require.NoError(t, try(e))
			l.Unlock()
		})
	})
	t.Run("locked", func(t *testing.T) {
		inBubble(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{})
			config := config
			config.WhenSilent = engine.Locked
			l, other := lock(t, e, config), lock(t, e, engine.LockConfig{Name: "other", Target: target(2), For: time.Hour})
			time.Sleep(2 * time.Minute)
			maskedBy(t, "lease", try(e))
			require.Equal(t, []*engine.Lock{l, other}, e.Locks())
			require.True(t, l.Silent())
			require.False(t, other.Silent())
			require.NoError(t, l.Heartbeat(), "the owner is back, and nobody was in")
			require.False(t, l.Silent())
			time.Sleep(time.Hour)
			require.Equal(t, []*engine.Lock{l}, e.Locks())
			e.Locks()[0].Unlock() // whoever finds it
			require.Empty(t, e.Locks())
			require.NoError(t, try(e))
			require.ErrorIs(t, l.Heartbeat(), engine.ErrLockLost)
			require.NoError(t, try(e))
		})
	})
}

// The strictest lock is named; ending it leaves the others in force.
func TestLocksOnAllTargets(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 4})
		try := func(n int, p engine.Priority) error {
			_, err := engine.Do(background, e, engine.Op{Target: target(n), Priority: p}, answer(1))
			return err
		}
		all := lock(t, e, engine.LockConfig{Name: "all", All: true, Below: engine.High, For: time.Hour})
		one := lock(t, e, engine.LockConfig{Name: "one", Target: target(3), Below: engine.Critical, For: time.Hour})
		require.Equal(t, []*engine.Lock{all, one}, e.Locks())
		for n := range 20 {
			if n == 3 {
				maskedBy(t, "one", try(n, engine.High))
			} else {
				maskedBy(t, "all", try(n, engine.Normal))
				require.NoError(t, try(n, engine.High))
			}
		}
		_, err := engine.Do(background, e, engine.Op{Target: target(1), Mode: engine.None}, answer(1))
		require.NoError(t, err, "does not contend")
		one.Unlock()
		maskedBy(t, "all", try(3, engine.Normal))
		require.NoError(t, try(3, engine.High))
		require.NoError(t, all.Heartbeat())
		all.Unlock()
		require.NoError(t, try(3, engine.Background))
	})
}

// Locks outlive Stop and Start, also those that are changed in between.
func TestLocksSurviveRestart(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 3})
		try := func(n int) error {
			_, err := engine.Do(background, e, engine.Op{Target: target(n)}, answer(1))
			return err
		}
		kept := lock(t, e, engine.LockConfig{Name: "kept", Target: target(1), Below: 1, For: time.Minute})
		ended := lock(t, e, engine.LockConfig{Name: "ended", Target: target(2), Below: 1, For: time.Hour})
		all := lock(t, e, engine.LockConfig{Name: "all", All: true, Below: 0, For: time.Hour, WhenSilent: engine.Locked})
		lock(t, e, engine.LockConfig{Name: "brief", Target: target(3), Below: 1, For: time.Second})
		require.NoError(t, e.Stop(background))
		_, err := e.Lock(background, engine.LockConfig{All: true, For: time.Hour})
		stopped(t, err, engine.StoppedError{})
		time.Sleep(50 * time.Second)
		ended.Unlock()
		require.NoError(t, kept.Heartbeat())
		require.Equal(t, []*engine.Lock{kept, all}, e.Locks())
		e.Start()
		time.Sleep(30 * time.Second)
		maskedBy(t, "kept", try(1))
		require.NoError(t, try(2))
		require.NoError(t, try(3))
		require.NoError(t, e.Restart(background))
		maskedBy(t, "kept", try(1))
		_, err = engine.Do(background, e, engine.Op{Target: target(9), Priority: -1}, answer(1))
		maskedBy(t, "all", err)
		time.Sleep(30 * time.Second)
		require.NoError(t, try(1))
	})
}

// It starts an engine that is new, and leaves nothing when its context ends.
func TestLockFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		l := lock(t, e, engine.LockConfig{Target: target(1), Below: 1, For: time.Hour})
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		maskedBy(t, "", err)
		l.Unlock()
		for range 10 { // whether or not the shards were faster
			if _, err := e.Lock(impatient(), engine.LockConfig{All: true, Below: 1, For: time.Hour}); err != nil {
				require.Equal(t, errNoPatience, err)
			} else {
				require.Len(t, e.Locks(), 1)
				e.Locks()[0].Unlock()
			}
			require.Empty(t, e.Locks())
		}
		goesOn(t, e)
	})
}

// On a shard's own goroutine it is in force for what is submitted after.
func TestLockOnAShard(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Shards: 1})
		c := newContender("")
		c.then = func(*engine.Verdict) {
			_, err := e.Lock(background, engine.LockConfig{Name: "own", All: true, Below: 1, For: time.Hour})
			require.NoError(t, err)
		}
		stage(t, e, c, engine.Bid{Target: target(1)})
		pass(time.Second)
		require.Len(t, e.Locks(), 1)
		_, err := engine.Do(background, e, engine.Op{Target: target(1)}, answer(1))
		maskedBy(t, "own", err)
	})
}

func TestInvalidLocks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		for _, c := range []struct {
			field  string
			config engine.LockConfig
		}{
			{"LockConfig.Target", engine.LockConfig{For: time.Second}},
			{"LockConfig.Target", engine.LockConfig{Target: target(1), All: true, For: time.Second}},
			{"LockConfig.For", engine.LockConfig{All: true}},
			{"LockConfig.For", engine.LockConfig{All: true, For: -1}},
			{"LockConfig.WhenSilent", engine.LockConfig{All: true, For: 1, WhenSilent: engine.Locked + 1}},
		} {
			l, err := e.Lock(context.Background(), c.config)
			invalid(t, err, c.field)
			require.Nil(t, l)
		}
		require.Zero(t, e.Stats().Refused, "a lock is no submission")
		require.Empty(t, e.Locks())
	})
}
