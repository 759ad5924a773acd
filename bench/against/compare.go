package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// benchstat is what compares: a version that is known to work.
const benchstat = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

// side is one of the two that are compared.
type side struct {
	name    string // of its column
	tree    string
	program string // its benchmarks
	results strings.Builder
}

// compare checks the commit out, runs both sides and prints the comparison. Of the
// worktree nothing is left.
func (f *flags) compare(ctx context.Context, r *repository, commit string, out, progress io.Writer) (err error) {
	tree, remove, err := r.checkOut(ctx, commit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	work := filepath.Dir(tree)
	sides := []*side{{name: shortName(f.Ref), tree: tree}, {name: "working-tree", tree: r.root}}
	for i, s := range sides {
		fmt.Fprintf(progress, "building %s\n", s.name)
		s.program = filepath.Join(work, fmt.Sprintf("side%d.test", i))
		if _, err := command(ctx, s.tree, "go", "test", "-c", "-o", s.program, f.Package); err != nil {
			return fmt.Errorf("%s does not build: %w", s.name, err)
		}
	}
	if err := f.rounds(ctx, sides, progress); err != nil {
		return err
	}
	return summarize(ctx, work, sides, out)
}

// rounds runs the sides in turns; who begins alternates.
func (f *flags) rounds(ctx context.Context, sides []*side, progress io.Writer) error {
	for round := range f.Rounds {
		for i := range sides {
			s := sides[(round+i)%len(sides)]
			began := time.Now()
			text, err := command(ctx, filepath.Join(s.tree, f.Package), s.program,
				"-test.run=^$", "-test.bench="+f.Bench, "-test.benchtime="+f.Benchtime)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if !strings.Contains(text, "\nBenchmark") {
				return fmt.Errorf("%s has no benchmark in %s that matches %q", s.name, f.Package, f.Bench)
			}
			fmt.Fprintf(&s.results, "%s\n", text)
			fmt.Fprintf(progress, "round %d of %d: %s, %v\n", round+1, f.Rounds, s.name, time.Since(began).Round(100*time.Millisecond))
		}
	}
	return nil
}

// summarize prints what benchstat says.
func summarize(ctx context.Context, work string, sides []*side, out io.Writer) error {
	args := []string{"run", benchstat}
	for i, s := range sides {
		file := filepath.Join(work, fmt.Sprintf("side%d.txt", i))
		if err := os.WriteFile(file, []byte(s.results.String()), 0o666); err != nil {
			return err
		}
		args = append(args, s.name+"="+file)
	}
	table, err := command(ctx, work, "go", args...)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, table)
	return nil
}

// shortName makes a column's name of a ref: benchstat's have no = in them.
func shortName(ref string) string { return strings.ReplaceAll(ref, "=", "-") }
