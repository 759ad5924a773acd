package fuzz

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the module's directory as seen from this package.
const root = ".."

// listed is a line of the list of dependencies.
type listed struct{ path, version, licence, reason string }

var listedLine = regexp.MustCompile(`(?m)^//\t(\S+\.\S+/\S+) +(v\S+) +(\S+) +(.+)$`)

// listedDependencies reads the list in supply.go.
func listedDependencies(t *testing.T) map[string]listed {
	t.Helper()
	source, err := os.ReadFile("supply.go")
	require.NoError(t, err)
	all := make(map[string]listed)
	for _, m := range listedLine.FindAllStringSubmatch(string(source), -1) {
		require.NotContains(t, all, m[1], "twice")
		all[m[1]] = listed{m[1], m[2], m[3], m[4]}
	}
	return all
}

// module is what go list and go mod edit tell about one.
type module struct {
	Path, Version, Dir string
	Indirect           bool
}

// goTool runs the go command in the module's directory.
func goTool(t *testing.T, args ...string) []byte {
	t.Helper()
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("without the go command: ", err)
	}
	command := exec.Command(tool, args...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "GOPROXY=off")
	out, err := command.Output()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, failed.Stderr)
	}
	require.NoError(t, err)
	return out
}

// required returns the modules that go.mod requires.
func required(t *testing.T) []module {
	t.Helper()
	var mod struct{ Require []module }
	require.NoError(t, json.Unmarshal(goTool(t, "mod", "edit", "-json"), &mod))
	require.NotEmpty(t, mod.Require)
	return mod.Require
}

// Every direct dependency is listed with its version, licence and reason, and
// nothing else is.
func TestDependencies(t *testing.T) {
	list := listedDependencies(t)
	for _, m := range required(t) {
		if m.Indirect {
			continue
		}
		assert.Contains(t, list, m.Path, "go.mod requires it, and supply.go does not say why")
		assert.Equal(t, m.Version, list[m.Path].version, "%s: go.mod and supply.go", m.Path)
		delete(list, m.Path)
	}
	assert.Empty(t, list, "not in go.mod any more")
}

// licences are known by these phrases, the more special before the more general.
var licences = []struct{ name, phrase string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"}, // of tests only: see below
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
}

// licenceOf returns the licence whose text lies in a directory, by its name.
func licenceOf(dir string) string {
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		base := strings.ToUpper(filepath.Base(name))
		if !strings.HasPrefix(base, "LICEN") && !strings.HasPrefix(base, "COPYING") {
			continue
		}
		text, _ := os.ReadFile(name)
		plain := strings.Join(strings.Fields(string(text)), " ")
		for _, l := range licences {
			if strings.Contains(plain, l.phrase) {
				return l.name
			}
		}
	}
	return "unknown"
}

// Every module that go.mod requires, indirect ones too, came with the text of a
// licence that is allowed, and of the one that is listed.
func TestLicences(t *testing.T) {
	list := listedDependencies(t)
	args := []string{"list", "-m", "-json"}
	for _, m := range required(t) {
		args = append(args, m.Path)
	}
	checked := 0
	for d := json.NewDecoder(strings.NewReader(string(goTool(t, args...)))); ; {
		var m module
		err := d.Decode(&m)
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if m.Dir == "" {
			t.Logf("%s is not in the module cache", m.Path)
			continue
		}
		checked++
		found := licenceOf(m.Dir)
		assert.NotEqual(t, "unknown", found, "%s has no licence that is allowed", m.Path)
		if found == "MPL-2.0" { // what changes of such a module's files would have to be published
			assert.True(t, strings.HasPrefix(list[m.Path].reason, "tests"), "%s is more than a tool of tests", m.Path)
		}
		if l, direct := list[m.Path]; direct {
			assert.Equal(t, l.licence, found, m.Path)
		}
	}
	if checked == 0 {
		t.Skip("the module cache is empty")
	}
	t.Logf("%d licences read", checked)
}

// The licences that are not allowed are not taken for one that is.
func TestLicenceOf(t *testing.T) {
	for text, want := range map[string]string{
		"GNU GENERAL PUBLIC LICENSE Version 3":                                          "unknown",
		"Mozilla Public License Version 2.0":                                            "MPL-2.0",
		"Apache License\n   Version 2.0, January 2004":                                  "Apache-2.0",
		"Permission is hereby granted, free\nof charge, to any person obtaining a copy": "MIT",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte(text), 0o600))
		assert.Equal(t, want, licenceOf(dir))
	}
	assert.Equal(t, "unknown", licenceOf(t.TempDir()))
}

// What is in the module cache is what go.sum says.
func TestModulesAreWhatTheyWere(t *testing.T) {
	require.Contains(t, string(goTool(t, "mod", "verify")), "all modules verified")
}

// No goroutine may outlive a package's tests, but for those that package loom leaves
// where they are when an execution fails, as its tests make some do.
func TestEveryPackageLooksForLeaks(t *testing.T) {
	for dir, files := range testFiles(t) {
		if dir == "../fuzz/loom" {
			continue
		}
		found := false
		for _, f := range files {
			source, err := os.ReadFile(f)
			require.NoError(t, err)
			found = found || strings.Contains(string(source), "goleak.VerifyTestMain(m)")
		}
		assert.True(t, found, "no TestMain with goleak in %s", dir)
	}
}
