//go:build explore

package interleave

import (
	"sync/atomic"
	"unsafe"
)

// Int64 is an atomic.Int64 with a scheduling point before each access.
type Int64 struct{ word atomic.Int64 }

// Load is that of atomic.Int64, as are the other methods.
func (x *Int64) Load() int64 { step(Load, unsafe.Pointer(x)); return x.word.Load() }

// Store writes the word.
func (x *Int64) Store(v int64) { step(Store, unsafe.Pointer(x)); x.word.Store(v) }

// Add adds to the word and returns the sum.
func (x *Int64) Add(delta int64) int64 { step(Swap, unsafe.Pointer(x)); return x.word.Add(delta) }

// CompareAndSwap writes the word if it is as expected.
func (x *Int64) CompareAndSwap(before, after int64) bool {
	step(Swap, unsafe.Pointer(x))
	return x.word.CompareAndSwap(before, after)
}

// Uint64 is an atomic.Uint64 with a scheduling point before each access.
type Uint64 struct{ word atomic.Uint64 }

// Load is that of atomic.Uint64, as are the other methods.
func (x *Uint64) Load() uint64 { step(Load, unsafe.Pointer(x)); return x.word.Load() }

// Store writes the word.
func (x *Uint64) Store(v uint64) { step(Store, unsafe.Pointer(x)); x.word.Store(v) }

// Add adds to the word and returns the sum.
func (x *Uint64) Add(delta uint64) uint64 { step(Swap, unsafe.Pointer(x)); return x.word.Add(delta) }

// CompareAndSwap writes the word if it is as expected.
func (x *Uint64) CompareAndSwap(before, after uint64) bool {
	step(Swap, unsafe.Pointer(x))
	return x.word.CompareAndSwap(before, after)
}

// Uint32 is an atomic.Uint32 with a scheduling point before each access.
type Uint32 struct{ word atomic.Uint32 }

// Load is that of atomic.Uint32, as are the other methods.
func (x *Uint32) Load() uint32 { step(Load, unsafe.Pointer(x)); return x.word.Load() }

// Store writes the word.
func (x *Uint32) Store(v uint32) { step(Store, unsafe.Pointer(x)); x.word.Store(v) }

// CompareAndSwap writes the word if it is as expected.
func (x *Uint32) CompareAndSwap(before, after uint32) bool {
	step(Swap, unsafe.Pointer(x))
	return x.word.CompareAndSwap(before, after)
}

// Bool is an atomic.Bool with a scheduling point before each access.
type Bool struct{ word atomic.Bool }

// Load is that of atomic.Bool, as are the other methods.
func (x *Bool) Load() bool { step(Load, unsafe.Pointer(x)); return x.word.Load() }

// Store writes the word.
func (x *Bool) Store(v bool) { step(Store, unsafe.Pointer(x)); x.word.Store(v) }

// Pointer is an atomic.Pointer with a scheduling point before each access.
type Pointer[T any] struct{ word atomic.Pointer[T] }

// Load is that of atomic.Pointer, as are the other methods.
func (x *Pointer[T]) Load() *T { step(Load, unsafe.Pointer(x)); return x.word.Load() }

// Store writes the word.
func (x *Pointer[T]) Store(v *T) { step(Store, unsafe.Pointer(x)); x.word.Store(v) }

// Swap writes the word and returns what it was.
func (x *Pointer[T]) Swap(v *T) *T { step(Swap, unsafe.Pointer(x)); return x.word.Swap(v) }

// CompareAndSwap writes the word if it is as expected.
func (x *Pointer[T]) CompareAndSwap(before, after *T) bool {
	step(Swap, unsafe.Pointer(x))
	return x.word.CompareAndSwap(before, after)
}
