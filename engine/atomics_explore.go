//go:build explore

package engine

import "example.com/contend/ring/interleave"

type (
	atomicBool   = interleave.Bool
	atomicUint32 = interleave.Uint32
	mutex        = interleave.Mutex
	once         = interleave.Once
)

type atomicPointer[T any] = interleave.Pointer[T]
