package peers

import "time"

// clock is a monotonic clock; its times are nanoseconds since it was made.
type clock struct{ epoch time.Time }

func newClock() clock { return clock{time.Now()} }

func (c clock) now() int64 { return int64(time.Since(c.epoch)) }

// coarse is the grain of deadlines for those who sleep until the next one: without
// one, groups that open a microsecond apart would cost a wake-up each.
const coarse = time.Millisecond
