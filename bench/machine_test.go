package bench

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestProcessCPUGrowsWithWork(t *testing.T) {
	start := ProcessCPU()
	assert.Positive(t, start.Total())
	x := uint64(1)
	for ProcessCPU().Sub(start).Total() <= 0 { // ends as soon as work is counted
		for range 100_000 {
			x = mix64(x)
		}
		runtime.GC() // brings the estimate up to date where there is no getrusage
	}
	assert.NotZero(t, x)
}

func TestCPUArithmetic(t *testing.T) {
	a, b := CPU{User: time.Second, System: 3}, CPU{User: 5 * time.Second, System: 10}
	assert.Equal(t, CPU{User: 4 * time.Second, System: 7}, b.Sub(a))
	assert.Equal(t, time.Second+3, a.Total())
}

func TestReadMemorySeesWhatIsHeld(t *testing.T) {
	const size = 64 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // collections only where the test asks
	runtime.GC()
	before := ReadMemory()
	held := make([]byte, size)
	allocated := ReadMemory()
	runtime.GC()
	during := ReadMemory()
	runtime.KeepAlive(held)
	runtime.GC()
	after := ReadMemory()

	const half = size / 2 // other tests' garbage comes and goes
	assert.Greater(t, allocated.Heap, before.Heap+half)
	assert.Less(t, allocated.Live, before.Live+half, "as of the last collection")
	assert.GreaterOrEqual(t, allocated.Allocated-before.Allocated, uint64(size))
	assert.Greater(t, allocated.Objects, before.Objects)
	assert.Greater(t, during.Live, before.Live+half)
	assert.Less(t, after.Live, during.Live-half)
	assert.GreaterOrEqual(t, after.Collections, before.Collections+2)
}
