//go:build !linux && !explore

package ring

import "time"

// systemTimer is as in timer_linux.go; there is none.
type systemTimer struct{}

func newSystemTimer() *systemTimer     { return nil }
func (*systemTimer) arm(time.Duration) {}
func (*systemTimer) wait() bool        { return false }
func (*systemTimer) yield()            {}
func (*systemTimer) interrupt()        {}
func (*systemTimer) close()            {}
