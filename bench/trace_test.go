package bench

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	keyA = "00000000000000ff"
	keyB = "fedcba9876543210"
)

// text returns a trace in its file format.
func text(keys ...uint64) string {
	var b strings.Builder
	b.WriteString("target\n")
	for _, key := range keys {
		fmt.Fprintf(&b, "%016x\n", key)
	}
	return b.String()
}

// zippers are reused, as each takes a megabyte and the fuzzer wants many.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func zipped(t testing.TB, s string) string {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	_, err := z.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// file writes a file into the test's directory and returns its name.
func file(t testing.TB, content string) string {
	name := filepath.Join(t.TempDir(), "trace.csv")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

func traceOf(t testing.TB, keys ...uint64) *Trace {
	trace, err := ReadTrace(file(t, text(keys...)))
	require.NoError(t, err)
	return trace
}

func TestReadTrace(t *testing.T) {
	plain := "target\n" + keyA + "\n" + keyB + "\n" + keyA + "\n"
	for name, content := range map[string]string{
		"plain":         plain,
		"gzip":          zipped(t, plain),
		"gzip in parts": zipped(t, plain[:30]) + zipped(t, plain[30:]),
		"CRLF":          strings.ReplaceAll(plain, "\n", "\r\n"),
		"no last end":   strings.TrimSuffix(plain, "\n"),
		"blank at end":  plain + "\n",
		"CRLF at end":   plain + "\r\n",
		"gzip CRLF":     zipped(t, strings.ReplaceAll(plain, "\n", "\r\n")),
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, content)
			trace, err := ReadTrace(path)
			require.NoError(t, err)
			assert.Equal(t, path, trace.Name())
			assert.Equal(t, 3, trace.Len())
			assert.Equal(t, 2, trace.Distinct())
			assert.Equal(t, KeyTarget(0xff), trace.At(0))
			assert.Equal(t, KeyTarget(0xfedcba9876543210), trace.At(1))
			assert.Equal(t, trace.At(0), trace.At(2))
		})
	}
}

func TestKeyTargetIsFixed(t *testing.T) {
	assert.Equal(t, uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://example.com/contend/bench/trace")), KeySpace)
	assert.Equal(t, uuid.NewSHA1(KeySpace, []byte{1, 2, 3, 4, 5, 6, 7, 8}), KeyTarget(0x0102030405060708))
	assert.Equal(t, uuid.Version(5), KeyTarget(0).Version())
}

func TestMalformedLines(t *testing.T) {
	const head = "target\n" + keyA + "\n"
	long := strings.Repeat("f", 1<<20)
	for name, c := range map[string]struct {
		content string
		line    int
		found   string
		want    string
	}{
		"empty file":      {"", 1, "an empty file", wantHeader},
		"no header":       {keyA + "\n", 1, `"` + keyA + `"`, wantHeader},
		"other header":    {"Target\n" + keyA, 1, `"Target"`, wantHeader},
		"blank header":    {"\n" + head, 1, `""`, wantHeader},
		"byte order mark": {"\ufeff" + head, 1, `"\ufefftarget"`, wantHeader},
		"header only":     {"target\n", 2, "the end of the file", "at least one operation, " + wantKey},
		"header, blank":   {"target\n\n", 3, "the end of the file", "at least one operation, " + wantKey},
		"short key":       {head + "ff\n", 3, `"ff"`, wantKey},
		"long key":        {head + keyA + "0\n", 3, `"` + keyA + `0"`, wantKey},
		"upper case":      {head + "00000000000000FF\n", 3, `"00000000000000FF"`, wantKey},
		"not hex":         {head + keyB + "\n000000000000000g\n", 4, `"000000000000000g"`, wantKey},
		"space":           {head + keyB + " \n", 3, `"` + keyB + ` "`, wantKey},
		"column":          {head + keyB + ",5\n", 3, `"` + keyB + `,5"`, wantKey},
		"NUL":             {head + "\x00\n", 3, `"\x00"`, wantKey},
		"only CR":         {"target\r" + keyA + "\r", 1, `"target\r` + keyA + `"`, wantHeader},
		"last line":       {head + keyB + "\nfe", 4, `"fe"`, wantKey},
		"blank between":   {head + "\n" + keyB + "\n", 3, "an empty line", wantKey},
		"blank twice":     {head + "\n\n", 3, "an empty line", wantKey},
		"cut":             {head + long[:100] + "\n", 3, `"` + long[:40] + `"…`, wantKey},
		"huge line":       {head + long + "\n", 3, `a line of 4096 bytes or more, "` + long[:40] + `"…`, wantKey},
		"huge header":     {long, 1, `a line of 4096 bytes or more, "` + long[:40] + `"…`, wantKey},
	} {
		for _, compressed := range []bool{false, true} {
			t.Run(fmt.Sprint(name, compressed), func(t *testing.T) {
				if compressed {
					c.content = zipped(t, c.content)
				}
				path := file(t, c.content)
				trace, err := ReadTrace(path)
				assert.Nil(t, trace)
				assert.Equal(t, &TraceError{path, c.line, c.found, c.want}, err)
				assert.EqualError(t, err, fmt.Sprintf("bench: trace %s:%d: found %s where %s is expected", path, c.line, c.found, c.want))
			})
		}
	}
}

func TestTraceLengthIsLimited(t *testing.T) {
	trace, err := parseTrace("x", strings.NewReader(text(1, 2, 3)), 3)
	require.NoError(t, err)
	assert.Equal(t, 3, trace.Len())
	_, err = parseTrace("x", strings.NewReader(text(1, 2, 3, 4)), 3)
	assert.EqualError(t, err, "bench: trace x:5: found one more operation where the end, as a trace has at most 3 operations, is expected")
}

func TestUnreadableFiles(t *testing.T) {
	_, err := ReadTrace(filepath.Join(t.TempDir(), "none.csv"))
	assert.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "none.csv")

	directory := t.TempDir()
	_, err = ReadTrace(directory)
	assert.ErrorContains(t, err, directory)
	assert.ErrorContains(t, err, "cannot be read")
}

func TestDamagedGzip(t *testing.T) {
	keys := make([]uint64, 1000)
	for i := range keys {
		keys[i] = mix64(uint64(i))
	}
	whole := zipped(t, text(keys...))
	for _, length := range []int{2, 9, 10, 11, len(whole) / 2, len(whole) - 9, len(whole) - 8, len(whole) - 1} {
		trace, err := ReadTrace(file(t, whole[:length]))
		assert.Nil(t, trace)
		assert.ErrorContains(t, err, "the compressed data is cut off; copy the file again", "%d bytes", length)
	}
	for name, content := range map[string]string{
		"flipped":         whole[:len(whole)/2] + "\x00\xff\x00\xff" + whole[len(whole)/2+4:],
		"checksum":        whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:],
		"followed":        whole + "target\nff\n12345",
		"not really gzip": "\x1f\x8b and something else",
	} {
		trace, err := ReadTrace(file(t, content))
		assert.Nil(t, trace, name)
		assert.Error(t, err, name)
		assert.ErrorContains(t, err, "trace.csv:", name)
	}
}

func TestTraceStream(t *testing.T) {
	trace := traceOf(t, 1, 2, 1)
	targets := func(w Workload) (got []uuid.UUID) {
		for _, d := range drain(w.Stream(0)) {
			got = append(got, d.target)
		}
		return got
	}
	one, two := KeyTarget(1), KeyTarget(2)
	assert.Equal(t, []uuid.UUID{one, two, one}, targets(Workload{Trace: trace}), "ends by default")
	repeated := targets(Workload{Trace: trace, Repeat: true, Operations: 7})
	assert.Equal(t, []uuid.UUID{one, two, one, one, two, one, one}, repeated)
	assert.Equal(t, 2, Workload{Trace: trace}.Distinct())
}

func TestTraceHottest(t *testing.T) {
	h := traceOf(t, 4, 9, 4, 4, 7, 9).Hottest()
	assert.Equal(t, []TargetCount{{KeyTarget(4), 3}, {KeyTarget(9), 2}}, h.Top(2))
	assert.Equal(t, 3, h.Distinct())
	assert.EqualValues(t, 6, h.Total())
}
