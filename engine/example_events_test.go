package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// A conflict of two, for the examples: the second one wins. Windows of the examples close
// with it, however long they would last.
func contend(e *engine.Engine) {
	door := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	nothing := func(context.Context) (int, error) { return 0, nil }
	push, _ := engine.Submit(context.Background(), e, engine.Op{Target: door, Name: "push", Priority: engine.Low}, nothing)
	lock, _ := engine.Submit(context.Background(), e, engine.Op{Target: door, Name: "lock", Priority: engine.High}, nothing)
	<-push.Done()
	<-lock.Done()
}

// Hooks are called away from where decisions are made, in order for each operation.
func ExampleHooks() {
	e, err := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}, Hooks: engine.Hooks{
		Conflict:  func(ev engine.Event) { fmt.Println(ev.Contenders, "contended,", ev.Name, "won") },
		Rejected:  func(ev engine.Event) { fmt.Println(ev.Name, ev.Reason()) },
		Completed: func(ev engine.Event) { fmt.Println(ev.Name, "is done") },
	}})
	if err != nil {
		panic(err)
	}
	contend(e)
	e.Stop(context.Background()) // waits for hooks, too
	// Output:
	// 2 contended, lock won
	// push lost pre-ECS priority conflict (priority 2 vs winner 8)
	// lock is done
}

// Decisions are logged at level Info, failures above, everything else below.
func ExampleLogHooks() {
	withoutIDs := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return slog.Attr{} // the winner's
		}
		switch a.Key {
		case "level", "msg", "name", "contenders":
			return a
		}
		return slog.Attr{}
	}
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: withoutIDs}))
	e, err := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}, Hooks: engine.LogHooks(logger)})
	if err != nil {
		panic(err)
	}
	contend(e)
	e.Stop(context.Background())
	// Output:
	// level=INFO msg="contend: conflict" name=lock contenders=2
	// level=INFO msg="contend: started" name=lock contenders=2
	// level=INFO msg="contend: completed" name=lock contenders=2
}

// A subscription collects events for whoever ranges over it.
func ExampleEngine_Subscribe() {
	e, err := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	if err != nil {
		panic(err)
	}
	decisions := e.Subscribe(engine.Filter{
		Kinds: []engine.EventKind{engine.EventStarted, engine.EventRejected},
	}, 100)
	contend(e)
	e.Stop(context.Background())
	decisions.Close() // else All waits for more
	for ev := range decisions.All() {
		fmt.Println(ev.Kind, ev.Name)
	}
	fmt.Println("dropped:", decisions.Dropped())
	// Output:
	// rejected push
	// started lock
	// dropped: 0
}

// Metrics are pulled; the difference of two snapshots is what happened in between.
func ExampleEngine_Metrics() {
	e, err := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	if err != nil {
		panic(err)
	}
	defer e.Stop(context.Background())
	contend(e)
	before := e.Metrics()
	contend(e)
	since := e.Metrics().Sub(before)
	fmt.Println("conflicts:", since.Conflicts)
	fmt.Println("operations per group:", since.Utilisation.Mean())
	for b := range since.Utilisation.Buckets() {
		fmt.Printf("above %.2f, up to %.2f: %d\n", b.Lower, b.Upper, b.Count)
	}
	fmt.Println("decided before the window's hour was over:", since.Resolution.Quantile(1) < time.Hour.Seconds())
	// Output:
	// conflicts: 1
	// operations per group: 2
	// above 1.68, up to 2.00: 1
	// decided before the window's hour was over: true
}
