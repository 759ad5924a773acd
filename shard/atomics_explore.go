//go:build explore

package shard

import "example.com/contend/ring/interleave"

type (
	atomicBool   = interleave.Bool
	atomicInt64  = interleave.Int64
	atomicUint32 = interleave.Uint32

	mutex = interleave.Mutex
	once  = interleave.Once
)

type atomicPointer[T any] = interleave.Pointer[T]

func reads[T any](at *T)  { interleave.Reads(at) }
func writes[T any](at *T) { interleave.Writes(at) }

func readClock(now func() int64) int64 {
	interleave.Yield()
	return now()
}

const explored = true
