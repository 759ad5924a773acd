package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// player is an Entity.
type player struct {
	id uuid.UUID
	hp int
}

func (p *player) ECSID() uuid.UUID { return p.id }

func newPlayer(hp int) *player { return &player{uuid.New(), hp} }

// A configuration that makes no sense is refused, with the field and what would do.
func ExampleNew() {
	_, err := engine.New(engine.Config{Shards: -1})
	fmt.Println(err)

	e, err := engine.New(engine.Config{Name: "orders", Window: 20 * time.Millisecond, Shards: 2})
	fmt.Println(e.Name(), e.Shards(), err)
	e.Stop(context.Background())
	// Output:
	// contend: invalid Config.Shards -1: want 1 to 4096, or 0 for the default
	// orders 2 <nil>
}

// The function runs on the caller's own goroutine if the operation wins.
func ExampleDo() {
	e, err := engine.New(engine.Config{Window: 5 * time.Millisecond})
	if err != nil {
		panic(err)
	}
	defer e.Stop(context.Background())

	p := newPlayer(90)
	hp, err := engine.Do(context.Background(), e, engine.Op{Target: p.id, Priority: engine.High, Name: "heal"},
		func(context.Context) (int, error) {
			p.hp += 10
			return p.hp, nil
		})
	fmt.Println(hp, err)
	// Output: 100 <nil>
}

// The handle of an operation that was accepted tells what became of it.
func ExampleSubmit() {
	// The window closes with the second operation here, so that the example is quick.
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())

	p := newPlayer(50)
	change := func(by int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) {
			p.hp += by
			return p.hp, nil
		}
	}
	ctx := context.Background()
	strike, _ := engine.Submit(ctx, e, engine.Op{Target: p.id, Priority: engine.Low, Name: "strike"}, change(-20))
	heal, _ := engine.Submit(ctx, e, engine.Op{Target: p.id, Priority: engine.High, Name: "heal"}, change(+10))

	_, err := strike.Wait(ctx)
	fmt.Println("strike:", errors.Is(err, engine.ErrRejected))
	hp, err := heal.Wait(ctx)
	fmt.Println("heal:", hp, err)
	// Output:
	// strike: true
	// heal: 60 <nil>
}

func ExampleRejectedError() {
	// The window closes with the second operation here, so that the example is quick.
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())

	p := newPlayer(50)
	ctx := context.Background()
	engine.Submit(ctx, e, engine.Op{Target: p.id, Priority: engine.High, Name: "heal"},
		func(context.Context) (int, error) { return 0, nil })
	_, err := engine.Do(ctx, e, engine.Op{Target: p.id, Priority: engine.Low, Name: "strike"},
		func(context.Context) (int, error) { return 0, nil })

	var lost *engine.RejectedError
	if errors.As(err, &lost) {
		fmt.Println(lost.Name, lost.Reason())
		fmt.Println("to", lost.Winner.Name, "of", lost.Contenders)
	}
	// Output:
	// strike lost pre-ECS priority conflict (priority 2 vs winner 8)
	// to heal of 2
}

// A wrapped function finds its target in its argument: here, an Entity.
func ExampleWrap() {
	e, _ := engine.New(engine.Config{Window: 5 * time.Millisecond})
	defer e.Stop(context.Background())

	heal, err := engine.Wrap(e, engine.Wrapping[*player]{Op: engine.Op{Name: "heal", Priority: engine.High}},
		func(_ context.Context, p *player) (int, error) {
			p.hp += 10
			return p.hp, nil
		})
	if err != nil {
		panic(err)
	}
	fmt.Println(heal(context.Background(), newPlayer(30)))
	// Output: 40 <nil>
}

// Contend gives the verdict alone, for those who execute elsewhere.
func ExampleEngine_Contend() {
	e, _ := engine.New(engine.Config{Window: 5 * time.Millisecond})
	defer e.Stop(context.Background())

	win, err := e.Contend(context.Background(), engine.Op{Target: uuid.New(), Name: "heal"})
	if err != nil {
		panic(err)
	}
	_, registered := e.Registry().(*engine.Memory).Get(win.ID)
	fmt.Println(win.Name, win.Contenders, registered)
	win.Finish(nil)
	// Output: heal 1 true
}

// spell is an operation in memory of the caller's: nothing is allocated for it.
type spell struct {
	engine.Ticket
	cast chan string
}

// Decided is called on a shard's goroutine and must not block.
func (s *spell) Decided(v *engine.Verdict) {
	s.cast <- fmt.Sprintf("%s %v", s.Name, v.Outcome)
}

func ExampleEngine_Stage() {
	e, _ := engine.New(engine.Config{Window: 5 * time.Millisecond})
	defer e.Stop(context.Background())

	s := &spell{cast: make(chan string, 1)}
	s.To, s.Name = s, "fireball"
	if _, err := e.Stage(&engine.Bid{Target: uuid.New(), Priority: engine.Normal, Ticket: &s.Ticket}); err != nil {
		panic(err)
	}
	fmt.Println(<-s.cast)
	// Output: fireball won
}

// The cheapest way: bids with a tag, submitted and decided in batches.
func ExampleBatch() {
	e, _ := engine.New(engine.Config{
		Window: 5 * time.Millisecond,
		Decided: func(batch []engine.Decision) {
			for i := range batch {
				fmt.Println("tag", batch[i].Winner.ID, "of", batch[i].Contenders)
			}
		},
	})
	target := uuid.New()
	b := e.NewBatch(16)
	for tag, p := range []engine.Priority{engine.Low, engine.Critical, engine.Normal} {
		if err := b.Add(&engine.Bid{Target: target, Priority: p, Tag: uint64(tag)}); err != nil {
			panic(err)
		}
	}
	if err := b.Flush(); err != nil {
		panic(err)
	}
	e.Stop(context.Background()) // lets the window close in its time
	// Output: tag 1 of 3
}

func ExampleEngine_Stop() {
	e, _ := engine.New(engine.Config{Window: time.Hour})
	h, _ := engine.Submit(context.Background(), e, engine.Op{Target: uuid.New()},
		func(context.Context) (int, error) { return 1, nil })

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	fmt.Println(e.Stop(ctx)) // does not wait for an hour
	_, err := h.Wait(context.Background())
	fmt.Println(err)
	_, err = engine.Do(context.Background(), e, engine.Op{Target: uuid.New()},
		func(context.Context) (int, error) { return 1, nil })
	fmt.Println(err)
	// Output:
	// context deadline exceeded
	// contend: stopped before it was executed
	// contend: the engine is stopped: call Start first
}
