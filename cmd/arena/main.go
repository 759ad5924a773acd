// Command arena is a game with the engine inside: an entity-component-system
// written by others (ark), whose world belongs to one goroutine, and systems on
// many goroutines that contend for its entities at 60 ticks per second.
//
//	systems, a goroutine each            engine                    world's goroutine
//	  physics ─┐                    ┌───────────────┐            each tick:
//	  combat  ─┼─ Submit(entity) ──▶│ a window, and │─▶ winner ─▶  take what was handed over
//	  healing ─┤                    │ one winner at │   hands      apply it to the world
//	  loot    ─┤                    │ a time, for   │   over,      let the referee look
//	  trade   ─┘                    │ each entity   │   waits ◀──  tell the winners
//	     ▲       losers do nothing  └───────────────┘              show the world
//	     │                                                               │
//	     └─────────────────────── what the world looked like ───────────┘
//
// Targets are exclusive, and a winner ends only when the world has its change: so
// an entity has one winner a tick at most, and the next one's window stays open,
// collecting, until the world is ready for it.
//
// A trade is aimed at two entities, of which the first one, who pays, is contended for;
// the other one is paid whoever else acts on it.
//
// The referee checks that only winners touched the world. It is the engine's
// registry, so it knows the winners from the engine alone, and after each tick it
// holds the whole world against a model of its own, to which it applies what the
// winners asked for. With --cheat losers act too, and it has to notice: the command
// exits with 1 then.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kong"
)

// flags are the command line.
type flags struct {
	Duration time.Duration `help:"How long to play." default:"3s"`
	Systems  int           `help:"Systems, a goroutine each, of each kind in turn." default:"32"`
	Actions  int           `help:"Operations of each system a tick." default:"16"`
	Entities int           `help:"Entities to contend for; some are more popular than others." default:"2000"`
	Seed     uint64        `help:"Decides who attempts what." default:"1"`
	Cheat    bool          `help:"Losers act too: the check has to fail."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK        = 0
	exitViolation = 1 // the check failed
	exitUsage     = 2 // nothing was played
)

// run is main without the process around it.
func run(ctx context.Context, args []string, out, complaints io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("arena"),
		kong.Description("Plays a game in which systems contend for entities, and checks that only winners touched the world."),
		kong.Writers(out, complaints),
		kong.Exit(func(int) { exited = true }),
	)
	if err != nil {
		panic(err) // the flags struct is at fault
	}
	_, err = parser.Parse(args)
	if exited {
		return exitOK // --help was printed
	}
	if err == nil {
		err = f.validate()
	}
	if err != nil {
		fmt.Fprintf(complaints, "arena: %v\n", err)
		return exitUsage
	}
	report := play(ctx, f)
	summarize(out, f, report)
	if report.violations > 0 {
		return exitViolation
	}
	return exitOK
}

func (f *flags) validate() error {
	switch {
	case f.Duration < tick:
		return fmt.Errorf("--duration must be a tick (%v) at least, for instance 3s", tick)
	case f.Systems <= 0:
		return errors.New("--systems must be positive, for instance 32")
	case f.Actions <= 0:
		return errors.New("--actions must be positive, for instance 16")
	case f.Entities <= 0:
		return errors.New("--entities must be positive, for instance 2000")
	}
	return nil
}
