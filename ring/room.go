package ring

// A Room is where producers of a full ring sleep until there is room. Being
// admitted entitles to another try, not to a slot.
//
//	producer                          owner
//	room.Enter()                      ring.Drain(…)
//	ring the bell                     room.Admit(free slots)
//	room.Wait(…)
//	retry the push; if it is full,
//	    from the bell on again
//	room.Leave()
//
// Waiters are admitted in the order in which they came. Newcomers should leave as
// many slots free as producers wait, and may take the others: if all had to queue up
// behind the first, a few producers in a loop would each park for every value, as a
// room in which somebody waits would never empty. An owner whose room is not empty must
// not sleep for longer than a moment, so that a producer that entered just after Admit
// looked is admitted by the next one.
//
// Enter, Leave, Waiting and Wait are safe for concurrent use; Admit belongs to
// the owner goroutine.
type Room struct {
	// waiting publishes to the owner that producers are inside, and to
	// newcomers how many slots they should leave to them.
	waiting atomicInt64
	seats   seats
}

// NewRoom makes an empty room.
func NewRoom() *Room { return &Room{seats: newSeats()} }

// Enter announces a waiter.
func (r *Room) Enter() { r.waiting.Add(1) }

// Leave takes a waiter back, whether or not it was admitted.
func (r *Room) Leave() { r.waiting.Add(-1) }

// Waiting returns how many producers are inside.
func (r *Room) Waiting() int { return int(r.waiting.Load()) }

// Wait sleeps until the caller, who has entered, is admitted. It reports false if
// one of the channels was closed first; either may be nil.
func (r *Room) Wait(done, closed <-chan struct{}) (admitted bool) {
	return r.seats.wait(done, closed)
}

// Admit lets at most n waiters try again. It wakes only as many as there is
// room for: waking all of 300,000 for 8,192 slots is a stampede.
func (r *Room) Admit(n int) {
	for range min(int64(n), r.waiting.Load()) {
		if !r.seats.offer() {
			return // the rest has not come to wait yet
		}
	}
}
