package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"example.com/contend/fuzz/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soaked runs the command and returns its exit status and what it printed.
func soaked(ctx context.Context, args ...string) (status int, out, progress string) {
	var o, p bytes.Buffer
	status = run(ctx, args, &o, &p)
	return status, o.String(), p.String()
}

func TestShortSoak(t *testing.T) {
	status, out, progress := soaked(context.Background(), "--duration", "600ms", "--epoch", "300ms", "--burst", "500", "--window", "5ms", "--late", "1h")
	require.Equal(t, exitOK, status, out)
	for _, word := range []string{"completed", "withdrawn", "bursts", "restarts", "incidents", "goroutines", "wrongly won", "late", "nothing was wrong"} {
		assert.Contains(t, out, word)
	}
	assert.Contains(t, progress, "epoch 1:")
}

func TestBadFlags(t *testing.T) {
	for _, args := range []string{"--duration 0s", "--epoch 0s", "--window=-1s", "--submitters 0", "--burst=-1", "--late 0s", "--nonsense"} {
		status, out, errs := soaked(context.Background(), strings.Fields(args)...)
		assert.Equal(t, exitUsage, status, args)
		assert.Empty(t, out, args)
		assert.NotEmpty(t, errs, args)
	}
	status, out, _ := soaked(context.Background(), "--help")
	assert.Equal(t, exitOK, status)
	assert.Contains(t, out, "--duration")
}

// cancelling ends its context at the first line of progress, as Ctrl-C would.
type cancelling struct{ cancel context.CancelFunc }

func (c *cancelling) Write(b []byte) (int, error) { c.cancel(); return len(b), nil }

func TestInterruptedSoakStillReports(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var out bytes.Buffer
	status := run(ctx, []string{"--duration", "1h", "--epoch", "100ms", "--burst", "100", "--window", "2ms", "--late", "1h"}, &out, &cancelling{cancel})
	require.Equal(t, exitOK, status, out.String())
	require.Contains(t, out.String(), "1 epochs, interrupted")
}

// What is wrong is in the table, and in the exit status.
func TestTableOfWhatIsWrong(t *testing.T) {
	table := &table{found: map[string]int{}}
	table.add(&epoch{wrong: []model.Violation{{Kind: model.WronglyWon, Text: "7 won over 8"}}, after: usage{heap: 12}, before: usage{heap: 10}})
	require.True(t, table.wrong())
	var out bytes.Buffer
	table.print(&out)
	require.Contains(t, out.String(), "epoch 1: wrongly won: 7 won over 8")
	require.Contains(t, out.String(), "1.20")
}

// The checks of an epoch find what they look for.
func TestEpochFindsWhatIsLeft(t *testing.T) {
	f := &flags{Window: time.Millisecond, Burst: 1, Submitters: 1, Late: time.Second}
	found := func(spoil func(e *epoch)) (kinds []model.Kind) {
		e := newEpoch(context.Background(), f, 0, time.Millisecond)
		e.before = settledUsage()
		spoil(e)
		e.checkUsage()
		e.checkStats()
		for _, v := range e.wrong {
			kinds = append(kinds, v.Kind)
		}
		return kinds
	}
	require.Empty(t, found(func(e *epoch) { e.before.heap *= 2 }))
	require.Contains(t, found(func(e *epoch) { e.before.heap /= 2 }), model.Leftover)
	require.Contains(t, found(func(e *epoch) { e.before.goroutines-- }), model.Leftover)
	require.Contains(t, found(func(e *epoch) { e.count("completed") }), model.Vanished)
	require.Contains(t, found(func(e *epoch) { e.dice.incidents++ }), model.Kind("incidents"))
}
