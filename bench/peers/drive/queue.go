package drive

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/contend/ring"
	"github.com/puzpuzpuz/xsync/v4"
)

// item is as large as what contend passes through its ring.
type item [4]uint64

// queue is a building block: from many producers to one consumer.
type queue interface {
	// put appends a value; it waits if there is no room.
	put(v *item)
	// take calls f, always the same, with the values that are there, and reports
	// whether there was one. It may wait.
	take(f func(v *item)) bool
}

// queueRooms is the capacity of those that have one.
const queueRooms = 8192

// Queues are the names of the building blocks.
var Queues = []string{"ring", "channel", "mutex-swap", "xsync-mpmc", "xsync-umpsc", "xsync-spsc"}

// newQueue makes one by name. Where nothing else is said, who finds no room, or
// nothing, lets other goroutines run and tries again.
func newQueue(name string) (queue, error) {
	switch name {
	case "ring":
		return &ringQueue{ring: ring.New[item](queueRooms)}, nil
	case "channel":
		return &channelQueue{items: make(chan item, queueRooms)}, nil
	case "mutex-swap":
		return &swapQueue{}, nil
	case "xsync-mpmc":
		return &tryQueue{queue: xsync.NewMPMCQueue[item](queueRooms)}, nil
	case "xsync-umpsc":
		return &unboundedQueue{queue: xsync.NewUMPSCQueue[item]()}, nil
	case "xsync-spsc":
		return &tryQueue{queue: xsync.NewSPSCQueue[item](queueRooms)}, nil
	}
	return nil, fmt.Errorf("drive: there is no queue %q", name)
}

// ringQueue is contend's ring.
type ringQueue struct {
	ring *ring.Ring[item]
	f    func(position uint64, v *item) // the consumer's; made once
}

func (q *ringQueue) put(v *item) {
	for {
		if _, err := q.ring.Push(v); err == nil {
			return
		}
		runtime.Gosched()
	}
}

func (q *ringQueue) take(f func(v *item)) bool {
	before := q.ring.Drained()
	if q.f == nil {
		q.f = func(_ uint64, v *item) { f(v) }
	}
	q.ring.Drain(q.ring.Tail(), q.f)
	return q.ring.Drained() != before
}

// channelQueue is a buffered channel. It parks both sides.
type channelQueue struct {
	items chan item
	one   item // the consumer's: a variable of take's would be on the heap
}

func (q *channelQueue) put(v *item) { q.items <- *v }

func (q *channelQueue) take(f func(v *item)) bool {
	for left := 1; left > 0; {
		q.one = <-q.items
		f(&q.one)
		if left--; left == 0 {
			left = len(q.items)
		}
	}
	return true
}

// swapQueue is a slice under a mutex, which the consumer takes whole and gives back
// empty.
type swapQueue struct {
	mu      sync.Mutex
	filling []item
	taken   []item // the consumer's
}

func (q *swapQueue) put(v *item) {
	for {
		q.mu.Lock()
		if len(q.filling) < queueRooms {
			q.filling = append(q.filling, *v)
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		runtime.Gosched()
	}
}

func (q *swapQueue) take(f func(v *item)) bool {
	q.mu.Lock()
	q.filling, q.taken = q.taken[:0], q.filling
	q.mu.Unlock()
	for i := range q.taken {
		f(&q.taken[i])
	}
	return len(q.taken) > 0
}

// tryQueue is a bounded queue of xsync's.
type tryQueue struct {
	queue interface {
		TryEnqueue(item) bool
		TryDequeue() (item, bool)
	}
	one item // the consumer's
}

func (q *tryQueue) put(v *item) {
	for !q.queue.TryEnqueue(*v) {
		runtime.Gosched()
	}
}

func (q *tryQueue) take(f func(v *item)) (some bool) {
	ok := false
	for q.one, ok = q.queue.TryDequeue(); ok; q.one, ok = q.queue.TryDequeue() {
		f(&q.one)
		some = true
	}
	return some
}

// unboundedQueue is xsync's linked queue of segments, whose Dequeue waits. It is
// bounded here, with a count that the consumer keeps, so that it does the same job.
type unboundedQueue struct {
	queue *xsync.UMPSCQueue[item]
	puts  atomic.Int64
	_     [56]byte
	taken atomic.Int64
	one   item // the consumer's
}

func (q *unboundedQueue) put(v *item) {
	for q.puts.Load()-q.taken.Load() >= queueRooms {
		runtime.Gosched()
	}
	q.puts.Add(1)
	q.queue.Enqueue(*v)
}

func (q *unboundedQueue) take(f func(v *item)) bool {
	taken := q.taken.Load()
	n := q.puts.Load() - taken
	for range n {
		q.one = q.queue.Dequeue()
		f(&q.one)
	}
	q.taken.Store(taken + n)
	return n > 0
}

// measureQueue passes values from spec.Producers goroutines to one.
func measureQueue(s Spec) (*Result, error) {
	q, err := newQueue(s.By)
	if err != nil {
		return nil, err
	}
	if s.By == "xsync-spsc" && s.Producers > 1 {
		return nil, fmt.Errorf("drive: %s has one producer", s.By)
	}
	runtime.GC()
	m := startMeter()
	counts, sums := produceItems(q, s)
	var sum uint64
	result := &Result{}
	ended := 0
	receive := func(v *item) {
		if v[3] != 0 { // the last of its producer
			ended++
			return
		}
		sum += v[0]
		result.Operations++
	}
	for ended < s.Producers {
		if !q.take(receive) {
			runtime.Gosched()
		}
	}
	m.stop(result, 0, 0)
	if n, want := counts.Load(), sums.Load(); n != result.Operations || want != sum {
		result.fault("%d values with the sum %d were put, %d with %d taken", n, want, result.Operations, sum)
	}
	return result, nil
}

// produceItems starts the producers. The counts are complete when each one's last
// value was taken.
func produceItems(q queue, s Spec) (count *atomic.Int64, sum *atomic.Uint64) {
	count, sum = new(atomic.Int64), new(atomic.Uint64)
	start := time.Now()
	for p := range s.Producers {
		go func() {
			var v item
			n, total := int64(0), uint64(0)
			for n == 0 || time.Since(start) < s.Duration {
				for range flatOutBurst {
					v[0] = v[0]*6364136223846793005 + uint64(p) + 1442695040888963407
					total += v[0]
					q.put(&v)
				}
				n += flatOutBurst
			}
			count.Add(n)
			sum.Add(total)
			v[3] = 1
			q.put(&v)
		}()
	}
	return count, sum
}
