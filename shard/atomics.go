package shard

import "sync/atomic"

// Every atomic word of this package has one of these types. They are aliases
// so that a build tag can put a scheduling explorer in their place without a
// change to the code that uses them.
type (
	atomicBool   = atomic.Bool
	atomicInt64  = atomic.Int64
	atomicUint32 = atomic.Uint32
	atomicUint64 = atomic.Uint64
)
