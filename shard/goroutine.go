package shard

import (
	"bytes"
	"runtime"
	"strconv"
)

// Goroutine returns the number of the owner's goroutine, as stack traces have it; 0
// before it runs. It is safe for concurrent use.
func (s *Shard) Goroutine() uint64 { return s.pulse.goroutine.Load() }

// goroutineNumber returns the caller's. Go tells it in no other way; it is asked for
// once in a shard's life, for the report that the shard does not advance.
func goroutineNumber() uint64 {
	var buffer [64]byte
	_, line, _ := bytes.Cut(buffer[:runtime.Stack(buffer[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(line, []byte(" "))
	n, _ := strconv.ParseUint(string(digits), 10, 64)
	return n
}
