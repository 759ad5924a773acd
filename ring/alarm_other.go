//go:build !linux || explore

package ring

import "time"

// alarm is as in alarm_linux.go, and does nothing.
type alarm struct{}

func newAlarm() *alarm           { return nil }
func (*alarm) set(time.Duration) {}
func (*alarm) close()            {}
