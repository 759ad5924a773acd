package engine

import (
	"maps"
	"reflect"
	"runtime"
	"sync"
	"sync/atomic"

	"example.com/contend/shard"
)

// frame is one of the functions by whose frames a caller is found to be inside of
// a winner's function or on a shard's goroutine. Go has no other way to know, for
// the user's code may be anything in between.
type frame uint8

const (
	executeFrame frame = 1 + iota
	registerFrame
	journalFrame
	ownerFrame
	hookFrame
)

var frames = map[string]frame{
	reflect.TypeFor[Engine]().PkgPath() + ".(*Engine).execute":    executeFrame,
	reflect.TypeFor[Engine]().PkgPath() + ".(*Engine).register":   registerFrame,
	reflect.TypeFor[Engine]().PkgPath() + ".(*Engine).unregister": registerFrame,
	reflect.TypeFor[Engine]().PkgPath() + ".(*journal).drain":     journalFrame,
	reflect.TypeFor[Engine]().PkgPath() + ".(*stream).callHooks":  hookFrame,
	reflect.TypeFor[shard.Shard]().PkgPath() + ".(*Shard).Run":    ownerFrame,
}

// insideWinner reports whether the caller is in the function of a winner, or in
// the registry that a winner is being told to.
func insideWinner() bool { return framesOf(executeFrame, registerFrame) > 0 }

// onShard reports whether the caller runs on a shard's goroutine.
func onShard() bool { return framesOf(ownerFrame, journalFrame) > 0 }

// framesOf counts the frames of functions on the caller's stack.
func framesOf(functions ...frame) (n int) {
	var pcs [32]uintptr
	for skip := 2; ; skip += len(pcs) {
		got := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:got] {
			at := frameAt(pc)
			for _, f := range functions {
				if f == at {
					n++
				}
			}
		}
		if got < len(pcs) {
			return n
		}
	}
}

// known are the frames of all calls that were ever looked at: as many as there are
// calls in the program. Looking up a function's name costs a microsecond, and
// submissions to a full ring want to know.
//
// It publishes a map that is not changed any more.
var known atomic.Pointer[map[uintptr]frame]

var knowing sync.Mutex // who replaces it

// frameAt returns the function that a stack's entry belongs to, 0 if it is none of
// those.
func frameAt(pc uintptr) frame {
	if all := known.Load(); all != nil {
		if f, ok := (*all)[pc]; ok {
			return f
		}
	}
	found := frame(0)
	for entries := runtime.CallersFrames([]uintptr{pc}); ; {
		entry, more := entries.Next()
		if f, ok := frames[entry.Function]; ok {
			found = f
		}
		if !more {
			break
		}
	}
	knowing.Lock()
	defer knowing.Unlock()
	all := map[uintptr]frame{pc: found}
	if old := known.Load(); old != nil {
		maps.Copy(all, *old)
	}
	known.Store(&all)
	return found
}
