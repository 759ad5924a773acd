//go:build unix

package bench

import (
	"fmt"
	"syscall"
	"time"
)

// ProcessCPU returns the processor time that this process has used since it
// began. Safe for concurrent use.
func ProcessCPU() CPU {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(fmt.Sprintf("bench: getrusage of the own process: %v", err))
	}
	return CPU{User: time.Duration(usage.Utime.Nano()), System: time.Duration(usage.Stime.Nano())}
}
