package engine_test

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// A goroutine that calls Do, and is not deep in calls itself, keeps the stack that it
// began with, whether it wins or loses: a larger one is new memory and the old one is
// copied there, which costs as much as all the rest of the call. How deep frames are
// is the compiler's business, so this holds for the one that it was measured with.
func TestDoKeepsTheFirstStack(t *testing.T) {
	if runtime.GOARCH != "amd64" || !strings.HasPrefix(runtime.Version(), "go1.26") || raceDetector || explored || testing.CoverMode() != "" {
		t.Skip("frames have other sizes there")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it takes back what is kept for goroutines that wait
	const n = 4000
	e := newEngine(t, engine.Config{Registry: engine.Discard})
	var targets [n]uuid.UUID
	for i := range targets {
		targets[i] = target(i / 3)
	}
	wait := func() (grown int64) {
		var told, ended sync.WaitGroup
		end, before := make(chan struct{}), stackBytes()
		told.Add(n)
		for i := range n {
			ended.Go(func() {
				doBelow(e, targets[i])
				told.Done()
				<-end
			})
		}
		told.Wait()
		grown = stackBytes() - before
		close(end)
		ended.Wait()
		return grown
	}
	wait()
	wait() // goroutines are used again, with their stacks if those have not grown
	require.Less(t, wait()/n, int64(500), "bytes of stack for a goroutine")
}

// doBelow calls Do some 600 bytes below the beginning of a stack.
//
//go:noinline
func doBelow(e *engine.Engine, target uuid.UUID) {
	var above [6]uint64
	engine.Do(context.Background(), e, engine.Op{Target: target}, nothing)
	runtime.KeepAlive(&above)
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }

func stackBytes() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
