package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"example.com/contend/engine"
	"example.com/contend/shard"
	"github.com/google/uuid"
)

// A journal tells afterwards what was decided, and that it was decided right.
func ExampleReadJournal() {
	var journal bytes.Buffer
	e, _ := engine.New(engine.Config{Shards: 1, Window: time.Hour, Rules: engine.Rules{Size: 2}, Journal: &journal})
	ctx, door := context.Background(), uuid.New()
	engine.Submit(ctx, e, engine.Op{Target: door, Name: "open", Priority: engine.Low}, done)
	engine.Do(ctx, e, engine.Op{Target: door, Name: "lock", Priority: engine.High}, done)
	e.Stop(ctx)

	sum, err := engine.ReadJournal(&journal, func(_ int, event *engine.JournalEvent) {
		switch event.Kind {
		case shard.EventStaged:
			fmt.Println("staged", event.Op.Ticket.Name)
		case shard.EventDecided:
			fmt.Println("decided:", event.Decision.WinnerName, "won")
		}
	})
	fmt.Println(sum.Operations, "operations,", sum.Decisions, "decision,", err)
	// Output:
	// staged open
	// staged lock
	// decided: lock won
	// 2 operations, 1 decision, <nil>
}
