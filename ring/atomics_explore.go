//go:build explore

package ring

import "example.com/contend/ring/interleave"

type (
	atomicInt64  = interleave.Int64
	atomicUint64 = interleave.Uint64
	atomicBool   = interleave.Bool
)

func reads[T any](at *T)  { interleave.Reads(at) }
func writes[T any](at *T) { interleave.Writes(at) }
