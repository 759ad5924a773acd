package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

// build is a way to build packages: what selects their files, and the size of an
// int. That -race selects files, too, is left out: they hold a constant of tests.
type build struct {
	env  string // GOARCH=386 and the like
	tags string
}

// build returns how a check builds what it tests.
func (c *check) build() (b build) {
	b.env = strings.Join(slices.DeleteFunc(slices.Clone(c.env), func(e string) bool {
		return !strings.HasPrefix(e, "GOARCH=") && !strings.HasPrefix(e, "GOOS=")
	}), " ")
	for i, arg := range c.args {
		if tags, ok := strings.CutPrefix(arg, "-tags="); ok {
			b.tags = tags
		} else if arg == "-tags" && i+1 < len(c.args) {
			b.tags = c.args[i+1]
		}
	}
	return b
}

func (b build) String() string { return strings.TrimSpace(b.env + " -tags=" + b.tags) }

func (b build) goarch() string {
	for e := range strings.FieldsSeq(b.env) {
		if arch, ok := strings.CutPrefix(e, "GOARCH="); ok {
			return arch
		}
	}
	return cmp.Or(os.Getenv("GOARCH"), runtime.GOARCH)
}

// unit is what is compiled at once, as go list says: a package, a package with the
// tests inside of it, or the tests outside of it.
type unit struct {
	Dir        string
	ImportPath string
	ForTest    string // the package, if with tests
	DepOnly    bool   // imported by what was asked for, only
	Export     string // the file with what others see of it, if it was compiled
	GoFiles    []string
	Imports    []string
	Module     *struct{ GoVersion string }
}

const fields = "Dir,ImportPath,ForTest,DepOnly,Export,GoFiles,Imports,Module"

// path is what an import of the unit says.
func (u *unit) path() string {
	path, _, _ := strings.Cut(u.ImportPath, " ")
	return path
}

// outside reports whether the unit is tests that import the package.
func (u *unit) outside() bool { return u.ForTest != "" && u.path() != u.ForTest }

// edited returns what is in some directories, with tests and without, each after
// what it imports of it.
func (b build) edited(ctx context.Context, root string, directories []string) ([]*unit, error) {
	all, err := b.list(ctx, root, append([]string{"-test"}, directories...))
	return slices.DeleteFunc(all, func(u *unit) bool { return u.DepOnly }), err
}

// compiled returns what units import, and has it compiled, without tests.
func (b build) compiled(ctx context.Context, root string, units []*unit) ([]*unit, error) {
	var imports []string
	for _, u := range units {
		imports = append(imports, u.Imports...)
	}
	slices.Sort(imports)
	imports = slices.DeleteFunc(slices.Compact(imports), func(path string) bool { return strings.Contains(path, " ") })
	return b.list(ctx, root, append([]string{"-export"}, imports...))
}

func (b build) list(ctx context.Context, root string, args []string) ([]*unit, error) {
	args = append([]string{"list", "-deps", "-tags=" + b.tags, "-json=" + fields}, args...)
	list := exec.CommandContext(ctx, "go", args...)
	list.Dir = root
	list.Env = append(list.Environ(), strings.Fields(b.env)...)
	var said strings.Builder
	list.Stderr = &said
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list, %s: %w\n%s", b, err, said.String())
	}
	return units(string(out))
}

func units(listed string) (all []*unit, err error) {
	in := json.NewDecoder(strings.NewReader(listed))
	for {
		u := new(unit)
		if err := in.Decode(u); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, u)
	}
}
