package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// Several who watch share the hooks; each is called in order.
func ExampleTeeHooks() {
	audit := engine.Hooks{Rejected: func(ev engine.Event) { fmt.Println("audit:", ev.Name, "lost to", ev.Winner.Name) }}
	bill := engine.Hooks{Completed: func(ev engine.Event) { fmt.Println("bill:", ev.Name) }}
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}, Hooks: engine.TeeHooks(audit, bill)})
	contend(e)
	e.Stop(context.Background())
	// Output:
	// audit: push lost to lock
	// bill: lock
}

// Of one in four operations all events are passed on.
func ExampleSampleHooks() {
	seen := map[engine.OpID]int{}
	every := engine.AllHooks(func(ev engine.Event) { seen[ev.Op]++ })
	e, _ := engine.New(engine.Config{Window: time.Millisecond, Shards: 1, Hooks: engine.SampleHooks(4, every)})
	for range 8 {
		engine.Submit(context.Background(), e, engine.Op{Target: uuid.New()}, func(context.Context) (int, error) { return 0, nil })
	}
	e.Stop(context.Background()) // waits for hooks, too
	for _, events := range seen {
		fmt.Println(events, "events: staged, started, completed")
	}
	// Output:
	// 3 events: staged, started, completed
	// 3 events: staged, started, completed
}

// Who only wants to show some events misses most of many, and that is no loss to be
// alarmed about.
func ExampleFilter_sample() {
	e, _ := engine.New(engine.Config{Window: time.Millisecond, Shards: 1})
	some := e.Subscribe(engine.Filter{Kinds: []engine.EventKind{engine.EventStaged}, Sample: true}, 2)
	for range 100 {
		engine.Submit(context.Background(), e, engine.Op{Target: uuid.New()}, func(context.Context) (int, error) { return 0, nil })
	}
	e.Stop(context.Background())
	some.Close()
	for ev := range some.All() {
		fmt.Println(ev.Kind)
	}
	fmt.Println("missed", some.Dropped(), "lost", e.Stats().EventsDropped)
	// Output:
	// staged
	// staged
	// missed 98 lost 0
}

// What came between two moments; a line of it says the rest.
func ExampleStats_Sub() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())
	contend(e)
	before := e.Stats()
	contend(e)
	contend(e)
	since := e.Stats().Sub(before)
	fmt.Println("submitted", since.Submitted, "won", since.Won, "rejected", since.Rejected)
	// Output: submitted 4 won 2 rejected 2
}

// For expvar: expvar.Publish("contend", e.Var()).
func ExampleEngine_Var() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())
	contend(e)
	var shown struct {
		Conflicts   int
		Utilisation struct{ Count, Sum int }
	}
	if err := json.Unmarshal([]byte(e.Var().String()), &shown); err != nil {
		panic(err)
	}
	fmt.Println(shown.Conflicts, "conflict of", shown.Utilisation.Sum, "operations")
	// Output: 1 conflict of 2 operations
}

// Restart lets windows close and winners end, and begins anew; the counts go on.
func ExampleEngine_Restart() {
	e, _ := engine.New(engine.Config{Window: time.Millisecond})
	ctx := context.Background()
	defer e.Stop(ctx)
	h, _ := engine.Submit(ctx, e, engine.Op{Target: uuid.New()}, func(context.Context) (string, error) { return "before", nil })
	if err := e.Restart(ctx); err != nil {
		panic(err)
	}
	fmt.Println(h.Wait(ctx))
	fmt.Println(engine.Do(ctx, e, engine.Op{Target: uuid.New()}, func(context.Context) (string, error) { return "after", nil }))
	fmt.Println(e.Stats().Completed, "completed")
	// Output:
	// before <nil>
	// after <nil>
	// 2 completed
}

// At most one winner executes at a time; the others wait for it, and their shards do not.
func ExampleBounded() {
	e, _ := engine.New(engine.Config{Window: time.Millisecond, Executor: engine.Bounded(1)})
	running, most := 0, 0
	for range 10 {
		engine.Submit(context.Background(), e, engine.Op{Target: uuid.New()}, func(context.Context) (int, error) {
			running++ // no lock: there is one at a time
			most = max(most, running)
			running--
			return 0, nil
		})
	}
	e.Stop(context.Background())
	fmt.Println(e.Stats().Completed, "completed,", most, "at a time")
	// Output: 10 completed, 1 at a time
}
