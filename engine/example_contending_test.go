package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// Who loses comes again by itself, and each loss makes it stronger.
func ExampleRetry() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	ctx, crane := context.Background(), uuid.New()
	defer e.Stop(ctx)

	engine.Submit(ctx, e, engine.Op{Target: crane, Name: "unload", Priority: engine.High}, done)
	win, err := e.Contend(ctx, engine.Op{
		Target: crane, Name: "inspect", Priority: engine.Low, Window: time.Millisecond,
		Retry: engine.Retry{Limit: 5, Step: 3},
	})
	fmt.Println(win.Name, "won after losses:", win.Retries, "priority:", int(win.Priority), err)
	win.Finish(err)
	// Output: inspect won after losses: 1 priority: 5 <nil>
}

// Deposits that meet become one.
func ExampleFolding() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 3}})
	ctx, account := context.Background(), uuid.New()
	defer e.Stop(ctx)

	balance := 100
	deposit, _ := engine.NewFolding(e, func(sum, next int) int { return sum + next },
		func(_ context.Context, sum int) (int, error) {
			fmt.Println("deposit of", sum)
			balance += sum
			return balance, nil
		})
	var all sync.WaitGroup
	for _, amount := range []int{10, 20, 30} {
		all.Go(func() { fmt.Println(deposit.Do(ctx, engine.Op{Target: account}, amount)) })
	}
	all.Wait()
	// Output:
	// deposit of 60
	// 160 <nil>
	// 160 <nil>
	// 160 <nil>
}

// When there is too much to do, the least important makes room.
func ExampleConfig_overload() {
	e, _ := engine.New(engine.Config{
		Shards: 1, MaxStaged: 1, Overload: engine.DisplaceLowest,
		Window: time.Hour, Rules: engine.Rules{Decisive: engine.Critical},
	})
	ctx, hub := context.Background(), uuid.New()
	defer e.Stop(ctx)

	poll, _ := engine.Submit(ctx, e, engine.Op{Target: hub, Name: "poll", Priority: engine.Low}, done)
	fmt.Println(engine.Do(ctx, e, engine.Op{Target: hub, Name: "alarm", Priority: engine.Critical}, done))
	_, err := poll.Wait(ctx)
	fmt.Println(err)
	// Output:
	// done <nil>
	// contend: overloaded: shard 0 holds 1 operations of higher rank than "poll" (0/0) (Config.MaxStaged)
}

// A loser can be told all there is to know.
func ExampleRejectedError_Explain() {
	e, _ := engine.New(engine.Config{Shards: 1, Window: time.Hour, Rules: engine.Rules{Size: 3}})
	ctx, gate := context.Background(), uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	defer e.Stop(ctx)

	engine.Submit(ctx, e, engine.Op{Target: gate, Name: "repair", Priority: engine.High}, done)
	engine.Submit(ctx, e, engine.Op{Target: gate, Name: "paint", Priority: engine.Background}, done)
	_, err := engine.Do(ctx, e, engine.Op{Target: gate, Name: "open", Priority: engine.Low}, done)

	lost := err.(*engine.RejectedError)
	why, _, _ := strings.Cut(lost.Explain(), "; told") // when the window closed after 1.2ms; …
	fmt.Println(why)
	fmt.Println(lost.Rank, lost.Margin())
	// Output:
	// "open" (0/2) on 6ba7b810-9dad-11d1-80b4-00c04fd430c8: rank 2 of 3 contenders, priority 2, margin 6 to the winner "repair" (0/0)
	// 2 6
}

// Chests go to whoever comes first; everything else by priority.
func ExampleConfig_rulesOf() {
	chest, dragon := uuid.New(), uuid.New()
	e, _ := engine.New(engine.Config{
		Window:    time.Hour,
		Rules:     engine.Rules{Size: 2},
		MoreRules: []engine.Rules{{Size: 2, Policy: engine.FirstWins}},
		RulesOf: func(target uuid.UUID) int {
			if target == chest {
				return 1 // MoreRules[0]
			}
			return 0 // Rules
		},
	})
	ctx := context.Background()
	defer e.Stop(ctx)
	for _, at := range []uuid.UUID{chest, dragon} {
		thief, _ := engine.Submit(ctx, e, engine.Op{Target: at, Priority: engine.Low}, answer("thief"))
		knight, _ := engine.Submit(ctx, e, engine.Op{Target: at, Priority: engine.High}, answer("knight"))
		for _, h := range []*engine.Handle[string]{thief, knight} {
			if who, err := h.Wait(ctx); err == nil {
				fmt.Println(who)
			}
		}
	}
	// Output:
	// thief
	// knight
}
