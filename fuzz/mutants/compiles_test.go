package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every mutant of the table compiles in each build that its checks use.
func TestTableCompiles(t *testing.T) {
	all, err := readTable("table")
	require.NoError(t, err)
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	for b, mutants := range byBuild(all) {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			c, err := newCompiler(t.Context(), b, root, mutants)
			require.NoError(t, err)
			for _, m := range mutants {
				if err := c.compile(m); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// byBuild returns which mutants are built how.
func byBuild(all []*mutant) map[build][]*mutant {
	builds := map[build][]*mutant{}
	for _, m := range all {
		own := map[build]bool{}
		for i := range m.checks {
			own[m.checks[i].build()] = true
		}
		for b := range own {
			builds[b] = append(builds[b], m)
		}
	}
	return builds
}

// floors is a module whose ground its tests and another package stand on.
var floors = map[string]string{
	"go.mod":             "module floors\n\ngo 1.25\n",
	"ground/tagged.go":   "//go:build tagged\n\npackage ground\n\nconst depth = 2\n",
	"ground/in_test.go":  "package ground\n\nvar _ = Height(1)\n",
	"ground/out_test.go": "package ground_test\n\nimport \"floors/ground\"\n\nvar _ = ground.Height(1)\n",
	"upper/upper.go":     "package upper\n\nimport \"floors/ground\"\n\nfunc height() int { return 1 + ground.Height(1) }\n",
	"ground/ground.go": `package ground

import "strconv"

func Height(a int) int {
	b := len(strconv.Itoa(a))
	return a + b
}
`,
}

// What the compiler says of mutants; nothing if they compile.
func TestMutantsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for name, text := range floors {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o666))
	}
	const (
		plain   = "check: ./ground\n"
		tagged  = "check: -race -tags tagged ./ground\n"
		ground  = "file: ground/ground.go\n"
		rename  = ground + "-Height(a\n+Depth(a\n"
		inside  = "file: ground/in_test.go\n-Height\n+Depth\n"
		outside = "file: ground/out_test.go\n-Height\n+Depth\n"
	)
	for edits, want := range map[string][]string{
		ground + "-a + b\n+b + a\n" + plain:         nil,
		ground + "-a + b\n+a + c\n" + plain:         {"table.txt:1: mutant m: does not compile with -tags=:\nground/ground.go:7:13: undefined: c"},
		ground + "-a + b\n+a\n" + plain:             {"ground/ground.go:6:2: declared and not used: b"},
		ground + "-strconv.Itoa(a)\n" + plain:       {"ground/ground.go:3:8: \"strconv\" imported and not used", "not enough arguments"},
		ground + "-a + b\n+a +\n" + plain:           {"ground/ground.go:8:1: expected operand"},
		ground + "-\"strconv\"\n+\"net\"\n" + plain: {"nothing that mutants edit imports net yet"},

		rename + plain:                    {"ground/in_test.go:3:9: undefined: Height", "ground/out_test.go:5:16: undefined: ground.Height"},
		rename + inside + outside + plain: nil, // though upper would not, which it does not edit
		rename + inside + outside + "file: upper/upper.go\n-Height\n+Depth\n" + plain: nil,
		rename + inside + outside + "file: upper/upper.go\n-1 + \n+2 + \n" + plain:    {"upper/upper.go:5:39: undefined: ground.Height"},

		"file: ground/tagged.go\n-2\n+depth\n" + plain:      {"with -tags=:\nnone of the edited files is built"},
		"file: ground/tagged.go\n-2\n+3\n" + tagged:         nil,
		"file: ground/tagged.go\n-2\n+a\n" + plain + tagged: {"with -tags=:\nnone of", "with -tags=tagged:\nground/tagged.go:5:15: undefined: a"},
	} {
		err := compiled(t, root, "mutant: m\nwhy: x\n"+edits)
		if want == nil {
			require.NoError(t, err, edits)
		}
		for _, want := range want {
			require.ErrorContains(t, err, want, edits)
		}
	}
}

// compiled compiles the only mutant of a table.
func compiled(t *testing.T, root, table string) (err error) {
	all, err := parse("table.txt", table)
	require.NoError(t, err)
	for b := range byBuild(all) {
		c, failed := newCompiler(t.Context(), b, root, all)
		require.NoError(t, failed)
		err = errors.Join(err, c.compile(all[0]))
	}
	return err
}

func TestBuilds(t *testing.T) {
	for text, want := range map[string]build{
		"./p":                       {},
		"-race -tags a,b ./p":       {tags: "a,b"},
		"GOMAXPROCS=1 -tags=a ./p":  {tags: "a"},
		"GOARCH=386 A=1 GOOS=b ./p": {env: "GOARCH=386 GOOS=b"},
	} {
		c, err := parseCheck(text)
		require.NoError(t, err)
		require.Equal(t, want, c.build(), text)
	}
	require.Equal(t, "386", build{env: "GOOS=linux GOARCH=386"}.goarch())
}
