package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var things = &campaign{count: regexp.MustCompile(`([\d,]+) things`)}

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
		name: "x", what: "things", quick: 10, count: things.count,
		commands: one("echo 9 things"),
	}}
	var out, failed bytes.Buffer
	require.Equal(t, 1, run(context.Background(), nil, &out, &failed))
	require.Contains(t, out.String(), "**9, fewer than 10**")
	require.Equal(t, 0, run(context.Background(), []string{"--scale", "0.9"}, &out, &failed))
	require.Equal(t, 2, run(context.Background(), []string{"--only", "("}, &out, &failed))
	out.Reset()
	require.Equal(t, 0, run(context.Background(), []string{"--help"}, &out, &failed))
	require.NotContains(t, out.String(), "things", "it ran after the help")
	require.Equal(t, 2, run(context.Background(), []string{"--scale", "0"}, &out, &failed))
}

// What grows as it is printed counts once.
func TestLastCountCounts(t *testing.T) {
	growing := &campaign{count: things.count, last: true}
	require.EqualValues(t, 7, growing.counted("3 things\n5 things\n7 things\n"))
}

// Halves do everything once.
func TestHalves(t *testing.T) {
	require.Equal(t, []string{"do 4 from 100", "do 3 from 104"}, halves("do AMOUNT from SEED")(7, 100))
}

// Every fuzz target of the module takes part, and all of them do everything.
func TestFuzzTargets(t *testing.T) {
	listed, shares := map[string]bool{}, uint64(0)
	for _, f := range fuzzTargets {
		listed[f.folder+"."+f.name] = true
		shares += f.share
	}
	require.EqualValues(t, 100, shares)
	found := map[string]bool{}
	files, err := filepath.Glob("../../*/*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`(?m)^func (Fuzz\w+)`).FindAllSubmatch(source, -1) {
			found[filepath.Base(filepath.Dir(file))+"."+string(match[1])] = true
		}
	}
	require.Equal(t, found, listed)
}
