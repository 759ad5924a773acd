// Command against compares the speed of the working tree with that of a commit, for
// instance the previous release.
//
//	go run ./bench/against v1.2.0
//	go run ./bench/against HEAD --dirty --bench 'Stage' --package ./engine --rounds 10
//
// It checks the commit out into a worktree of its own, builds both sides' benchmarks,
// runs them in turns, so that a slow minute of the machine is slow for both, and
// prints what benchstat makes of it. It decides nothing by itself and is not for
// CI: what must not depend on the machine is in tests.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"
)

// flags are the command line.
type flags struct {
	Ref       string `arg:"" help:"The commit to compare with: a tag, a branch or a hash."`
	Package   string `help:"The package whose benchmarks are run." default:"./bench"`
	Bench     string `help:"Which of them: a regular expression as of go test." default:"WholeJob/.*/.*/targets=10000$"`
	Benchtime string `help:"How long each runs: a duration or a number of operations such as 1000000x." default:"1000000x"`
	Rounds    int    `help:"How often each is run on both sides; benchstat wants 6 at least." default:"6"`
	Dirty     bool   `help:"Compare although the working tree has changes that are not committed: they count."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, ".", os.Args[1:], os.Stdout, os.Stderr))
}

// Exit statuses.
const (
	exitOK      = 0
	exitFailure = 1 // something did not build or run
	exitUsage   = 2 // nothing was compared
)

// run is main with its surroundings as arguments.
func run(ctx context.Context, directory string, args []string, out, progress io.Writer) int {
	var f flags
	exited := false
	parser, err := kong.New(&f,
		kong.Name("against"),
		kong.Description("Compares the speed of the working tree with that of a commit."),
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
	if err == nil && f.Rounds < 1 {
		err = errors.New("--rounds must be positive")
	}
	var r *repository
	var commit string
	if err == nil {
		r, commit, err = f.open(ctx, directory)
	}
	if err != nil {
		fmt.Fprintf(progress, "against: %v\n", err)
		return exitUsage
	}
	if err := f.compare(ctx, r, commit, out, progress); err != nil {
		fmt.Fprintf(progress, "against: %v\n", err)
		return exitFailure
	}
	return exitOK
}

// open finds the repository and the commit, and refuses what would not be a
// comparison of two commits.
func (f *flags) open(ctx context.Context, directory string) (r *repository, commit string, err error) {
	if r, err = openRepository(ctx, directory); err != nil {
		return nil, "", err
	}
	if commit, err = r.commit(ctx, f.Ref); err != nil {
		return nil, "", err
	}
	changes, err := r.changes(ctx)
	if err != nil {
		return nil, "", err
	}
	if changes != "" && !f.Dirty {
		return nil, "", fmt.Errorf("the working tree has changes that are not committed; commit them, or say --dirty to measure them, too:\n%s", changes)
	}
	return r, commit, nil
}
