package engine_test

import (
	"errors"
	"fmt"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// What a critical operation starts is critical, and what that starts too.
func ExampleLineage() {
	var l engine.Lineage
	collapse, evacuate, openDoor := uuid.New(), uuid.New(), uuid.New()

	p, _ := l.Begin(collapse, engine.Critical)
	fmt.Println("collapse:", p)
	p, _ = l.Begin(evacuate, engine.Normal, collapse)
	fmt.Println("evacuate:", p)
	p, _ = l.Begin(openDoor, engine.Low, evacuate)
	fmt.Println("open door:", p)

	for _, id := range []uuid.UUID{openDoor, evacuate, collapse} {
		l.End(id)
	}
	fmt.Println("remembered:", l.Len())
	// Output:
	// collapse: critical
	// evacuate: critical
	// open door: critical
	// remembered: 0
}

// Nobody is their own ancestor.
func ExampleCycleError() {
	var l engine.Lineage
	hen := uuid.MustParse("11111111-1111-1111-1111-111111111111")
	egg := uuid.MustParse("22222222-2222-2222-2222-222222222222")

	l.Begin(hen, engine.Normal, egg)
	_, err := l.Begin(egg, engine.Normal, hen)

	var cycle *engine.CycleError
	if errors.As(err, &cycle) {
		fmt.Println(len(cycle.Path), "in the cycle, first the egg:", cycle.Path[0] == egg)
	}
	fmt.Println(errors.Is(err, engine.ErrInvalid))
	// Output:
	// 2 in the cycle, first the egg: true
	// true
}
