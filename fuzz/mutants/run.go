package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// runner runs trials and reports them.
type runner struct {
	root    string
	jobs    int
	out     io.Writer
	tested  bool // the checks, without a mutant: it is known
	verbose bool
}

// result is how a trial ended.
type result struct {
	finding
	err error
}

// run reports false if a mutant was not noticed, or one that cannot be was. It
// fails if something else went wrong; then there is no knowing.
func (r *runner) run(ctx context.Context, all []trial) (ok bool, err error) {
	if len(all) == 0 {
		return false, fmt.Errorf("no such mutants")
	}
	began := time.Now()
	if err := r.applied(all); err != nil {
		return false, err
	}
	if !r.tested {
		if err := r.baseline(ctx, all); err != nil {
			return false, err
		}
	}
	var total totals
	var broken []error
	for t, result := range r.results(ctx, all) {
		if result.err != nil {
			broken = append(broken, result.err)
			continue
		}
		r.print(t, &result.finding)
		total.add(t, &result.finding)
	}
	total.print(r.out, time.Since(began))
	return total.ok(), errors.Join(broken...)
}

// applied returns an error for each mutant that does not apply.
func (r *runner) applied(all []trial) error {
	var broken []error
	var last *mutant
	for _, t := range all {
		if t.mutant != last {
			_, err := t.apply(r.root)
			broken = append(broken, err)
		}
		last = t.mutant
	}
	return errors.Join(broken...)
}

// baseline runs every check once without a mutant: what fails then finds nothing.
func (r *runner) baseline(ctx context.Context, all []trial) error {
	began := time.Now()
	var once []trial
	seen := map[string]bool{}
	for _, t := range all {
		if text := t.check.String(); !seen[text] {
			seen[text] = true
			once = append(once, trial{nil, t.check})
		}
	}
	var broken []error
	for t, result := range r.results(ctx, once) {
		switch {
		case result.err != nil:
			broken = append(broken, fmt.Errorf("without a mutant: %w", result.err))
		case result.noticed:
			broken = append(broken, fmt.Errorf("go test %s fails without a mutant: %s\n%s", t.check, result.reason, result.output))
		}
	}
	if broken != nil {
		return errors.Join(broken...)
	}
	fmt.Fprintf(r.out, "without a mutant: %d checks pass (%.0fs)\n", len(once), time.Since(began).Seconds())
	return nil
}

// results runs trials, several at a time, and yields them in order.
func (r *runner) results(ctx context.Context, all []trial) func(yield func(trial, result) bool) {
	return func(yield func(trial, result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		places := make(chan struct{}, r.jobs)
		done := make([]chan result, len(all))
		for i := range done {
			done[i] = make(chan result, 1)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for i, t := range all {
				places <- struct{}{}
				go func() {
					done[i] <- r.try(ctx, t)
					<-places
				}()
			}
			for range r.jobs {
				places <- struct{}{}
			}
		}()
		defer func() {
			cancel()
			<-ended
		}()
		for i, t := range all {
			if !yield(t, <-done[i]) {
				return
			}
		}
	}
}

// try runs one trial in a directory of its own.
func (r *runner) try(ctx context.Context, t trial) (out result) {
	if ctx.Err() != nil {
		return result{err: context.Cause(ctx)}
	}
	overlay := ""
	if t.mutant != nil {
		var directory string
		if directory, out.err = os.MkdirTemp("", "mutant"); out.err != nil {
			return out
		}
		defer os.RemoveAll(directory)
		if overlay, out.err = t.overlay(r.root, directory); out.err != nil {
			return out
		}
	}
	out.finding, out.err = t.check.test(ctx, r.root, overlay)
	if out.err != nil && t.mutant != nil {
		out.err = t.errorf("%v", out.err)
	}
	return out
}
