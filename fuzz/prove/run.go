package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// runAll runs commands, some at a time, and adds up what they did.
func runAll(ctx context.Context, commands []string, c *campaign, jobs int) (total int64, err error) {
	var mu sync.Mutex
	var running sync.WaitGroup
	slots := make(chan struct{}, jobs)
	for _, command := range commands {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			n, failure := runOne(ctx, command, c)
			mu.Lock()
			defer mu.Unlock()
			if total += n; err == nil {
				err = failure
			}
		})
	}
	running.Wait()
	return total, err
}

// runOne runs a command: environment variables, a program and its arguments.
func runOne(ctx context.Context, command string, c *campaign) (done int64, err error) {
	words := strings.Fields(command)
	env := os.Environ()
	for strings.Contains(words[0], "=") {
		env = append(env, words[0])
		words = words[1:]
	}
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", command, err, lastLines(out.String(), 60))
	}
	if done = c.counted(out.String()); done == 0 {
		return 0, fmt.Errorf("%s: nothing in its output says what was done\n%s", command, lastLines(out.String(), 20))
	}
	return done, nil
}

// counted finds in an output what was done.
func (c *campaign) counted(output string) (total int64) {
	for _, match := range c.count.FindAllStringSubmatch(output, -1) {
		n, _ := strconv.ParseInt(strings.ReplaceAll(match[1], ",", ""), 10, 64)
		if c.last {
			total = 0
		}
		total += n
	}
	return total
}

// lastLines returns the end of an output.
func lastLines(output string, most int) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
