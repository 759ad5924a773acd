package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var background = context.Background()

// newRepository makes a repository with one commit of a package with a benchmark.
func newRepository(t *testing.T) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("needs git")
	}
	for _, v := range []string{"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"} { // of a hook that runs the tests
		t.Setenv(v, "")
		os.Unsetenv(v)
	}
	t.Setenv("TMPDIR", t.TempDir())
	r := &repository{t.TempDir()}
	write(t, r, "go.mod", "module example.com/measured\n\ngo 1.25.0\n")
	write(t, r, "some_test.go", "package measured\n\nimport \"testing\"\n\nfunc BenchmarkSome(b *testing.B) {}\n")
	git(t, r, "init", "--quiet")
	git(t, r, "add", ".")
	git(t, r, "-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "--quiet", "-m", "first")
	return r
}

func write(t *testing.T, r *repository, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(r.root, file), []byte(text), 0o666))
}

func git(t *testing.T, r *repository, args ...string) string {
	t.Helper()
	out, err := command(background, r.root, "git", args...)
	require.NoError(t, err)
	return out
}

// nothingStays checks that no worktree and no file is left.
func nothingStays(t *testing.T, r *repository) {
	t.Helper()
	require.Len(t, strings.Split(git(t, r, "worktree", "list"), "\n"), 1)
	left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "against-*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func against(r *repository, args ...string) (status int, complaint string) {
	var out, progress bytes.Buffer
	status = run(background, r.root, args, &out, &progress)
	return status, progress.String()
}

func TestUsage(t *testing.T) {
	r := newRepository(t)
	status, complaint := against(r)
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, "<ref>")

	status, complaint = against(r, "no-such-ref")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, `"no-such-ref" names no commit`)

	status, complaint = against(r, "--", "--exec=x")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, "names no commit")

	status, complaint = against(r, "HEAD", "--rounds", "0")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, "--rounds")

	status, complaint = against(&repository{t.TempDir()}, "HEAD")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, "not in a git repository")
	nothingStays(t, r)
}

func TestDirty(t *testing.T) {
	r := newRepository(t)
	write(t, r, "other.go", "package measured\n")
	status, complaint := against(r, "HEAD")
	require.Equal(t, exitUsage, status)
	require.Contains(t, complaint, "other.go")
	require.Contains(t, complaint, "--dirty")
}

// Whatever goes wrong, the worktree is removed.
func TestWorktreeIsRemoved(t *testing.T) {
	r := newRepository(t)
	status, complaint := against(r, "HEAD", "--package", ".", "--bench", "Other", "--rounds", "1")
	require.Equal(t, exitFailure, status)
	require.Contains(t, complaint, `no benchmark in . that matches "Other"`)
	nothingStays(t, r)

	write(t, r, "some_test.go", "package measured\n\nvar x int = \"\"\n")
	status, complaint = against(r, "HEAD", "--package", ".", "--dirty")
	require.Equal(t, exitFailure, status)
	require.Contains(t, complaint, "working-tree does not build")
	nothingStays(t, r)
}

// Also when it is told to stop meanwhile.
func TestWorktreeIsRemovedWhenInterrupted(t *testing.T) {
	r := newRepository(t)
	ctx, cancel := context.WithCancel(background)
	commit, err := r.commit(ctx, "HEAD")
	require.NoError(t, err)
	tree, remove, err := r.checkOut(ctx, commit)
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(tree, "some_test.go"))
	cancel()
	require.NoError(t, remove())
	nothingStays(t, r)

	_, _, err = r.checkOut(ctx, commit)
	require.ErrorIs(t, err, context.Canceled)
	nothingStays(t, r)
}
