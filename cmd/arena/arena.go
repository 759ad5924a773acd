package main

import (
	"context"
	"log/slog"
	"os"
	"sync"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

const (
	// tick is how often the world changes.
	tick = time.Second / 60
	// window is how long an entity collects contenders. It is shorter than a tick,
	// so that most of what is decided in a tick reaches the world at its end; where
	// it would close again before that, it waits, since targets are exclusive.
	window = 12 * time.Millisecond
)

// arena is a game that is being played.
type arena struct {
	flags    flags
	targets  []uuid.UUID // by entity; immutable
	engine   *engine.Engine
	handover handover
	referee  *referee
	systems  []*system
	delays   delays

	world *world // owned by the goroutine that plays
	// Likewise: ticks, and how often a system could not be shown one of them
	// because it was still busy.
	ticks, missed int
}

// report is what a game came to.
type report struct {
	ticks, skipped int
	missed         int
	played         time.Duration
	stats          engine.Stats
	tallies        [kinds]tally
	delays         *delays

	changes        int
	gold, health   int64 // at the end
	healthAtStart  int64
	violations     int
	violationTexts []string
}

// play plays a game, on the calling goroutine, which owns the world.
func play(ctx context.Context, f flags) *report {
	a := newArena(f)
	healthAtStart := a.referee.health
	start := time.Now()
	skipped := a.run(ctx, start)
	r := &report{ticks: a.ticks, skipped: skipped, missed: a.missed, played: time.Since(start), delays: &a.delays, healthAtStart: healthAtStart}
	if err := a.engine.Stop(context.Background()); err != nil {
		a.referee.found.add("the engine did not stop: %v", err)
	}
	r.stats = a.engine.Stats()
	for _, s := range a.systems {
		r.tallies[s.kind].add(s.tally)
	}
	a.close(r)
	return r
}

func newArena(f flags) *arena {
	a := &arena{flags: f}
	a.world, a.targets = newWorld(f.Entities, f.Systems, f.Seed)
	a.referee = newReferee(a.targets, a.world.look(), a.world.chests)
	a.delays.init()
	var err error
	a.engine, err = engine.New(engine.Config{
		Window:   window,
		Rules:    engine.Rules{Exclusive: true},
		Registry: a.referee,
		Decided:  a.delays.decided,
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		panic(err) // the configuration is ours
	}
	for n := range f.Systems {
		a.systems = append(a.systems, newSystem(a, n))
	}
	return a
}

// run plays until the time is over, and then until all systems have ended, whose
// winners wait for the world. It returns how many ticks were skipped because the
// one before took too long.
func (a *arena) run(ctx context.Context, start time.Time) (skipped int) {
	var all sync.WaitGroup
	for _, s := range a.systems {
		all.Go(s.run)
	}
	ended := make(chan struct{})
	go func() {
		all.Wait()
		close(ended)
	}()
	over := start.Add(a.flags.Duration)
	playing := true
	timer := time.NewTimer(tick)
	for due := start.Add(tick); ; due = due.Add(tick) {
		if late := time.Since(due); late > tick { // no game catches up with what nobody saw
			skip := late / tick
			skipped += int(skip)
			due = due.Add(skip * tick)
		}
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ended:
			a.step() // what losers handed over at last
			return skipped
		}
		a.delays.began(time.Since(due))
		seen := a.step()
		if playing && (due.After(over) || ctx.Err() != nil) {
			playing = false
			for _, s := range a.systems {
				close(s.wake)
			}
		}
		if playing {
			a.show(seen)
		}
	}
}

// step changes the world: by all that was handed over since the last step, whoever
// it is from.
func (a *arena) step() (seen []body) {
	a.ticks++
	commands := a.handover.take()
	for _, c := range commands {
		a.delays.waited(time.Since(c.handed))
		a.world.apply(c)
	}
	seen = a.world.look()
	a.referee.audit(a.ticks, commands, seen, a.world.chests)
	for _, c := range commands {
		close(c.applied) // ends the winner: its entity is free for the next one
	}
	return seen
}

// show wakes the systems with what the world looks like, but for those that are
// still busy with what they were shown before.
func (a *arena) show(seen []body) {
	for _, s := range a.systems {
		select {
		case s.wake <- seen:
		default:
			a.missed++
		}
	}
}

// close lets the referee close its books, and the systems' with them.
func (a *arena) close(r *report) {
	seen := a.world.look()
	a.referee.close(seen, a.world.chests)
	r.changes = a.referee.changes
	r.gold, r.health = wealth(seen, a.world.chests), fitness(seen)
	t := r.total()
	if t.asked != t.won+t.lost+t.refused+t.failed || uint64(t.won) != r.stats.Completed || uint64(t.lost) != r.stats.Rejected {
		a.referee.found.add("the systems count %+v, the engine %v", t, r.stats)
	}
	r.violations, r.violationTexts = a.referee.found.total()
}

// total returns what became of all operations.
func (r *report) total() (t tally) {
	for _, k := range r.tallies {
		t.add(k)
	}
	return t
}
