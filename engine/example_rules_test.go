package engine_test

import (
	"context"
	"fmt"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// done is a function that has nothing to do.
func done(context.Context) (string, error) { return "done", nil }

// The command with the earliest deadline goes to the device first, whatever its
// priority: here, when all three are there.
func ExampleRules_policy() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Policy: engine.EarliestDeadline, Size: 3}})
	ctx, valve, now := context.Background(), uuid.New(), time.Now()
	defer e.Stop(ctx)

	for _, op := range []engine.Op{
		{Name: "calibrate", Deadline: now.Add(time.Hour), Priority: engine.High},
		{Name: "close", Deadline: now.Add(time.Second)},
		{Name: "report", Priority: engine.Critical}, // at any time
	} {
		op.Target = valve
		engine.Submit(ctx, e, op, func(context.Context) (int, error) {
			return fmt.Println(op.Name, "is first")
		})
	}
	// Output: close is first
}

// Whoever stands nearest picks the sword up. Op.Value is for the user's own
// policy.
func ExampleRules_order() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{
		Size:  3,
		Order: func(a, b engine.Standing) bool { return a.Value().(float64) < b.Value().(float64) },
	}})
	ctx, sword := context.Background(), uuid.New()
	defer e.Stop(ctx)

	for name, metres := range map[string]float64{"knight": 2.5, "archer": 11, "thief": 0.5} {
		engine.Submit(ctx, e, engine.Op{Target: sword, Name: name, Value: metres}, func(context.Context) (int, error) {
			return fmt.Println(name, "takes the sword")
		})
	}
	// Output: thief takes the sword
}

// Of three sensors, one of which is broken, the middle reading is used.
func ExampleRules_choose() {
	middle := func(group []engine.Standing) int {
		for i, a := range group {
			below := 0
			for _, b := range group {
				if b.Priority < a.Priority {
					below++
				}
			}
			if below == len(group)/2 {
				return i
			}
		}
		return 0
	}
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Choose: middle, Size: 3}})
	ctx, boiler := context.Background(), uuid.New()
	defer e.Stop(ctx)
	for _, celsius := range []engine.Priority{71, -40, 69} {
		engine.Submit(ctx, e, engine.Op{Target: boiler, Priority: celsius},
			func(context.Context) (int, error) { return fmt.Println(celsius, "°C") })
	}
	// Output: 69 °C
}

// Who is behind is told so at once, however long the auction lasts. Here, the
// hammer falls at a million.
func ExampleRules_early() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Early: true, Decisive: 1_000_000}})
	ctx, painting := context.Background(), uuid.New()
	defer e.Stop(ctx)

	bid := func(name string, amount engine.Priority) engine.Op {
		return engine.Op{Target: painting, Name: name, Priority: amount}
	}
	engine.Submit(ctx, e, bid("Ann", 800), done)
	_, err := engine.Do(ctx, e, bid("Bob", 500), done) // returns within the hour
	fmt.Println(err.(*engine.RejectedError).Winner.Name, "is ahead by", err.(*engine.RejectedError).Margin())
	fmt.Println(engine.Do(ctx, e, bid("Cid", 1_000_000), done))
	// Output:
	// Ann is ahead by 300
	// done <nil>
}

// An operation that nobody contends with need not wait for the window's end: it
// closes when nothing arrived for a while.
func ExampleRules_idle() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Idle: time.Millisecond}})
	ctx, began := context.Background(), time.Now()
	defer e.Stop(ctx)

	fmt.Println(engine.Do(ctx, e, engine.Op{Target: uuid.New()}, done))
	fmt.Println("within a minute:", time.Since(began) < time.Minute)
	// Output:
	// done <nil>
	// within a minute: true
}

// What is critical does not wait for the window's end, and nobody can outbid it.
func ExampleRules_decisive() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Decisive: engine.Critical}})
	ctx, robot := context.Background(), uuid.New()
	defer e.Stop(ctx)

	move, _ := engine.Submit(ctx, e, engine.Op{Target: robot, Name: "move", Priority: engine.High}, done)
	fmt.Println(engine.Do(ctx, e, engine.Op{Target: robot, Name: "emergency stop", Priority: engine.Critical}, done))
	_, err := move.Wait(ctx)
	fmt.Println("move lost to:", err.(*engine.RejectedError).Winner.Name)
	// Output:
	// done <nil>
	// move lost to: emergency stop
}
