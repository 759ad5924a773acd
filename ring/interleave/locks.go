//go:build explore

package interleave

import (
	"sync"
	"unsafe"
)

// Mutex is a sync.Mutex that the scheduler sees: a goroutine that waits for it
// is parked by the scheduler, so that it can run others until the holder has
// gone on.
type Mutex struct{ mu sync.Mutex }

// Lock is that of sync.Mutex.
func (m *Mutex) Lock() {
	if scheduler == nil {
		yieldAtRandom()
		m.mu.Lock()
		return
	}
	step(Swap, unsafe.Pointer(m))
	for !m.mu.TryLock() {
		scheduler.Await(unsafe.Pointer(m), m.free, Forever)
	}
}

// Unlock is that of sync.Mutex.
func (m *Mutex) Unlock() {
	step(Store, unsafe.Pointer(m))
	m.mu.Unlock()
}

func (m *Mutex) free() bool {
	free := m.mu.TryLock()
	if free {
		m.mu.Unlock()
	}
	return free
}

// Once is a sync.Once that the scheduler sees.
type Once struct {
	mu   Mutex
	done bool
}

// Do is that of sync.Once.
func (o *Once) Do(f func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.done {
		defer func() { o.done = true }()
		f()
	}
}
