package bench

import (
	"context"
	"testing"
	"time"

	"example.com/contend/engine"
)

// BenchmarkWatched is what it costs to be watched when every event reaches who watches:
// the home scenario at a third of its rate, with nobody who watches and with somebody who
// wants everything, one after the other. An operation has 2 1/3 events: it is staged, it
// is started or rejected, and three have a conflict. That each was delivered is checked.
//
// Processor time is net of the generator, and the reader's included.
func BenchmarkWatched(b *testing.B) {
	for _, by := range []watchedBy{
		{name: "hooks", hooks: true},
		{name: "subscription", subscribed: true},
		{name: "everything", hooks: true, subscribed: true, pulled: true},
	} {
		b.Run(by.name, func(b *testing.B) {
			off, on := runWatched(b, watchedBy{}), runWatched(b, by)
			events := on.events() / on.readers()
			net := func(w *watchedBy) float64 { return float64(w.report.NetCPUPerOp().Nanoseconds()) }
			b.ReportMetric(net(off), "off-cpu-ns/op")
			b.ReportMetric(net(on), "on-cpu-ns/op")
			b.ReportMetric((net(on)-net(off))*float64(b.N)/events, "cpu-ns/event")
			b.ReportMetric(events/float64(b.N), "events/op")
			b.ReportMetric(0, "ns/op") // which the rate says
		})
	}
}

// watchedBy is a run, and who watches it.
type watchedBy struct {
	name                      string
	hooks, subscribed, pulled bool

	engine       *engine.Engine
	subscription *engine.Subscription
	hooked       int64 // events that the hooks were told; Stop waits for them
	read         chan int64
	subscribers  int64 // events that the subscriber was told
	report       *Report
}

// runWatched plays the home scenario and checks that every event was delivered.
func runWatched(b *testing.B, how watchedBy) *watchedBy {
	by := &how
	o := Options{
		Rung: Callback, Shards: 1, Net: true,
		Configure: by.configure, Started: by.started, Progress: by.progress, Every: 100 * time.Millisecond,
	}
	w := Workload{Rate: 100_000, Targets: 10_000, Skew: Threes, Operations: int64(b.N)}
	r, err := Run(context.Background(), w, o)
	if err != nil {
		b.Fatal(err)
	}
	by.report = r
	if by.subscribed {
		by.subscription.Close()
		by.subscribers = <-by.read
	}
	s := &r.Stats
	want := float64(s.Submitted+s.Conflicts+s.Won+s.Rejected) * by.readers()
	switch {
	case s.EventsDropped > 0:
		b.Skipf("%d events were dropped: the machine is too busy to tell", s.EventsDropped)
	case by.events() != want:
		b.Fatalf("%v of %v events were delivered, and none dropped", by.events(), want)
	}
	return by
}

// events returns how many events were delivered, to all readers.
func (by *watchedBy) events() float64 { return float64(by.hooked + by.subscribers) }

// readers returns how many there were.
func (by *watchedBy) readers() (n float64) {
	for _, reads := range []bool{by.hooks, by.subscribed} {
		if reads {
			n++
		}
	}
	return n
}

func (by *watchedBy) configure(c *engine.Config) {
	c.EventBuffer = 1 << 16 // the readers may be kept waiting for a quarter of a second
	if by.hooks {
		c.Hooks = engine.AllHooks(func(engine.Event) { by.hooked++ })
	}
	if by.pulled {
		c.Hottest = 64
	}
}

func (by *watchedBy) started(e *engine.Engine) {
	by.engine = e
	if !by.subscribed {
		return
	}
	by.subscription = e.Subscribe(engine.Filter{}, 1<<16)
	by.read = make(chan int64, 1)
	go func() {
		n := int64(0)
		for range by.subscription.All() {
			n++
		}
		by.read <- n
	}()
}

// progress takes the snapshots that a monitoring system would.
func (by *watchedBy) progress(Progress) {
	if by.pulled {
		by.engine.Metrics()
		by.engine.Health()
		by.engine.Hottest(10)
	}
}
