package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/contend/bench"
	"example.com/contend/engine"
)

// mostBurst is how many operations are submitted between two looks at the clock.
const mostBurst = 1024

// names are those of the operations.
var names = []string{"order", "quote", "refund", "audit", "transfer"}

// load submits operations, open loop: each in its time, whatever became of those
// before. It belongs to one goroutine.
type load struct {
	engine *engine.Engine
	phases phases
	stream *bench.Stream
	sleep  func(time.Duration)
}

// run submits until the context ends, or with an error that is no overload. What a
// phase did not get submitted in its time, because the machine was busy with
// something else, is left out: the next one is not to be disturbed by it.
func (l *load) run(ctx context.Context, start time.Time) error {
	var current time.Duration // when the phase began
	var submitted int64       // in it
	for ctx.Err() == nil {
		elapsed := time.Since(start)
		phase, began := l.phases.at(elapsed)
		if began != current {
			current, submitted = began, 0
		}
		n := min(phase.due(elapsed-began)-submitted, mostBurst)
		if err := l.submit(n); err != nil {
			return err
		}
		submitted += n
		if n < mostBurst {
			l.sleep(bench.Burst)
		}
	}
	return nil
}

// submit submits the next n operations. Refused ones are counted by the engine.
func (l *load) submit(n int64) error {
	for range n {
		op := engine.Op{Name: names[l.stream.Index()%int64(len(names))]}
		target, priority, _ := l.stream.Next()
		op.Target, op.Priority = target, engine.Priority(priority)
		_, err := engine.Submit(context.Background(), l.engine, op, nothing)
		if err != nil && !errors.Is(err, engine.ErrOverloaded) {
			return fmt.Errorf("submitting: %w", err)
		}
	}
	return nil
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }
