//go:build !linux && !explore

package ring

import "time"

// systemTimer is as in timer_linux.go; there is none.
type systemTimer struct{}

func newSystemTimer() *systemTimer           { return nil }
func (*systemTimer) wait(time.Duration) bool { return false }
func (*systemTimer) interrupt()              {}
func (*systemTimer) clear() error            { return nil }
func (*systemTimer) close()                  {}
