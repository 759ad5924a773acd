//go:build unix

package drive

import "syscall"

// switches returns how often threads of this process have gone to sleep by
// themselves, so how often they were woken.
func switches() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the own process is always there
	}
	return int64(usage.Nvcsw)
}
