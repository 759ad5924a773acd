package engine_test

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// The example on README's first screen.
func Example() {
	e, _ := engine.New(engine.Config{}) // windows of 100 ms, a shard per processor
	defer e.Stop(context.Background())
	player := uuid.New()
	var all sync.WaitGroup
	for name, priority := range map[string]engine.Priority{"hit": engine.Low, "heal": engine.High} {
		all.Go(func() {
			hp, err := engine.Do(context.Background(), e, engine.Op{Target: player, Priority: priority, Name: name},
				func(context.Context) (int, error) { return 10, nil })
			if lost := (*engine.RejectedError)(nil); errors.As(err, &lost) {
				fmt.Printf("%s %s, to %s\n", name, lost.Reason(), lost.Winner.Name)
			} else {
				fmt.Printf("%s executed: %d, %v\n", name, hp, err)
			}
		})
	}
	all.Wait()
	// Unordered output:
	// heal executed: 10, <nil>
	// hit lost pre-ECS priority conflict (priority 2 vs winner 8), to heal
}
