package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// subject is a module with a test, on which mutants are tried.
var subject = map[string]string{
	"go.mod": "module subject\n\ngo 1.25\n",
	"larger.go": `package subject

func larger(a, b int) int {
	if a > b {
		return a
	}
	return b
}
`,
	"larger_test.go": `package subject

import (
	"testing"
	"time"
)

func TestLarger(t *testing.T) {
	for _, got := range []int{larger(1, 2), larger(2, 1), larger(2, 2)} {
		if got != 2 {
			t.Run("sub", func(t *testing.T) { t.Fatalf("found after 3 executions: got %d", got) })
		}
	}
}

func TestFails(t *testing.T) { t.Fatal("always") }

func TestHangs(t *testing.T) {
	if larger(1, 2) == 1 {
		time.Sleep(time.Hour)
	}
}
`,
}

// subjectRoot writes the subject into a directory.
func subjectRoot(t *testing.T) string {
	root := t.TempDir()
	for name, text := range subject {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o666))
	}
	return root
}

// on runs the command on the subject with a table, and returns what it printed
// with its error.
func on(t *testing.T, root, table string, args ...string) (status int, said string) {
	t.Helper()
	tables := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(tables, "table.txt"), []byte(table), 0o666))
	var out strings.Builder
	status, err := command(context.Background(), root, append(args, "-table", tables), &out)
	for name, text := range subject {
		left, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.Equal(t, text, string(left), "the working tree is not touched")
	}
	if err != nil {
		out.WriteString(err.Error())
	}
	return status, out.String()
}

// mutating makes a mutant of the subject that a test is to catch.
func mutating(old, new string) string {
	return "mutant: one\nwhy: it is wrong\nfile: larger.go\n-" + old + "\n+" + new + "\n"
}

const larger = "check: . -run ^TestLarger$\n"

func TestCaught(t *testing.T) {
	t.Parallel()
	root := subjectRoot(t)
	status, said := on(t, root, mutating("a > b", "a < b")+larger+"canary: . -run ^TestHangs$ -timeout 200ms\n")
	require.Zero(t, status, said)
	require.Contains(t, said, "without a mutant: 2 checks pass")
	require.Contains(t, said, "TestLarger/sub: found after 3 executions: got 1\n")
	require.Contains(t, said, "3 executions\n")
	require.Contains(t, said, "TestHangs: by timeout, after 200ms")
	require.Contains(t, said, "1 of 1 mutants caught by all of their checks, 0 survive with an explanation, 0 are not as they should be; 1 of 1 canaries found")
}

// Checks that are known to pass are run with mutants only.
func TestTested(t *testing.T) {
	t.Parallel()
	root := subjectRoot(t)
	status, said := on(t, root, mutating("a > b", "a < b")+larger, "-tested")
	require.Zero(t, status, said)
	require.NotContains(t, said, "without a mutant")
	require.Contains(t, said, "1 of 1 mutants caught")

	status, said = on(t, root, mutating("a > b", "a < b")+"check: . -run ^TestSmaller$\n", "-tested")
	require.Equal(t, 2, status, said)
	require.Contains(t, said, "[no tests to run]")
}

// An equivalent mutant survives, and that is wrong unless it is explained.
func TestSurvives(t *testing.T) {
	t.Parallel()
	root := subjectRoot(t)
	equivalent := mutating("a > b", "a >= b") + larger
	status, said := on(t, root, equivalent)
	require.Equal(t, 1, status, said)
	require.Contains(t, said, "SURVIVED")
	require.Contains(t, said, "0 of 1 mutants caught")
	require.Contains(t, said, "1 are not as they should be")
	require.Contains(t, said, "it is wrong (table.txt:1)")

	status, said = on(t, root, equivalent+"survives: a equals b there\n")
	require.Zero(t, status, said)
	require.Contains(t, said, "1 survive with an explanation, 0 are")

	status, said = on(t, root, mutating("a > b", "a < b")+larger+"survives: a wrong explanation\n")
	require.Equal(t, 1, status, said)
	require.Contains(t, said, "CAUGHT, though said to survive")
}

// What cannot be told from a catch by the exit status of go test.
func TestErrors(t *testing.T) {
	root := subjectRoot(t)
	for name, c := range map[string]struct{ table, want string }{
		"gone":           {mutating("a == b", "a != b") + larger, "the old text occurs 0 times in larger.go"},
		"ambiguous":      {mutating("return", "panic") + larger, "the old text occurs 2 times in larger.go"},
		"no such file":   {strings.Replace(mutating("a > b", "a < b"), "larger.go", "other.go", 1) + larger, "other.go"},
		"does not build": {mutating("a > b", "a > c") + larger, "[build failed]"},
		"no such test":   {mutating("a > b", "a < b") + "check: . -run ^TestSmaller$\n", "[no tests to run]"},
		"no such flag":   {mutating("a > b", "a < b") + "check: . -smaller 1\n", "flag provided but not defined"},
		"fails anyway":   {mutating("a > b", "a < b") + "check: . -run ^TestFails$\n", "fails without a mutant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, said := on(t, root, c.table)
			require.Equal(t, 2, status, said)
			require.Contains(t, said, c.want)
		})
	}
}

func TestSelection(t *testing.T) {
	all, err := parse("table.txt", "mutant: a\nwhy: x\nfile: f\n-1\n+2\ncheck: A=1 -race ./p\ncanary: ./q\n\nmutant: b\nwhy: x\nfile: f\n-1\ncheck: ./r\n")
	require.NoError(t, err)
	texts := func(only string, canaries bool) (texts []string) {
		for _, trial := range trials(all, regexp.MustCompile(only), canaries) {
			texts = append(texts, trial.name+" "+trial.check.String())
		}
		return texts
	}
	require.Equal(t, []string{"a A=1 -race ./p", "a ./q", "b ./r"}, texts("", false))
	require.Equal(t, []string{"a ./q"}, texts("", true))
	require.Equal(t, []string{"b ./r"}, texts("^b", false))
	require.Equal(t, []string{"A=1"}, all[0].checks[0].env)
}

func TestEdits(t *testing.T) {
	all, err := parse("table.txt", "# a comment\nmutant: a\nwhy: x\nfile: f\n-1\n-\t2\n+3\n-4\n# apart\n-5\n+6\n+7\nfile: g\n-8\n+9\ncheck: ./p\n")
	require.NoError(t, err)
	require.Equal(t, []edit{{"f", "1\n\t2", "3"}, {"f", "4", ""}, {"f", "5", "6\n7"}, {"g", "8", "9"}}, all[0].edits)
}

func TestTablesThatAreWrong(t *testing.T) {
	for table, want := range map[string]string{
		"why: x\n":                                               "why before the first mutant",
		"mutant: a\nwhat: x":                                     "unknown field",
		"mutant: a\nwhy":                                         "want a field with a value",
		"mutant: a\n-1":                                          "an edit without mutant and file",
		"mutant: a\nfile: f\n+1":                                 "new text without an old one",
		"mutant: a\nfile: f\n-1\n+2\ncheck: ./p":                 "does not say why",
		"mutant: a\nwhy: x\ncheck: ./p":                          "changes nothing",
		"mutant: a\nwhy: x\nfile: f\n-1\n+2":                     "has no check",
		"mutant: a\nwhy: x\nfile: f\n-1\n+1\ncheck: ./p":         "by itself",
		"mutant: a\nwhy: x\nfile: f\n-1\ncheck: -fuzz FuzzX ./p": "working tree",
		"mutant: a\nwhy: x\nfile: f\n-1\ncheck: -v ./p":          "for the command to set",
		"mutant: a\nwhy: x\nfile: f\n-1\ncheck: A=1":             "no arguments",
	} {
		_, err := parse("table.txt", table)
		require.ErrorContains(t, err, want, "%q", table)
	}
}

// Every mutant of the table applies; that it compiles, see TestTableCompiles.
func TestTableApplies(t *testing.T) {
	all, err := readTable("table")
	require.NoError(t, err)
	canaries := 0
	for _, m := range all {
		_, err := m.apply(filepath.Join("..", ".."))
		require.NoError(t, err)
		for _, c := range m.checks {
			if c.canary {
				canaries++
			}
		}
	}
	require.GreaterOrEqual(t, len(all), 45)
	require.GreaterOrEqual(t, canaries, 20)
}

func TestReason(t *testing.T) {
	for output, want := range map[string]string{
		"--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/b (0.00s)\n        a_test.go:3: \n            \tError Trace:\ta_test.go:3\n            \tError:      \tNot equal: \n": "TestA/b: Not equal",
		"--- FAIL: TestA (0.00s)\n    a_test.go:3: bad\n--- FAIL: TestB (0.00s)\n":                                                                                          "TestA: bad",
		"==================\nWARNING: DATA RACE\nRead at\n--- FAIL: TestA (0.00s)\n":                                                                                        "TestA: DATA RACE",
		"panic: boom [recovered]\n":                                   "boom [recovered]",
		"fatal error: all goroutines are asleep - deadlock!\n":        "all goroutines are asleep - deadlock!",
		"goleak: Errors on successful test run: found unexpected\n":   "goleak: found unexpected",
		"panic: test timed out after 2s\n\trunning tests:\n\t\tTestA": "TestA: by timeout, after 2s",
		"FAIL\tsubject\t0.1s\n":                                       "",
	} {
		require.Equal(t, want, reason(output))
	}
}
