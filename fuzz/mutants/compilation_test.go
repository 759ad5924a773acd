package main

import (
	"errors"
	"go/ast"
	"go/types"
	"path/filepath"
)

// compilation is that of one mutant.
//
// Most mutants change nothing but the bodies of functions. Then no other file can
// be broken than those that they edit, and of the others nothing but the outline is
// read. Else all is: the package, the tests inside of it and those outside.
//
// What is imported is as it is without the mutant, unless the mutant edits it, too.
// So one that changes what a package exports can break another package, which it
// does not edit, and that is not found; nor is a cycle of initialization through
// the body of a function that was not read.
type compilation struct {
	*compiler
	edited  map[string]*source
	deep    bool                      // not only bodies have changed
	built   bool                      // one of the edited files is
	checked map[string]*types.Package // with the edits
}

// compile returns an error if a mutant does not compile.
func (c *compiler) compile(m *mutant) error {
	changed, err := m.apply(c.root)
	if err != nil {
		return err
	}
	x := compilation{compiler: c, edited: map[string]*source{}, checked: map[string]*types.Package{}}
	for path, text := range changed {
		if err := x.edit(path, text); err != nil {
			return m.errorf("does not compile: %v", err)
		}
	}
	if err := x.all(); err != nil {
		return m.errorf("does not compile with %s:\n%v", c.build, err)
	}
	return nil
}

func (x *compilation) edit(path, text string) error {
	before, err := x.file(path)
	if err != nil {
		return err
	}
	after, err := x.parse(path, text)
	if err != nil {
		return err
	}
	x.edited[path] = after
	x.deep = x.deep || after.outline != before.outline
	return nil
}

// all checks the units that may be broken.
func (x *compilation) all() error {
	var broken []error
	for _, u := range x.units {
		if x.concerns(u) {
			broken = append(broken, x.check(u))
		}
	}
	if !x.built {
		broken = append(broken, errors.New("none of the edited files is built"))
	}
	return errors.Join(broken...)
}

func (x *compilation) concerns(u *unit) bool {
	for path := range x.edited {
		if filepath.Dir(path) == u.Dir {
			return x.deep || !u.outside()
		}
	}
	return false
}

// check checks a unit with the edits.
func (x *compilation) check(u *unit) error {
	files, err := x.files(u)
	if err != nil {
		return err
	}
	var broken []error
	config := types.Config{
		Importer:  x,
		Sizes:     types.SizesFor("gc", x.goarch()),
		GoVersion: "go" + u.Module.GoVersion,
		Error: func(err error) {
			if x.meant(err) {
				broken = append(broken, err)
			}
		},
	}
	x.checked[u.path()], _ = config.Check(u.path(), x.fset, files, nil) // its error was the first of them
	return errors.Join(broken...)
}

// files returns what there is to check of the files of a unit.
func (x *compilation) files(u *unit) (all []*ast.File, err error) {
	for _, name := range u.GoFiles {
		path := filepath.Join(u.Dir, name)
		f, edited := x.edited[path]
		if !edited {
			if f, err = x.file(path); err != nil {
				return nil, err
			}
		}
		x.built = x.built || edited
		if edited || x.deep {
			all = append(all, f.whole)
		} else {
			all = append(all, f.bare)
		}
	}
	return all, nil
}

// meant reports whether an error is none of those that a file has for want of its
// bodies, such as an import that is not used.
func (x *compilation) meant(err error) bool {
	var e types.Error
	if x.deep || !errors.As(err, &e) {
		return true
	}
	return x.edited[filepath.Join(x.root, x.fset.Position(e.Pos).Filename)] != nil
}

// Import returns what a unit imports.
func (x *compilation) Import(path string) (*types.Package, error) {
	if p := x.checked[path]; p != nil {
		return p, nil
	}
	return x.imported.Import(path)
}
