package bench

import "time"

// CPU is processor time, of all threads together.
type CPU struct {
	User   time.Duration
	System time.Duration
}

// Total returns the sum, which is more exact than its parts where the
// operating system estimates the split.
func (c CPU) Total() time.Duration { return c.User + c.System }

// Sub returns the time since an earlier reading.
func (c CPU) Sub(earlier CPU) CPU {
	return CPU{User: c.User - earlier.User, System: c.System - earlier.System}
}
