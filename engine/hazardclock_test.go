package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// By these functions of package time and methods of a Time the wall clock could get
// into a decision. A Time from Now holds both clocks; Since, Sub and timers go by the
// monotonic one, unless Round has taken that away.
var (
	wallFunctions = []string{"Now", "Date", "Parse", "Unix", "UnixMilli", "UnixMicro"}
	wallMethods   = []string{"Unix", "UnixNano", "UnixMilli", "UnixMicro", "Round", "Nanosecond", "Format", "AppendFormat"}
)

// A wall clock that steps cannot be made here without stepping everybody's. So that
// it changes nothing is a property of the code: it is read in two places, for the
// beginning of the monotonic clock and for that of the fencing tokens (which a clock
// that was set back does not lower: see package shard). Whoever waits for a timer of
// the system's looks how time goes on, by the monotonic one, and has a time that is past.
func TestWallClockIsReadTwice(t *testing.T) {
	var reads []string
	for _, dir := range []string{".", "../shard", "../ring"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			reads = append(reads, wallClockIn(t, name)...)
		}
	}
	require.Equal(t, []string{
		"engine.go: time.Now()",
		"generation.go: time.Now().UnixNano()",
		"generation.go: time.Now()",
		"timer_linux.go: time.Unix(-1, 0)",
		"timer_linux.go: time.Now()",
		"timer_linux.go: time.Now()",
		"timer_linux.go: time.Now()",
	}, reads)
}

// wallClockIn returns the calls in a file that read the wall clock.
func wallClockIn(t *testing.T, name string) (calls []string) {
	source, err := os.ReadFile(name)
	require.NoError(t, err)
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		flagged := wallMethods
		if of, ok := method.X.(*ast.Ident); ok && of.Name == "time" {
			flagged = wallFunctions
		}
		if slices.Contains(flagged, method.Sel.Name) {
			text := source[files.Position(call.Pos()).Offset:files.Position(call.End()).Offset]
			calls = append(calls, filepath.Base(name)+": "+string(text))
		}
		return true
	})
	return calls
}
