// Command mutants breaks the code on purpose and looks whether the tests that
// are meant to notice do: each checker ships with a bug that it must catch.
//
//	go run ./fuzz/mutants              the whole table
//	go run ./fuzz/mutants -canaries    quick bugs for the checkers that find most
//	go run ./fuzz/mutants -only wheel -v
//
// A mutant is a few lines in a file of table/, for instance
//
//	mutant: tie-to-the-last
//	why: R5: among equals the first submitted wins
//	file: shard/policy.go
//	-return challenger > best
//	+return challenger >= best
//	canary: ./fuzz -run ^FuzzCore$
//	check: ./shard -run ^TestCoreScripts$
//
// that say what rule or hazard it breaks, the old text, which must occur exactly
// once in its file, and the new. Lines that begin with - and + are followed by
// Go as it stands, tabs included; there can be several such edits, and several
// files. A check is what follows "go test", after environment variables if any
// (GOMAXPROCS=1 -race -tags explore ./ring -run …); each check of a mutant has to
// notice. A canary is a check that is also run with -canaries. Lines that begin
// with # are comments. A mutant that no test can notice says why:
//
//	survives: the two are equal, since …
//
// Mutants are applied with an overlay, so the working tree is never touched. At
// first every check has to pass without any mutant; with -tested that is taken for
// granted, as in CI, which has just run them. Each has to run at least one test.
// Then it notices a mutant if a test fails. A mutant that does not compile, or
// whose old text is gone, is an error and no catch. The tests of this command find
// both in seconds, without running a mutant, so the table cannot rot between two
// runs. What hangs counts if the test binary's own -timeout says so. The exit status
// is 1 if a check did not notice, or noticed what is explained as surviving.
//
// The generic mutants, which change operators all over a package, are made by
// gremlins; see gremlins.sh, and SURVIVORS.md for what no test kills and why.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	status, err := command(ctx, ".", os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
	}
	stop()
	os.Exit(status)
}

// command is main with its surroundings as arguments: it is about the module
// that the directory is in. It returns the exit status: 0 if all is well, 1 if a
// mutant survived, 2 with an error.
func command(ctx context.Context, directory string, args []string, out io.Writer) (status int, err error) {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := flags.String("only", "", "only mutants whose name matches the `regexp`")
	canaries := flags.Bool("canaries", false, "only the canaries")
	tested := flags.Bool("tested", false, "the checks are known to pass without a mutant; do not try")
	jobs := flags.Int("jobs", 2, "how many checks to run at a time")
	verbose := flags.Bool("v", false, "print what each check said, and why each mutant is wrong")
	table := flags.String("table", "", "the `directory` of the mutants, by default that of this command")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0, nil
	case err != nil:
		return 2, err
	}
	if flags.NArg() > 0 {
		return 2, fmt.Errorf("%q is no flag: name mutants with -only", flags.Arg(0))
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return 2, err
	}
	root, err := moduleRoot(ctx, directory)
	if err != nil {
		return 2, err
	}
	if *table == "" {
		*table = filepath.Join(root, "fuzz", "mutants", "table")
	}
	all, err := readTable(*table)
	if err != nil {
		return 2, err
	}
	r := &runner{root: root, jobs: max(1, *jobs), out: out, tested: *tested, verbose: *verbose}
	ok, err := r.run(ctx, trials(all, wanted, *canaries))
	switch {
	case err != nil:
		return 2, err
	case !ok:
		return 1, nil
	}
	return 0, nil
}

// moduleRoot returns the root of the module that a directory is in.
func moduleRoot(ctx context.Context, directory string) (string, error) {
	env := exec.CommandContext(ctx, "go", "env", "GOMOD")
	env.Dir = directory
	out, err := env.Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if filepath.Base(file) != "go.mod" {
		return "", fmt.Errorf("not inside of a module")
	}
	return filepath.Dir(file), nil
}
