package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// No two flash the same device at once: the second waits for the first's end.
// The device itself refuses who comes with an older token, should one linger.
func ExampleRules_exclusive() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 1, Exclusive: true}})
	ctx, device := context.Background(), uuid.New()
	defer e.Stop(ctx)

	var newest uint64
	flash := func(version string) func(context.Context) (string, error) {
		return func(ctx context.Context) (string, error) {
			token, _ := engine.FencingToken(ctx)
			fmt.Println("flashing", version, "newer token:", token > newest)
			newest = token
			return version, nil
		}
	}
	first, _ := engine.Submit(ctx, e, engine.Op{Target: device, Name: "v1"}, flash("v1"))
	second, _ := engine.Submit(ctx, e, engine.Op{Target: device, Name: "v2"}, flash("v2"))
	fmt.Println(second.Wait(ctx))
	fmt.Println(first.Wait(ctx))
	// Output:
	// flashing v1 newer token: true
	// flashing v2 newer token: true
	// v2 <nil>
	// v1 <nil>
}

// The token goes to whatever the winner writes to.
func ExampleFencingToken() {
	e, _ := engine.New(engine.Config{Rules: engine.Rules{Size: 1, Exclusive: true}})
	defer e.Stop(context.Background())
	hasToken := func(ctx context.Context) (bool, error) {
		_, ok := engine.FencingToken(ctx)
		return ok, nil
	}
	fmt.Println(engine.Do(context.Background(), e, engine.Op{Target: uuid.New()}, hasToken))
	fmt.Println(hasToken(context.Background()))
	// Output:
	// true <nil>
	// false <nil>
}

// An emergency cancels what the robot is doing, and begins when that has ended.
func ExampleRules_preempt() {
	e, _ := engine.New(engine.Config{Rules: engine.Rules{
		Size: 1, Exclusive: true, Decisive: engine.Critical, Preempt: true,
	}})
	ctx, robot, moving := context.Background(), uuid.New(), make(chan bool)
	defer e.Stop(ctx)

	engine.Submit(ctx, e, engine.Op{Target: robot, Priority: engine.Normal}, func(ctx context.Context) (int, error) {
		close(moving)
		<-ctx.Done()
		return fmt.Println("stops moving:", errors.Is(context.Cause(ctx), engine.ErrPreempted))
	})
	<-moving
	engine.Do(ctx, e, engine.Op{Target: robot, Priority: engine.Critical}, func(ctx context.Context) (int, error) {
		return fmt.Println("brakes")
	})
	// Output:
	// stops moving: true
	// brakes
}

// During maintenance only what is urgent passes. A heartbeat keeps the lock.
func ExampleEngine_Lock() {
	e, _ := engine.New(engine.Config{Rules: engine.Rules{Size: 1}})
	ctx, door := context.Background(), uuid.New()
	defer e.Stop(ctx)

	lock, err := e.Lock(ctx, engine.LockConfig{Name: "maintenance", Target: door, Below: engine.High, For: time.Hour})
	if err != nil {
		panic(err)
	}
	_, err = engine.Do(ctx, e, engine.Op{Target: door, Name: "open", Priority: engine.Normal}, done)
	fmt.Println(err.(*engine.MaskedError).Reason())
	fmt.Println(engine.Do(ctx, e, engine.Op{Target: door, Name: "evacuate", Priority: engine.Critical}, done))
	fmt.Println("heartbeat:", lock.Heartbeat())
	lock.Unlock()
	fmt.Println(engine.Do(ctx, e, engine.Op{Target: door, Name: "open", Priority: engine.Normal}, done))
	// Output:
	// masked by the lock "maintenance" (priority 5 is too low)
	// done <nil>
	// heartbeat: <nil>
	// done <nil>
}
