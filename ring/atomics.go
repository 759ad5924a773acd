package ring

import "sync/atomic"

// Every atomic word of this package has one of these types. They are aliases
// so that a build tag can put a scheduling explorer in their place without a
// change to the protocol's code.
type (
	atomicInt64  = atomic.Int64
	atomicUint64 = atomic.Uint64
)
