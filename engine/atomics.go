//go:build !explore

package engine

import (
	"sync"

	"go.uber.org/atomic"
)

// The words that decide something between goroutines, and the locks, have one of
// these types. They are aliases so that the build tag explore can put scheduling
// points in their place; see ring/interleave.
type (
	atomicBool   = atomic.Bool
	atomicUint32 = atomic.Uint32
	mutex        = sync.Mutex
	once         = sync.Once
)

type atomicPointer[T any] = atomic.Pointer[T]
