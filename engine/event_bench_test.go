package engine_test

import (
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// BenchmarkWatching is what it costs to be watched: the whole job with three contenders
// a target, told by callback, without anybody who watches, with one who wants only
// conflicts, and with one who wants everything. With -cpu 1 it is all of the
// processor time, the reader's included.
func BenchmarkWatching(b *testing.B) {
	for _, watching := range []struct {
		name  string
		kinds []engine.EventKind
		off   bool
	}{
		{name: "nobody", off: true},
		{name: "failures", kinds: []engine.EventKind{engine.EventFailed}},
		{name: "conflicts", kinds: []engine.EventKind{engine.EventConflict}},
		{name: "all"},
	} {
		b.Run(watching.name, func(b *testing.B) {
			e, err := engine.New(engine.Config{Shards: 1, MaxStaged: 1 << 30, Window: 10 * time.Millisecond})
			if err != nil {
				b.Fatal(err)
			}
			defer e.Stop(background)
			if !watching.off {
				s := e.Subscribe(engine.Filter{Kinds: watching.kinds}, 1<<16)
				read := readAll(s)
				defer func() { s.Close(); b.ReportMetric(float64(<-read)/float64(b.N), "events/op") }()
				defer func() { b.ReportMetric(float64(s.Dropped())/float64(b.N), "dropped/op") }()
			}
			stageThrees(b, e)
		})
	}
}

// readAll reads a subscription to its end and says how many events there were.
func readAll(s *engine.Subscription) <-chan int {
	read := make(chan int, 1)
	go func() {
		n := 0
		for range s.All() {
			n++
		}
		read <- n
	}()
	return read
}

// stageThrees stages b.N operations, three on each of 10,000 targets at a time, and
// waits until all are decided.
func stageThrees(b *testing.B, e *engine.Engine) {
	targets := make([]uuid.UUID, 10_000)
	for i := range targets {
		targets[i] = target(i)
	}
	told := make(chan struct{})
	contenders := make([]countdown, b.N)
	left := int64(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range contenders {
		c := &contenders[i]
		c.To, c.left, c.told = c, &left, told
		if _, err := e.Stage(&engine.Bid{Target: targets[i/3%len(targets)], Priority: engine.Priority(i % 11), Ticket: &c.Ticket}); err != nil {
			b.Fatal(err)
		}
	}
	<-told
}

// countdown is a contender of one shard's, which counts those that are told.
type countdown struct {
	engine.Ticket
	left *int64 // the shard's goroutine
	told chan struct{}
}

func (c *countdown) Decided(*engine.Verdict) {
	if *c.left--; *c.left == 0 {
		close(c.told)
	}
}
