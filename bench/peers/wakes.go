package peers

import (
	"runtime"
	"sort"
	"time"

	"example.com/contend/ring"
	"github.com/google/uuid"
)

// Wakes decides nothing: every operation is told that it has won, in its own memory, when
// a window has passed since it was submitted. It is for measuring what it costs, and how
// late one is, only to take operations from one goroutine to another and to wake in time
// to tell them: a ring of operations that Submit dates, and one goroutine, which sleeps as
// contend's do: once for all deadlines that a millisecond holds, right behind the last.
//
// A slice under a mutex in the place of the ring, which the goroutine swaps for an empty
// one, cost as much within noise in twelve pairs of runs, and was later at the 99th
// percentile in nine of them: the goroutine wakes just when the next burst is submitted.
//
// It calls Decided for each operation, three times as often as who knows groups of three:
// where one in eight is sampled, that is less than 10 ns of what it costs.
type Wakes struct {
	decided func(first *Op, contenders int)
	window  int64
	clock   clock
	ring    *ring.Ring[dated]
	bell    *ring.Bell
	ended   chan struct{}

	// What follows is the goroutine's.
	take  func(first uint64, run ring.Run[dated]) // enqueues; made once
	queue []dated                                 // in the order of the ring
	at    int                                     // in the queue: those before it were told
}

// dated is an operation and when its window has passed.
type dated struct {
	op  *Op
	due int64
}

// NewWakes returns a contestant that wakes in time.
func NewWakes(c Config) *Wakes {
	w := &Wakes{
		decided: c.Decided, window: int64(c.Window), clock: newClock(),
		ring: ring.New[dated](wakesRooms), bell: ring.NewBell(), ended: make(chan struct{}),
	}
	w.take = func(_ uint64, run ring.Run[dated]) {
		for i := range run.Len() {
			w.queue = append(w.queue, *run.At(i))
		}
	}
	go w.run()
	return w
}

// wakesRooms is as many as contend's ring has.
const wakesRooms = 8192

// Submit has the operation told later.
func (w *Wakes) Submit(_ uuid.UUID, priority int32, op *Op) {
	op.priority = priority
	d := dated{op, w.clock.now() + w.window}
	position, err := w.ring.Push(&d)
	for err == ring.ErrFull {
		w.bell.Ring()
		runtime.Gosched()
		position, err = w.ring.Push(&d)
	}
	w.bell.Publish(ring.Unstamped)
	if w.ring.PassesHalf(position, 1) {
		w.bell.Ring()
	}
}

func (w *Wakes) run() {
	defer close(w.ended)
	defer w.bell.Close()
	for {
		closed := w.ring.Closed() // before the drain: there is nothing new then
		w.trim()
		whole := w.ring.DrainRuns(w.ring.Tail(), w.take)
		now := w.clock.now()
		w.tell(now)
		switch {
		case w.at < len(w.queue):
			w.sleepUntil(w.next(now))
		case closed && whole:
			return
		default:
			w.park()
		}
	}
}

// trim moves the queue to the front where half of it was told.
func (w *Wakes) trim() {
	if 2*w.at >= len(w.queue) {
		w.queue = append(w.queue[:0], w.queue[w.at:]...)
		w.at = 0
	}
}

// tell tells what is due.
func (w *Wakes) tell(now int64) {
	for ; w.at < len(w.queue) && w.queue[w.at].due <= now; w.at++ {
		op := w.queue[w.at].op
		if w.decided != nil {
			w.decided(op, 1)
		}
		op.tell(Verdict{Won: true, WinnerPriority: op.priority, Contenders: 1})
	}
}

// next returns when to wake: behind the deadlines that come with the first, as a busy
// owner of contend's does.
func (w *Wakes) next(looked int64) int64 {
	queue := w.queue[w.at:]
	limit := max(looked+int64(coarse), queue[0].due+int64(coarse)/2)
	behind := sort.Search(len(queue), func(i int) bool { return queue[i].due > limit })
	return queue[behind-1].due
}

func (w *Wakes) sleepUntil(at int64) {
	if d := at - w.clock.now(); d > 0 {
		w.bell.WaitFor(time.Duration(d)) // or until the ring is half full
	}
}

// park sleeps until something is submitted, or the contestant closes.
func (w *Wakes) park() {
	w.bell.Arm(ring.Anything)
	if !w.ring.Ready() {
		w.bell.Wait()
	}
	w.bell.Disarm()
}

// Close returns when everything was told.
func (w *Wakes) Close() {
	w.ring.Close()
	w.bell.Ring()
	<-w.ended
}
