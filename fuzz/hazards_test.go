package fuzz

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// designed are the hazards of the design, by words that their lines must hold.
var designed = []string{
	"wrap-around", "sequence overflow", "stalled producer", "lost wake-up", "full ring", "gomaxprocs=1",
	"stop racing with submit", "withdraw and the close", "restart under load", "inside a winner", "never returns",
	"error in a function", "error in a policy", "error in a hook", "error in a registry",
	"slow subscribers", "absent subscribers", "million operations", "million targets",
	"memory goes back", "goroutines go back", "of zero", "less than nothing", "one nanosecond and of an hour", "side by side",
	"clock stepping", "suspended for seconds", "both extremes", "many producers", "zero uuid",
	"duplicate operation ids", "nil function", "already done", "in one shard",
}

var hazardLine = regexp.MustCompile(`(?m)^//\t(.+?): (\S+\.\S+(?:, \S+\.\S+)*)$`)

// TestHazards checks that every hazard has a line, and that every test that is
// named there exists.
func TestHazards(t *testing.T) {
	source, err := os.ReadFile("hazards.go")
	require.NoError(t, err)
	exists := testNames(t)
	lines := hazardLine.FindAllStringSubmatch(string(source), -1)
	var hazards []string
	for _, line := range lines {
		hazards = append(hazards, strings.ToLower(line[1]))
		for _, name := range strings.Split(line[2], ", ") {
			assert.True(t, exists[name], "%s: there is no test %s", line[1], name)
		}
	}
	for _, words := range designed {
		found := 0
		for _, h := range hazards {
			if strings.Contains(h, words) {
				found++
			}
		}
		assert.Equal(t, 1, found, "lines about %q", words)
	}
	require.Len(t, lines, strings.Count(string(source), "//\t"), "lines that are not understood")
	t.Logf("%d hazards, %d tests to choose from", len(lines), len(exists))
}

// testNames returns all tests of the module as package.Name, where the package is
// its directory's name.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	all := make(map[string]bool)
	for dir, files := range testFiles(t) {
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
					all[filepath.Base(dir)+"."+f.Name.Name] = true
				}
			}
		}
	}
	return all
}

// testFiles returns the test files of the module by directory, without those of
// nested modules.
func testFiles(t *testing.T) map[string][]string {
	t.Helper()
	all := make(map[string][]string)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case !entry.IsDir():
			if strings.HasSuffix(path, "_test.go") {
				all[filepath.Dir(path)] = append(all[filepath.Dir(path)], path)
			}
			return nil
		case path == root:
			return nil
		case strings.HasPrefix(entry.Name(), "."), entry.Name() == "testdata":
			return fs.SkipDir
		}
		if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
			return fs.SkipDir
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(all), 5)
	return all
}
