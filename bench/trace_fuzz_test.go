package bench

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wellFormed is the format of a plain trace, said once more.
var wellFormed = regexp.MustCompile(`\Atarget\r?\n([0-9a-f]{16}\r?\n)*[0-9a-f]{16}\r?(\n(\r?\n?)?)?\z`)

// FuzzTrace compares the parser with the format as a regular expression, plain
// and compressed, and checks that the trace holds the keys of its lines.
func FuzzTrace(f *testing.F) {
	for _, seed := range []string{
		"", "target", "target\n", "target\n" + keyA, "target\r\n" + keyA + "\r\n\r\n",
		text(1, 2, 1), text(1) + "\n" + text(2), "target\n" + keyA + "\nx\n",
		"target\n" + keyA + "\n\n", "target\n" + keyA + "\r\r\n", "\x1f\x8b\x08\x00",
		"target\n" + strings.Repeat("0", 5000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if strings.HasPrefix(content, "\x1f\x8b") {
			_, _ = parseTrace("fuzz", strings.NewReader(content), 100) // any outcome, but one
			return
		}
		trace, err := parseTrace("fuzz", strings.NewReader(content), 100)
		again, errAgain := parseTrace("fuzz", strings.NewReader(zipped(t, content)), 100)
		require.Equal(t, err, errAgain, "compressed")
		require.Equal(t, trace, again, "compressed")
		if err != nil {
			checkTraceError(t, content, err)
			return
		}
		require.Regexp(t, wellFormed, content)
		checkTrace(t, content, trace)
	})
}

// checkTraceError checks that the error points to a line that there is, or to
// the one that is missing after the last.
func checkTraceError(t *testing.T, content string, err error) {
	var wrong *TraceError
	require.True(t, errors.As(err, &wrong), "%v", err)
	lines := strings.Count(content, "\n") + count(!strings.HasSuffix(content, "\n") && content != "")
	assert.True(t, wrong.Line >= 1 && wrong.Line <= lines+1, "line %d of %d", wrong.Line, lines)
	assert.Less(t, len(err.Error()), 400)
	if wellFormed.MatchString(content) {
		assert.Greater(t, lines, 100, "nothing is wrong with a shorter one: %v", err)
	}
}

func checkTrace(t *testing.T, content string, trace *Trace) {
	lines := strings.Fields(content)[1:]
	require.Equal(t, len(lines), trace.Len())
	distinct := map[string]bool{}
	for i, line := range lines {
		key, err := strconv.ParseUint(line, 16, 64)
		require.NoError(t, err)
		require.Equal(t, KeyTarget(key), trace.At(i))
		distinct[line] = true
	}
	assert.Len(t, distinct, trace.Distinct())
}
