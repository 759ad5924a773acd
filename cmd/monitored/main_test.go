package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var background = context.Background()

// small is a load of phases of a second each. An overload is of more operations than
// both shards can take within a window, their rings included.
var small = []string{
	"--calm=1s", "--calm-rate=1k", "--overload=1s", "--overload-rate=40k",
	"--skew=threes", "--degraded-above=500", "--max-staged=400",
}

// flagsOf returns valid flags: the small load, with some changes.
func flagsOf(t *testing.T, change ...string) *flags {
	t.Helper()
	var f flags
	parser, err := kong.New(&f)
	require.NoError(t, err)
	_, err = parser.Parse(append(small[:len(small):len(small)], change...))
	require.NoError(t, err)
	require.NoError(t, f.validate())
	return &f
}

// Everything that is announced is answered, until the end, which open pages do not
// hold up.
func TestServes(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	reader, writer := io.Pipe()
	ctx, end := context.WithCancel(background)
	defer end()
	var out bytes.Buffer
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append(small[:len(small):len(small)], "--listen=localhost:0", "--calm=1h"), &out, writer)
		writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	require.True(t, lines.Scan())
	require.Equal(t, "watch at", lines.Text())
	var urls []string
	for _, p := range paths {
		require.True(t, lines.Scan())
		url := strings.Fields(lines.Text())[0]
		require.True(t, strings.HasSuffix(url, p.path), url)
		urls = append(urls, url)
	}
	rest := make(chan struct{})
	go func() {
		defer close(rest)
		io.Copy(io.Discard, reader)
	}()
	for _, url := range urls {
		answer, err := http.Get(url)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.NotEqual(t, http.StatusNotFound, answer.StatusCode, url)
		require.NotEmpty(t, body, url)
	}
	page, err := http.Get(urls[0] + "events")
	require.NoError(t, err)
	defer page.Body.Close()

	end()
	require.Equal(t, exitOK, <-status)
	<-rest
	require.Regexp(t, `monitored: \d+ operations in`, out.String())
	_, err = http.Get(urls[0])
	require.True(t, errors.Is(err, syscall.ECONNREFUSED), err)
}

// What cannot be run, or would show nothing, is refused with a word on what to do.
func TestBadFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--duration=-1s":           "--duration must be positive, for instance 20s",
		"--calm=0s":                "--calm and --overload must be 1ms at least",
		"--overload=1us":           "--calm and --overload must be 1ms at least",
		"--calm-rate=flat-out":     "must be numbers, for instance 20k and 150k",
		"--overload-rate=-3":       "use a whole number of operations per second",
		"--targets=0":              "--targets must be positive, for instance 10000",
		"--targets=1000000000":     "use 1 to 100000000",
		"--window=0s":              "--window must be positive, for instance 100ms",
		"--degraded-above=0":       "--degraded-above must be positive, for instance 4000",
		"--max-staged=2000":        "--degraded-above 4000: use 2001 at least",
		"--calm-rate=60k":          "--calm-rate 60000 keeps up to 6000 operations staged, more than --degraded-above 4000: lower the rate, or raise the bound",
		"--overload-rate=80k":      "--overload-rate 80000 keeps only 4000 to 8000 operations staged",
		"--skew=sideways":          "threes, uniform, zipf or hot",
		"--listen=8080":            "use another address, for instance localhost:8081",
		"--listen=localhost:99999": "use another address, for instance localhost:8081",
		"--listen=203.0.113.1:1":   "use another address, for instance localhost:8081",
		"--lisen=localhost:0":      "unknown flag",
	} {
		var out, progress bytes.Buffer
		assert.Equal(t, exitUsage, run(background, []string{args}, &out, &progress), args)
		assert.Empty(t, out.String(), args)
		assert.Contains(t, progress.String(), want, args)
	}
}

func TestHelp(t *testing.T) {
	var out, progress bytes.Buffer
	require.Equal(t, exitOK, run(background, []string{"--help"}, &out, &progress))
	require.Contains(t, out.String(), "--overload-rate")
	require.Empty(t, progress.String())
}
