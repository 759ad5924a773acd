// Command growth measures how an engine behaves as everything around it grows, draws
// it and says what a larger machine would do.
//
//	go run -C bench/growth .            curves, pictures and model: three minutes
//	go run -C bench/growth . --full     more rounds of longer runs
//	go run -C bench/growth . --only model
//	go run -C bench/growth . garbage    ten million operations in flight for a minute
//	go run -C bench/growth . power      wake-ups and processor time, at rest and not
//
// Every measurement is a process of its own; see package point. Package model states
// the model and package parts measures what goes into it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"example.com/contend/bench/growth/point"
	"github.com/alecthomas/kong"
)

// flags are the command line.
type flags struct {
	Curves  curvesCommand  `cmd:"" default:"withargs" help:"Measure and draw the curves, and hold the model against them."`
	Garbage garbageCommand `cmd:"" help:"Keep many operations in flight and look at the garbage collector."`
	Power   powerCommand   `cmd:"" help:"Count wake-ups and processor time at rest and at two rates."`
}

// surroundings are what a command runs in.
type surroundings struct {
	context.Context
	out, progress io.Writer
}

// children are what this executable does when it is called by itself.
var children = map[string]func(ctx context.Context, in io.Reader, out io.Writer) error{
	point.Argument:  point.Main,
	garbageArgument: garbageMain,
	powerArgument:   powerMain,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	if len(os.Args) == 2 && children[os.Args[1]] != nil {
		if err := children[os.Args[1]](ctx, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(exitFailure)
		}
		return
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // something could not be measured, or was not what it must be
	exitUsage   = 2 // nothing was run
)

// usageError is one for which nothing was run.
type usageError struct{ error }

// run is main without the process around it.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("growth"),
		kong.Description("What grows with targets, operations in flight, producers, shards and cores."),
		kong.Writers(out, progress),
		kong.Exit(func(int) { exited = true }),
	)
	if err != nil {
		panic(err) // the flags struct is at fault
	}
	command, err := parser.Parse(args)
	if exited {
		return exitOK // --help was printed
	}
	if err != nil {
		fmt.Fprintf(progress, "growth: %v\n", err)
		return exitUsage
	}
	begun := time.Now()
	if err := command.Run(&surroundings{ctx, out, progress}); err != nil {
		fmt.Fprintf(progress, "growth: %v\n", err)
		if errors.As(err, new(usageError)) {
			return exitUsage
		}
		return exitFailure
	}
	fmt.Fprintf(progress, "took %v\n", time.Since(begun).Round(time.Second))
	return exitOK
}
