package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// journal plays a short load with a journal.
func journal(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal")
	trace := writeTrace(t, "target\n00000000000000aa\n00000000000000aa\n00000000000000bb\n")
	status, out, problems := loadgen(context.Background(), "--trace", trace, "--rate", "10k", "--window", "5ms", "--journal", file)
	require.Equal(t, exitOK, status, problems)
	assert.Regexp(t, `journal +0 +blocks lost`, out)
	return file
}

// What was written during a load can be replayed: on a machine as busy as may be, all
// three operations can have windows of their own.
func TestReplayOfALoad(t *testing.T) {
	status, out, problems := loadgen(context.Background(), "replay", journal(t))
	require.Equal(t, exitOK, status, problems)
	assert.Regexp(t, "3 operations on 2 targets, [23] decisions", out)
	assert.Contains(t, out, "agree with the journal's checksums")
}

// conflict writes the journal of two windows in virtual time, one of which two
// operations meet in.
func conflict(t *testing.T) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		e, err := engine.New(engine.Config{Journal: file})
		require.NoError(t, err)
		for _, target := range []uuid.UUID{{0xaa}, {0xaa}, {0xbb}} {
			_, err := engine.Submit(context.Background(), e, engine.Op{Target: target, Priority: engine.Normal},
				func(context.Context) (int, error) { return 0, nil })
			require.NoError(t, err)
		}
		require.NoError(t, e.Stop(context.Background()))
	})
	require.NoError(t, file.Close())
	return file.Name()
}

func TestReplayTellsATargetsHistory(t *testing.T) {
	file := conflict(t)
	status, out, problems := loadgen(context.Background(), "replay", file)
	require.Equal(t, exitOK, status, problems)
	assert.Contains(t, out, "3 operations on 2 targets, 2 decisions")
	assert.Contains(t, out, "agree with the journal's checksums")

	status, out, problems = loadgen(context.Background(), "replay", file, "--target", "hottest")
	require.Equal(t, exitOK, status, problems)
	assert.Regexp(t, `(?s)history of .*staged +\d/\d, priority.*staged.*decided +number 1, a window of .*: 2 contended.*(won.*lost|lost.*won)`, out)
}

// A journal whose decisions are not what the core decides, or that is none, is
// an error, as is what cannot be told.
func TestReplayRefuses(t *testing.T) {
	file := journal(t)
	bytes, err := os.ReadFile(file)
	require.NoError(t, err)
	bytes[40]++ // of the first block: with a damaged length it would seem to end there
	damaged := filepath.Join(t.TempDir(), "damaged")
	require.NoError(t, os.WriteFile(damaged, bytes, 0o600))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{damaged}, "damaged"},
		{[]string{file + "not"}, "no such file"},
		{[]string{writeTrace(t, "target\n")}, "not a journal"},
		{[]string{file, "--target", "nobody"}, "want a UUID or hottest"},
		{[]string{file, "--target", "00000000-0000-0000-0000-000000000001"}, "is not in"},
		{nil, "file"},
	} {
		status, _, problems := loadgen(context.Background(), append([]string{"replay"}, c.args...)...)
		assert.Equal(t, exitUsage, status, c.args)
		assert.Contains(t, problems, c.want)
	}
}
