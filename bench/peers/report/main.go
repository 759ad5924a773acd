// Command report measures contend beside its peers and prints the tables, as
// Markdown.
//
//	go run -C bench/peers ./report                            # what matters most, in under five minutes
//	go run -C bench/peers ./report --rounds 5 --within 30m    # medians of five rounds
//	go run -C bench/peers ./report --full                     # the whole cross product, in hours
//	go run -C bench/peers ./report --only Blocking            # some of it
//
// Every measurement is made in a process of its own: the command starts itself. The
// contestants take turns, round after round. What is printed is the median of the
// rounds; the lines of all can be kept for benchstat with --raw.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"example.com/contend/bench/peers/drive"
	"github.com/alecthomas/kong"
)

// flags are the command line.
type flags struct {
	Report  reportFlags  `cmd:"" default:"withargs" help:"Measure and print."`
	Measure measureFlags `cmd:"" hidden:"" help:"Make one measurement and print its line."`
}

type reportFlags struct {
	Full   bool          `help:"Measure everything there is, in hours instead of minutes."`
	Only   string        `help:"Measure only what matches this regular expression, such as Blocking or by=(contend|expert); see --list." placeholder:"REGEXP"`
	List   bool          `help:"Name the measurements instead of making them."`
	Rounds int           `help:"How often to measure everything." default:"3"`
	Raw    string        `help:"Write the lines of all measurements to this file, for benchstat." placeholder:"FILE" type:"path"`
	Seed   uint64        `help:"Decides targets and priorities." default:"1"`
	Within time.Duration `help:"Begin no further round of a measurement after this time; the first is always made." default:"4m20s"`
	Trace  []string      `help:"Replay the targets of this recorded trace, too; may be repeated." placeholder:"FILE" type:"existingfile"`
	Quote  string        `help:"Show the benchmarks in this output of go test -bench beside the parts: those of what a package keeps to itself, such as Wheel of ./shard." placeholder:"FILE" type:"existingfile"`
}

type measureFlags struct {
	Spec string `arg:"" help:"The measurement, as JSON."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit statuses.
const (
	exitOK    = 0
	exitFault = 1 // a contestant did what it must not
	exitUsage = 2 // nothing was measured
)

// run is main without the process around it.
func run(args []string, out, progress io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("report"),
		kong.Description("Measures contend beside its peers and prints the tables."),
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
	faults := 0
	if err == nil {
		if command.Command() == "report" {
			faults, err = f.Report.run(out, progress)
		} else {
			err = f.Measure.run(out)
		}
	}
	switch {
	case err != nil:
		fmt.Fprintf(progress, "report: %v\n", err)
		return exitUsage
	case faults > 0:
		return exitFault
	}
	return exitOK
}

// run makes a measurement and prints its line, then what must not be.
func (f *measureFlags) run(out io.Writer) error {
	var s drive.Spec
	if err := json.Unmarshal([]byte(f.Spec), &s); err != nil {
		return err
	}
	result, err := drive.Measure(s)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, result.Line(s.Name()))
	for _, fault := range result.Faults {
		fmt.Fprintf(out, "%s%s: %s\n", faultMark, s.Name(), fault)
	}
	return nil
}

// faultMark begins the line of a fault among those of measurements.
const faultMark = "FAULT "

func (f *reportFlags) run(out, progress io.Writer) (faults int, err error) {
	if f.Rounds < 1 {
		return 0, fmt.Errorf("--rounds %d: use 1 or more", f.Rounds)
	}
	only, err := regexp.Compile(f.Only)
	if err != nil {
		return 0, fmt.Errorf("--only: %w", err)
	}
	p := newPlan(f).only(only)
	if p.quoted, err = quote(f.Quote); err != nil {
		return 0, fmt.Errorf("--quote: %w", err)
	}
	if len(p.measurements) == 0 {
		return 0, fmt.Errorf("--only: no measurement matches %s; see --list", f.Only)
	}
	if f.List {
		for _, m := range p.measurements {
			fmt.Fprintln(out, m.Name())
		}
		return 0, nil
	}
	return f.measure(p, out, progress)
}
