//go:build !explore

package shard

import (
	"sync"
	"sync/atomic"
)

// Every atomic word and lock of this package by which something is decided has one
// of these types. They are aliases so that the build tag explore can put
// scheduling points in their place without a change to the code that uses them;
// see ring/interleave.
type (
	atomicBool   = atomic.Bool
	atomicInt64  = atomic.Int64
	atomicUint32 = atomic.Uint32

	mutex = sync.Mutex
	once  = sync.Once
)

type atomicPointer[T any] = atomic.Pointer[T]

// reads and writes mark accesses to plain memory that is passed from one goroutine to
// another, as in package ring. They do nothing.
func reads[T any](*T)  {}
func writes[T any](*T) {}

// explored: the build tag is set.
const explored = false

// readClock reads the clock, between which and the words much can happen.
func readClock(now func() int64) int64 { return now() }
