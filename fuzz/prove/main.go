// Command prove runs everything that is there to show that the promises hold, as
// much of it as asked for, and prints a table of what was done.
//
//	go run ./fuzz/prove                  what CI does: some minutes
//	go run ./fuzz/prove --full           all that was done once: hours
//	go run ./fuzz/prove --only 'sim|ring' --scale 0.1
//
// Each row is a campaign: commands that anyone can run by themselves, and a count
// that is read from what they print. A command that fails fails the row, with the
// end of its output, in which the failing test tells how to repeat it. The exit
// status is 1 then. Commands run two at a time.
//
// What the rows show, and how, is told in the package comments of fuzz, fuzz/loom,
// fuzz/sim, fuzz/promela and fuzz/mutants.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"github.com/dustin/go-humanize"
)

// flags are the command line.
type flags struct {
	Full   bool    `help:"As much as was done once on demand, instead of what CI does."`
	Only   string  `help:"Only campaigns whose name matches this regular expression." placeholder:"REGEXP"`
	Scale  float64 `help:"So much of the counts." default:"1"`
	Seed   uint64  `help:"The first seed of campaigns that have one."`
	Tested bool    `help:"The tests have just passed: planted bugs are not tried without the bug."`
	Jobs   int     `help:"How many commands run at a time." default:"2"`
	List   bool    `help:"Print the commands and do nothing."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its surroundings as arguments. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var f flags
	exited := false // with --help
	parser, err := kong.New(&f, kong.Name("prove"), kong.Writers(stdout, stderr), kong.Exit(func(int) { exited = true }))
	if err != nil {
		panic(err) // the flags above are wrong
	}
	if _, err := parser.Parse(args); exited {
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "prove: %v\n", err)
		return 2
	}
	only, err := regexp.Compile(f.Only)
	if err != nil {
		fmt.Fprintf(stderr, "prove: --only: %v\n", err)
		return 2
	}
	if !slices.ContainsFunc(campaigns, func(c campaign) bool { return only.MatchString(c.name) }) {
		fmt.Fprintf(stderr, "prove: --only: no campaign matches %s; see --list\n", f.Only)
		return 2
	}
	if f.Scale <= 0 || f.Jobs < 1 {
		fmt.Fprintln(stderr, "prove: --scale and --jobs must be positive")
		return 2
	}
	return f.prove(ctx, only, stdout, stderr)
}

// prove runs the campaigns that match and prints a row for each.
func (f *flags) prove(ctx context.Context, only *regexp.Regexp, stdout, stderr io.Writer) (status int) {
	fmt.Fprintln(stdout, "| what | done | took | with |")
	fmt.Fprintln(stdout, "|---|---|---|---|")
	begun := time.Now()
	for i := range campaigns {
		c := &campaigns[i]
		if !only.MatchString(c.name) {
			continue
		}
		commands := c.commands(c.amount(f), f.Seed)
		if f.Tested {
			for i := range commands {
				commands[i] += c.tested
			}
		}
		if f.List {
			fmt.Fprintf(stdout, "| %s | | | %s |\n", c.what, inCode(commands))
			continue
		}
		began := time.Now()
		count, err := runAll(ctx, commands, c, f.Jobs)
		took := time.Since(began).Round(time.Second)
		done := humanize.Comma(count)
		if err != nil {
			status, done = 1, "**failed**"
			fmt.Fprintf(stderr, "%s: %v\n", c.name, err)
		} else if short := c.amount(f); count < int64(short) {
			status, done = 1, fmt.Sprintf("**%s, fewer than %s**", done, humanize.Comma(int64(short)))
		}
		fmt.Fprintf(stdout, "| %s | %s | %v | %s |\n", c.what, done, took, inCode(commands))
	}
	fmt.Fprintf(stdout, "\ntook %v\n", time.Since(begun).Round(time.Second))
	return status
}
