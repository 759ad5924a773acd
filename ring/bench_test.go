package ring

import (
	"runtime"
	"sync"
	"testing"
)

// job is as large as what a shard stages: with the ring's word, 40 bytes.
type job [4]uint64

// queue is what the ring is compared with: common parts with the same two
// operations, called through the same indirection.
type queue struct {
	name  string
	push  func(vs []job) (n int) // a prefix; 0 if full
	drain func(take func(*job)) (n int)
}

const benchSlots = 8192

func queues() []queue { return []queue{ringQueue(), channelQueue(), mutexQueue()} }

func ringQueue() queue {
	r := New[job](benchSlots)
	return queue{"ring",
		func(vs []job) int {
			if len(vs) == 1 {
				if _, err := r.Push(&vs[0]); err != nil {
					return 0
				}
				return 1
			}
			_, n, _ := r.PushAll(vs)
			return n
		},
		func(take func(*job)) int {
			before := r.Drained()
			r.Drain(r.Tail(), func(_ uint64, v *job) { take(v) })
			return int(r.Drained() - before)
		},
	}
}

func channelQueue() queue {
	c := make(chan job, benchSlots)
	var v job
	return queue{"channel",
		func(vs []job) int {
			for i := range vs {
				select {
				case c <- vs[i]:
				default:
					return i
				}
			}
			return len(vs)
		},
		func(take func(*job)) int {
			n := len(c)
			for range n {
				v = <-c
				take(&v)
			}
			return n
		},
	}
}

// mutexQueue swaps two slices, the fastest of the simple ways.
func mutexQueue() queue {
	var mu sync.Mutex
	in, out := make([]job, 0, benchSlots), make([]job, 0, benchSlots)
	return queue{"mutex",
		func(vs []job) int {
			mu.Lock()
			defer mu.Unlock()
			n := min(len(vs), benchSlots-len(in))
			in = append(in, vs[:n]...)
			return n
		},
		func(take func(*job)) int {
			mu.Lock()
			in, out = out[:0], in
			mu.Unlock()
			for i := range out {
				take(&out[i])
			}
			return len(out)
		},
	}
}

// BenchmarkSingle pushes and drains in turns on one goroutine: the price of
// the work without that of cache lines that travel.
func BenchmarkSingle(b *testing.B) {
	benchmarkTurns(b, 1)
}

// BenchmarkPushAll16 is BenchmarkSingle in batches of 16.
func BenchmarkPushAll16(b *testing.B) {
	benchmarkTurns(b, 16)
}

func benchmarkTurns(b *testing.B, size int) {
	for _, q := range queues() {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			batch := make([]job, size)
			sum := uint64(0)
			take := func(v *job) { sum += v[0] }
			for i := 0; i < b.N; {
				for pushed := 0; pushed < 1024 && i < b.N; pushed += size {
					i += q.push(batch)
				}
				q.drain(take)
			}
		})
	}
}

// BenchmarkParallel has GOMAXPROCS producers and one consumer; a full queue
// yields, which is the fairest of the waits that all three can do.
func BenchmarkParallel(b *testing.B) {
	benchmarkParallel(b, 1)
}

// BenchmarkParallelPushAll16 is BenchmarkParallel in batches of 16.
func BenchmarkParallelPushAll16(b *testing.B) {
	benchmarkParallel(b, 16)
}

func benchmarkParallel(b *testing.B, size int) {
	for _, q := range queues() {
		b.Run(q.name, func(b *testing.B) {
			b.ReportAllocs()
			stop := make(chan struct{})
			var consumer sync.WaitGroup
			consumer.Go(func() {
				sum := uint64(0)
				for {
					if q.drain(func(v *job) { sum += v[0] }) > 0 {
						continue
					}
					select {
					case <-stop:
						return
					default:
						runtime.Gosched()
					}
				}
			})
			b.RunParallel(func(pb *testing.PB) {
				batch := make([]job, size)
				full := 0
				for more := true; more; {
					for full = 0; full < size && pb.Next(); full++ {
					}
					more = full == size
					for rest := batch[:full]; len(rest) > 0; {
						n := q.push(rest)
						if rest = rest[n:]; n == 0 {
							runtime.Gosched()
						}
					}
				}
			})
			close(stop)
			consumer.Wait()
		})
	}
}
