package main

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

func command(args ...string) (status int, out, progress string) {
	var o, p bytes.Buffer
	status = run(context.Background(), args, &o, &p)
	return status, o.String(), p.String()
}

func TestCommandLine(t *testing.T) {
	status, out, _ := command("--help")
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "garbage")

	status, _, progress := command("--no-such-flag")
	require.Equal(t, exitUsage, status)
	require.Contains(t, progress, "growth:")

	for _, only := range []string{"(", "nosuch"} {
		status, _, progress = command("--only", only)
		require.Equal(t, exitUsage, status)
		require.Contains(t, progress, "--only")
	}

	status, _, progress = command("garbage", "--duration", "0s")
	require.Equal(t, exitUsage, status)
	require.Contains(t, progress, "--duration")
}

// Every curve has a job for each of its points, and the model for each machine.
func TestJobs(t *testing.T) {
	c := curvesCommand{}
	for _, all := range []curve{c.overTargets(), c.overInFlight(), c.overProducers(), c.overShards()} {
		for _, s := range all.series {
			require.NotEmpty(t, s.jobs)
			if s.at != nil {
				require.Len(t, s.at, len(s.jobs))
			}
			for _, j := range s.jobs {
				require.NoError(t, j.Point.Workload.Validate())
				require.Positive(t, j.Rounds)
			}
		}
	}
	want := len(machineParts)
	for i := range loads {
		want += 1 + len(loads[i].machines())
	}
	require.Len(t, c.modelJobs(), want)
}
