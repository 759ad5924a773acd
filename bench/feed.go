package bench

import "sync"

// feed carries what producers and shards report to the verifier's goroutine.
// Reports are appended under a lock, a burst at a time, and never wait: what
// the verifier cannot keep up with is kept, and backlog tells producers that
// run flat out to slow down.
type feed struct {
	verifier *Verifier

	mu       sync.Mutex
	accepted []staged
	told     []told
	decided  []*decided
	progress []int64 // per producer: everything that returned before is reported
	closed   bool
	backlog  int // operations reported and not verified

	wake chan struct{} // of size 1
	done chan struct{} // closed when all was verified
}

func newFeed(v *Verifier, producers int) *feed {
	f := &feed{
		verifier: v,
		progress: make([]int64, producers),
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	go f.run()
	return f
}

// reportAccepted hands over what a producer had accepted, and how far it is.
func (f *feed) reportAccepted(producer int, ops []staged, outcomes []told, until int64) {
	f.mu.Lock()
	f.accepted = append(f.accepted, ops...)
	f.told = append(f.told, outcomes...)
	f.progress[producer] = until
	f.backlog += len(ops)
	f.mu.Unlock()
	f.signal()
}

// reportDecided hands over what a shard decided and told.
func (f *feed) reportDecided(decisions []*decided, outcomes []told) {
	f.mu.Lock()
	f.decided = append(f.decided, decisions...)
	f.told = append(f.told, outcomes...)
	f.mu.Unlock()
	f.signal()
}

// behind reports whether more operations wait for the verifier than n.
func (f *feed) behind(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.backlog > n
}

func (f *feed) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// close waits until everything reported is verified and returns the result.
func (f *feed) close() Verified {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.signal()
	<-f.done
	return f.verifier.finish()
}

func (f *feed) run() {
	defer close(f.done)
	var waiting []*decided
	for range f.wake {
		f.mu.Lock()
		accepted, outcomes := f.accepted, f.told
		waiting = append(waiting, f.decided...)
		f.accepted, f.told, f.decided = nil, nil, nil
		f.backlog -= len(accepted)
		until, closed := least(f.progress), f.closed
		f.mu.Unlock()

		for _, s := range accepted {
			f.verifier.accept(s)
		}
		for _, o := range outcomes {
			f.verifier.tell(o)
		}
		waiting = f.decide(waiting, until, closed)
		if closed {
			return
		}
	}
}

// decide checks the decisions whose operations are all known, and returns the
// rest in order. At the end it checks all.
func (f *feed) decide(waiting []*decided, until int64, all bool) []*decided {
	left := waiting[:0]
	for _, d := range waiting {
		ready := d.settled <= until
		if !f.verifier.ordered {
			ready = f.verifier.known(d)
		}
		if ready || all {
			f.verifier.decide(d)
		} else {
			left = append(left, d)
		}
	}
	clear(waiting[len(left):])
	return left
}

func least(values []int64) int64 {
	n := values[0]
	for _, v := range values {
		n = min(n, v)
	}
	return n
}
