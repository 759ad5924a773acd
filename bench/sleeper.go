package bench

import (
	"time"

	"example.com/contend/ring"
)

// Sleeper sleeps to within some 0.1 ms where the shards do. Go's own timers come up to a
// millisecond late when the process has nothing else to do, since its poller counts in
// milliseconds: of a generator of load that would be half of the lateness measured. It
// is a bell that nobody rings. Not safe for concurrent use.
type Sleeper struct{ bell *ring.Bell }

// NewSleeper makes a sleeper, which must be closed.
func NewSleeper() *Sleeper { return &Sleeper{ring.NewBell()} }

// Sleep sleeps for some time.
func (s *Sleeper) Sleep(d time.Duration) {
	end := time.Now().Add(d)
	for left := d; left > 0; left = time.Until(end) {
		s.bell.WaitFor(left) // which may wake for nothing
	}
}

// Close gives back what the system gave.
func (s *Sleeper) Close() { s.bell.Close() }
