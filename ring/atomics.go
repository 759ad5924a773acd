//go:build !explore

package ring

import "sync/atomic"

// Every atomic word of this package has one of these types. They are aliases
// so that the build tag explore can put scheduling points in their place
// without a change to the protocol's code; see package interleave.
type (
	atomicInt64  = atomic.Int64
	atomicUint64 = atomic.Uint64
	atomicBool   = atomic.Bool
)

// reads and writes mark accesses to plain memory that is passed from one
// goroutine to another. They do nothing.
func reads[T any](*T)  {}
func writes[T any](*T) {}
