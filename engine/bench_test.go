package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// Each benchmark aims at random ones of 10,000 targets. For figures that can
// be compared with other machines, modes and peers see package bench.

const benchTargets = 10_000

func benchTarget(i uint64) uuid.UUID { return randomTargets[i*0x9e3779b97f4a7c15>>32%benchTargets] }

var randomTargets = func() (all [benchTargets]uuid.UUID) {
	for i := range all {
		all[i] = target(i)
	}
	return all
}()

func newBenchEngine(b *testing.B, config engine.Config) *engine.Engine {
	b.Helper()
	config.Window = max(config.Window, 10*time.Millisecond)
	config.MaxStaged = 1 << 30
	e, err := engine.New(config)
	if err != nil {
		b.Fatal(err)
	}
	e.Start()
	return e
}

func mustStop(b *testing.B, e *engine.Engine) {
	b.Helper()
	if err := e.Stop(background); err != nil {
		b.Fatal(err)
	}
}

// benchTicket is an operation with caller memory that is written when told.
type benchTicket struct {
	engine.Ticket
	outcome uint8
}

func (t *benchTicket) Decided(v *engine.Verdict) { t.outcome = uint8(v.Outcome) }

func benchTickets(n int) []benchTicket {
	all := make([]benchTicket, n)
	for i := range all {
		all[i].To = &all[i]
	}
	return all
}

// BenchmarkStageAccept measures the submitter's side alone: in bursts that fit
// into the ring, which are decided while the clock stands.
func BenchmarkStageAccept(b *testing.B) {
	const burst = 1 << 16
	e := newBenchEngine(b, engine.Config{Shards: 1, RingSize: 2 * burst, Window: time.Millisecond})
	tickets := benchTickets(burst)
	b.ReportAllocs()
	for left := b.N; left > 0; left -= burst {
		for i := range min(left, burst) {
			if _, err := e.Stage(&engine.Bid{Target: benchTarget(uint64(i)), Ticket: &tickets[i].Ticket}); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		for e.Stats().Staged > 0 {
			runtime.Gosched()
		}
		b.StartTimer()
	}
	b.StopTimer()
	mustStop(b, e)
}

// BenchmarkStage measures the whole job, until the last verdict.
func BenchmarkStage(b *testing.B) {
	e := newBenchEngine(b, engine.Config{Shards: 1})
	tickets := benchTickets(b.N)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range tickets {
		if _, err := e.Stage(&engine.Bid{Target: benchTarget(uint64(i)), Ticket: &tickets[i].Ticket}); err != nil {
			b.Fatal(err)
		}
	}
	mustStop(b, e)
}

// BenchmarkBatch measures the whole job with tags and group verdicts.
func BenchmarkBatch(b *testing.B) {
	decided := 0
	e := newBenchEngine(b, engine.Config{Shards: 1, Decided: func(batch []engine.Decision) {
		for i := range batch {
			decided += batch[i].Contenders
		}
	}})
	batch := e.NewBatch(16)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if err := batch.Add(&engine.Bid{Target: benchTarget(uint64(i)), Tag: uint64(i)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Flush(); err != nil {
		b.Fatal(err)
	}
	mustStop(b, e)
	if decided != b.N {
		b.Fatalf("%d of %d decided", decided, b.N)
	}
}

// BenchmarkSubmit measures the whole job with a handle each: with a context that does not
// end, with one that all operations have, and with one for each.
func BenchmarkSubmit(b *testing.B) {
	common, cancel := context.WithCancel(background)
	defer cancel()
	for _, c := range []struct {
		name    string
		context func() (context.Context, context.CancelFunc)
	}{
		{"background", func() (context.Context, context.CancelFunc) { return background, func() {} }},
		{"common", func() (context.Context, context.CancelFunc) { return common, func() {} }},
		{"own", func() (context.Context, context.CancelFunc) { return context.WithCancel(background) }},
	} {
		b.Run("context="+c.name, func(b *testing.B) { benchmarkSubmit(b, c.context) })
		b.Run("context="+c.name+"/waits=100000", func(b *testing.B) { benchmarkSubmitAndWait(b, c.context) })
	}
}

// benchmarkSubmitAndWait has 100,000 operations under way, about a third of which win,
// and waits for the oldest before it submits another.
func benchmarkSubmitAndWait(b *testing.B, contextOf func() (context.Context, context.CancelFunc)) {
	e := newBenchEngine(b, engine.Config{Registry: engine.Discard, Window: 100 * time.Millisecond})
	type call struct {
		handle *engine.Handle[int]
		cancel context.CancelFunc
	}
	calls := make([]call, 100_000)
	fn := answer(1)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		c := &calls[i%len(calls)]
		if c.handle != nil {
			c.handle.Wait(background)
			c.cancel()
		}
		var ctx context.Context
		var err error
		ctx, c.cancel = contextOf()
		if c.handle, err = engine.Submit(ctx, e, engine.Op{Target: benchTarget(uint64(i / 3))}, fn); err != nil {
			b.Fatal(err)
		}
	}
	mustStop(b, e)
}

func benchmarkSubmit(b *testing.B, contextOf func() (context.Context, context.CancelFunc)) {
	e := newBenchEngine(b, engine.Config{Registry: engine.Discard})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		ctx, cancel := contextOf()
		fn := func(context.Context) (int, error) { cancel(); return 1, nil } // all win
		if _, err := engine.Submit(ctx, e, engine.Op{Target: benchTarget(uint64(i))}, fn); err != nil {
			b.Fatal(err)
		}
	}
	mustStop(b, e)
}

// BenchmarkDo has many goroutines that call Do in turns.
func BenchmarkDo(b *testing.B) {
	for _, waiters := range []int{10_000, 30_000, 300_000} {
		b.Run(fmt.Sprintf("waiters=%d", waiters), func(b *testing.B) { benchmarkDo(b, waiters) })
	}
}

func benchmarkDo(b *testing.B, waiters int) {
	e := newBenchEngine(b, engine.Config{Registry: engine.Discard})
	fn := answer(1)
	var next atomic.Uint64
	b.SetParallelism(waiters / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			engine.Do(background, e, engine.Op{Target: benchTarget(next.Add(1))}, fn)
		}
	})
	b.StopTimer()
	mustStop(b, e)
}
