package main

import (
	"cmp"
	"context"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// compiler finds what the compiler would say of mutants that are built alike.
type compiler struct {
	build
	sources
	units    []*unit // what is edited, after what it imports
	imported types.Importer
}

func newCompiler(ctx context.Context, b build, root string, mutants []*mutant) (*compiler, error) {
	edited, err := b.edited(ctx, root, directories(mutants))
	if err != nil {
		return nil, err
	}
	compiled, err := b.compiled(ctx, root, edited)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	return &compiler{
		build:    b,
		sources:  sources{root, fset, map[string]*source{}},
		units:    largest(edited),
		imported: importer.ForCompiler(fset, "gc", exports(compiled)),
	}, nil
}

// directories returns where mutants edit, as go list wants it.
func directories(mutants []*mutant) (all []string) {
	for _, m := range mutants {
		for _, e := range m.edits {
			all = append(all, "./"+filepath.ToSlash(filepath.Dir(e.file)))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// largest takes each package with the tests inside of it, if there are some. It
// leaves out the programs that go test makes.
func largest(all []*unit) (some []*unit) {
	inside := map[string]*unit{}
	for _, u := range all {
		if u.ForTest == u.path() {
			inside[u.ForTest] = u
		}
	}
	for _, u := range all {
		switch {
		case u.outside():
			some = append(some, u)
		case u.ForTest == "" && !strings.HasSuffix(u.ImportPath, ".test"):
			some = append(some, cmp.Or(inside[u.ImportPath], u))
		}
	}
	return some
}

// exports finds what packages export, as they are without mutants.
func exports(compiled []*unit) importer.Lookup {
	files := map[string]string{}
	for _, u := range compiled {
		files[u.ImportPath] = u.Export
	}
	return func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("nothing that mutants edit imports %s yet", path)
		}
		return os.Open(files[path])
	}
}
