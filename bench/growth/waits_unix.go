//go:build unix

package main

import (
	"fmt"
	"syscall"
)

// threadWaits returns how often a thread of this process has given up its processor
// of its own will, to be woken later.
func threadWaits() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(fmt.Sprintf("getrusage of the own process: %v", err))
	}
	return int64(usage.Nvcsw)
}
