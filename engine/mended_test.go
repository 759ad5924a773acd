package engine_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Stopping what has nothing left to stop succeeds, whatever the context.
func TestStopOfADrainedEngineNeverFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{Shards: 3})
		require.NoError(t, err)
		e.Start()
		require.NoError(t, e.Stop(context.Background()))
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for range 200 {
			require.NoError(t, e.Stop(ended))
		}
	})
}

// An outcome that is there is not withheld because of Wait's context.
func TestWaitPrefersTheOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{})
		require.NoError(t, err)
		defer e.Stop(context.Background())
		h, err := engine.Submit(context.Background(), e, engine.Op{Target: uuid.New()},
			func(context.Context) (int, error) { return 7, nil })
		require.NoError(t, err)
		<-h.Done()
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		for range 200 {
			value, err := h.Wait(ended)
			require.NoError(t, err)
			require.Equal(t, 7, value)
		}
	})
}

type pointed struct{ id uuid.UUID }

func (p *pointed) ECSID() uuid.UUID { return p.id }

func TestTargetsOfOddValues(t *testing.T) {
	assert.Empty(t, engine.TargetsOf([]engine.Entity{(*pointed)(nil), nil}))
	loop := []any{nil}
	loop[0] = loop
	assert.Empty(t, engine.TargetsOf(loop))
}

// The embedded registry gives the memory of a burst back.
func TestMemoryRegistryShrinks(t *testing.T) {
	const burst = 100_000
	m := engine.NewMemory(16)
	ids := make([]uuid.UUID, burst)
	before := heap()
	for i := range ids {
		ids[i] = uuid.New()
		require.NoError(t, m.Register(engine.Entry{ID: ids[i]}))
	}
	full := heap() - before
	for _, id := range ids {
		m.Finish(id, nil)
	}
	assert.Less(t, heap()-before, full/20)
	assert.Equal(t, 16, m.Len())
	runtime.KeepAlive(ids)
}
