//go:build explore

package interleave

import (
	"time"
	"unsafe"
)

// Kind is what an access does.
type Kind uint8

const (
	// Load reads an atomic word.
	Load Kind = iota
	// Store writes an atomic word.
	Store
	// Swap reads and writes an atomic word, if a compare-and-swap fails reads it.
	Swap
	// Read reads plain memory.
	Read
	// Write writes plain memory.
	Write
)

// String returns the kind in lower case.
func (k Kind) String() string {
	return [...]string{"load", "store", "swap", "read", "write"}[k]
}

// Forever is the duration of an Await that only ends when it is ready.
const Forever = time.Duration(-1)

// Scheduler decides who goes on.
type Scheduler interface {
	// Step is called by a goroutine that is about to make an access. It returns
	// when the goroutine may go on; others may have run in between. Between two
	// calls nobody else runs, so that an access happens right after its Step.
	Step(kind Kind, at unsafe.Pointer)
	// Await is called by a goroutine that sleeps until ready reports true, or a
	// time has passed, and reports whether it is ready. What it waits for is the
	// memory that whoever wakes it writes by a Store or Swap. The function is
	// called while nobody runs; it must not make accesses.
	Await(at unsafe.Pointer, ready func() bool, d time.Duration) bool
}

// scheduler is asked by every access; nil for none.
var scheduler Scheduler

// Use puts a scheduler in force, or none. No goroutine may make an access
// meanwhile.
func Use(s Scheduler) { scheduler = s }

// InUse returns the scheduler in force, nil if there is none.
func InUse() Scheduler { return scheduler }

func step(kind Kind, at unsafe.Pointer) {
	if scheduler != nil {
		scheduler.Step(kind, at)
		return
	}
	yieldAtRandom()
}

// Reads marks that plain memory is about to be read.
func Reads[T any](at *T) { step(Read, unsafe.Pointer(at)) }

// Writes marks that plain memory is about to be written.
func Writes[T any](at *T) { step(Write, unsafe.Pointer(at)) }

// Yield marks that something else than memory is about to be read, like a clock:
// a Load of no word.
func Yield() { step(Load, nil) }

// Signals marks that somebody who may sleep at this memory is about to be woken.
func Signals[T any](at *T) { step(Swap, unsafe.Pointer(at)) }

// Await sleeps at some memory; see Scheduler. There must be a scheduler.
func Await[T any](at *T, ready func() bool, d time.Duration) bool {
	return scheduler.Await(unsafe.Pointer(at), ready, d)
}
