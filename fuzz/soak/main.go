// Command soak puts engines under random load and faults for as long as it is told,
// and looks whether anything was lost, wrong or left behind.
//
//	go run ./fuzz/soak --duration 10m --seed 1
//
// Time is cut into epochs. Each has an engine of a random configuration, under which
// many goroutines submit in every way, functions and callbacks fail in every way,
// contexts end, operations are withdrawn and the engine is stopped and started; then
// comes a silence of ten windows, after which memory and goroutines must come to be what
// they were, and the referee of package model judges everything that happened on targets
// without rules. Targets with rules are counted only.
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
	Duration   time.Duration `help:"How long to go on; the last epoch is finished." default:"10m"`
	Seed       uint64        `help:"Decides configurations, load and faults, though not how they interleave." default:"1"`
	Epoch      time.Duration `help:"How long an epoch is under load." default:"1s"`
	Window     time.Duration `help:"The longest window of a target." default:"20ms"`
	Submitters int           `help:"Goroutines that submit." default:"16"`
	Burst      int           `help:"Operations in a burst." default:"3000"`
	Late       time.Duration `help:"By how much a decision may be late; a machine that is busy or suspended needs more." default:"10s"`
	Quiet      bool          `help:"No progress, only the table." short:"q"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK        = 0
	exitViolation = 1 // something was wrong
	exitUsage     = 2 // nothing was run
)

// run is main without the process around it.
func run(ctx context.Context, args []string, out, progress io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("soak"),
		kong.Description("Random load and faults for any duration, judged by the reference model's referee."),
		kong.Writers(out, progress),
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
		fmt.Fprintf(progress, "soak: %v\n", err)
		return exitUsage
	}
	if f.Quiet {
		progress = io.Discard
	}
	t := soak(ctx, &f, progress)
	t.print(out)
	if t.wrong() {
		return exitViolation
	}
	return exitOK
}

func (f *flags) validate() error {
	switch {
	case f.Duration <= 0:
		return errors.New("--duration must be positive, for instance 10m")
	case f.Epoch <= 0:
		return errors.New("--epoch must be positive, for instance 1s")
	case f.Window <= 0:
		return errors.New("--window must be positive, for instance 20ms")
	case f.Submitters <= 0:
		return errors.New("--submitters must be positive, for instance 16")
	case f.Burst < 0:
		return errors.New("--burst must not be negative")
	case f.Late <= 0:
		return errors.New("--late must be positive, for instance 10s")
	}
	return nil
}
