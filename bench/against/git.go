package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repository is a working tree of git's.
type repository struct{ root string }

func openRepository(ctx context.Context, directory string) (*repository, error) {
	root, err := command(ctx, directory, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, fmt.Errorf("not in a git repository: %w", err)
	}
	return &repository{root}, nil
}

// commit returns the hash of the commit that a ref names.
func (r *repository) commit(ctx context.Context, ref string) (string, error) {
	hash, err := command(ctx, r.root, "git", "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%q names no commit here; git tag and git log tell what there is", ref)
	}
	return hash, nil
}

// changes returns what is not committed, a line for each file, or "".
func (r *repository) changes(ctx context.Context) (string, error) {
	return command(ctx, r.root, "git", "status", "--porcelain")
}

// checkOut makes a worktree of a commit in a temporary directory and returns it, and
// what removes it again, also when ctx has ended meanwhile.
func (r *repository) checkOut(ctx context.Context, commit string) (tree string, remove func() error, err error) {
	parent, err := os.MkdirTemp("", "against-")
	if err != nil {
		return "", nil, err
	}
	tree = filepath.Join(parent, "tree")
	remove = func() error {
		still := context.WithoutCancel(ctx)
		_, err := command(still, r.root, "git", "worktree", "remove", "--force", tree)
		err = errors.Join(err, os.RemoveAll(parent))
		if err != nil {
			_, prune := command(still, r.root, "git", "worktree", "prune")
			err = errors.Join(err, prune)
		}
		return err
	}
	if _, err := command(ctx, r.root, "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		remove() // whatever there is; what went wrong is told by err
		return "", nil, err
	}
	return tree, remove, nil
}

// command runs a program and returns what it printed, or an error with what it
// complained about.
func command(ctx context.Context, directory, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = directory
	c.Env = append(os.Environ(), "GOWORK=off")
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.Output()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, complaint.String(), out)
	}
	return strings.TrimRight(string(out), "\n"), nil
}
