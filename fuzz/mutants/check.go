package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
)

// finding is what a check made of the code.
type finding struct {
	noticed bool
	reason  string // the first test that failed, and what it said
	effort  string // how much it took to find, if the check says so
	took    time.Duration
	output  string
}

// Bounds of one check. A test that hangs is ended by its own timeout, which
// counts as noticed; what is ended by patience does not.
const (
	testTimeout = "60s"
	patience    = 10 * time.Minute
)

// test runs a check, with an overlay or without.
func (c *check) test(ctx context.Context, root, overlay string) (f finding, err error) {
	args := []string{"test", "-vet=off", "-failfast", "-timeout", testTimeout}
	if overlay != "" {
		args = append(args, "-count=1", "-overlay", overlay)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(args, c.args...)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), c.env...)
	cmd.WaitDelay = time.Second
	began := time.Now()
	output, err := cmd.CombinedOutput()
	f = finding{took: time.Since(began), output: string(output)}
	if ctx.Err() != nil {
		return f, fmt.Errorf("go test %s: no end: %w", c, context.Cause(ctx))
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return f, c.ran(f.output)
	case !errors.As(err, &exit):
		return f, err
	}
	return f.judged(c)
}

// ran returns an error if a check that passed ran no test.
func (c *check) ran(output string) error {
	for _, nothing := range []string{"[no tests to run]", "[no test files]", "matched no packages"} {
		if strings.Contains(output, nothing) {
			return fmt.Errorf("go test %s: %s", c, nothing)
		}
	}
	return nil
}

// judged tells a test that failed from a go test that did.
func (f finding) judged(c *check) (finding, error) {
	for _, broken := range []string{"[build failed]", "[setup failed]", "flag provided but not defined", "no required module provides"} {
		if strings.Contains(f.output, broken) {
			return f, fmt.Errorf("go test %s: %s:\n%s", c, broken, f.output)
		}
	}
	f.reason = reason(f.output)
	if f.reason == "" {
		return f, fmt.Errorf("go test %s: failed, but no test did:\n%s", c, f.output)
	}
	f.noticed, f.effort = true, effort(f.output)
	return f, nil
}

var (
	failed   = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+) \(`)
	running  = regexp.MustCompile(`running tests:\n\t+(\S+)`)
	crashed  = regexp.MustCompile(`(?m)^(?:panic: |fatal error: |WARNING: (DATA RACE)|(goleak: )Errors on successful test run: )(.*)$`)
	asserted = regexp.MustCompile(`(?m)^\s+Error: +\t(.*(?:error|equal):\s*\n.*|.*)$`)
	logged   = regexp.MustCompile(`(?m)^ +\w+_test\.go:\d+: (.*\S)$`)
	timedOut = regexp.MustCompile(`panic: test timed out after (\S+)`)
)

// reason returns in a line which test failed first and why, empty if none did.
func reason(output string) string {
	test := firstFailed(output)
	crash := crashed.FindStringSubmatch(output)
	if test == "" && crash == nil {
		return ""
	}
	said := ""
	if t := timedOut.FindStringSubmatch(output); t != nil {
		if r := running.FindStringSubmatch(output); r != nil && test == "" {
			test = r[1]
		}
		said = "by timeout, after " + t[1]
	} else if crash != nil {
		said = strings.Join(slices.DeleteFunc(crash[1:], func(s string) bool { return s == "" }), "")
	} else if m := cmpFirst(asserted, logged)(output); m != nil {
		said = m[1]
	}
	return strings.Trim(test+": "+strings.Join(strings.Fields(said), " "), ": ")
}

// firstFailed returns the name of the first test that failed, that of its subtest
// if it is due to one.
func firstFailed(output string) (test string) {
	for _, m := range failed.FindAllStringSubmatch(output, -1) {
		if test != "" && !strings.HasPrefix(m[1], test+"/") {
			break
		}
		test = m[1]
	}
	return test
}

// cmpFirst returns a search for the first expression that matches.
func cmpFirst(all ...*regexp.Regexp) func(string) []string {
	return func(text string) []string {
		for _, r := range all {
			if m := r.FindStringSubmatch(text); m != nil {
				return m
			}
		}
		return nil
	}
}

// What a check says about how much it took.
var (
	executions = regexp.MustCompile(`found after (\d+) executions`)
	seed       = regexp.MustCompile(`-seed (\d+)\b`)
)

func effort(output string) string {
	if m := executions.FindStringSubmatch(output); m != nil {
		return m[1] + " executions"
	}
	if m := seed.FindStringSubmatch(output); m != nil {
		return "seed " + m[1]
	}
	return ""
}
