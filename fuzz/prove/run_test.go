package main

import (
	"bytes"
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var things = regexp.MustCompile(`([\d,]+) things`)

func TestCountsAreAddedUp(t *testing.T) {
	n, err := runAll(context.Background(), []string{"echo 1,000 things", "TIMES=2 echo 2 things and 3 things"}, things, 2)
	require.NoError(t, err)
	require.EqualValues(t, 1005, n)
}

// A command that fails, does nothing or is not there does not count as done.
func TestFailuresAreTold(t *testing.T) {
	for command, want := range map[string]string{
		"ls 5 things":       "ls 5 things: exit status",
		"echo nothing":      "nothing in its output says what was done",
		"no-such-command 5": "no-such-command",
	} {
		_, err := runAll(context.Background(), []string{"echo 5 things", command}, things, 1)
		require.ErrorContains(t, err, want)
	}
}

func TestFewerThanAskedForFails(t *testing.T) {
	before := campaigns
	defer func() { campaigns = before }()
	campaigns = []campaign{{
		name: "x", what: "things", quick: 10, count: things,
		command: func(uint64, uint64) string { return "echo 9 things" },
	}}
	var out, failed bytes.Buffer
	require.Equal(t, 1, run(context.Background(), nil, &out, &failed))
	require.Contains(t, out.String(), "**9, fewer than 10**")
	require.Equal(t, 0, run(context.Background(), []string{"--scale", "0.9"}, &out, &failed))
	require.Equal(t, 2, run(context.Background(), []string{"--only", "("}, &out, &failed))
	require.Equal(t, 2, run(context.Background(), []string{"--scale", "0"}, &out, &failed))
}

// Halves do everything once.
func TestHalves(t *testing.T) {
	var got []uint64
	c := campaign{quick: 7, halves: true, command: func(n, seed uint64) string {
		got = append(got, n, seed)
		return ""
	}}
	c.commands(&flags{Scale: 1, Seed: 100})
	require.Equal(t, []uint64{4, 100, 3, 104}, got)
}
