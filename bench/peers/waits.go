package peers

import (
	"sync"

	"example.com/contend/bench"
	"github.com/google/uuid"
)

// Waits decides nothing: every operation is told that it has won when a window has
// passed. It is for measuring what waiting costs by itself: a list for each millisecond
// under one lock, and one goroutine that tells what is due.
type Waits struct {
	mu    sync.Mutex
	lists []list // by the millisecond in which they were submitted; a ring
	at    int    // of the present millisecond
	over  bool

	ended chan struct{}
}

// list is operations in order.
type list struct{ first, last *Op }

// NewWaits returns a contestant that waits for a window.
func NewWaits(c Config) *Waits {
	w := &Waits{lists: make([]list, c.Window/bench.Burst+2), ended: make(chan struct{})}
	go w.run()
	return w
}

// Submit has the operation told later.
func (w *Waits) Submit(_ uuid.UUID, priority int32, op *Op) {
	op.priority, op.next = priority, nil
	w.mu.Lock()
	defer w.mu.Unlock()
	l := &w.lists[w.at]
	if l.last == nil {
		l.first = op
	} else {
		l.last.next = op
	}
	l.last = op
}

func (w *Waits) run() {
	defer close(w.ended)
	sleeper := bench.NewSleeper()
	defer sleeper.Close()
	for left := len(w.lists); left > 0; {
		sleeper.Sleep(bench.Burst)
		due, over := w.turn()
		if over {
			left--
		}
		for op := due; op != nil; {
			next := op.next // the submitter's again when it is told
			op.tell(Verdict{Won: true, WinnerPriority: op.priority, Contenders: 1})
			op = next
		}
	}
}

// turn goes on to the next millisecond and returns what was submitted a window ago.
func (w *Waits) turn() (due *Op, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = (w.at + 1) % len(w.lists)
	l := &w.lists[w.at]
	due, *l = l.first, list{}
	return due, w.over
}

// Close returns when everything was told.
func (w *Waits) Close() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	<-w.ended
}
