package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watchedRun is a run whose page can be asked.
type watchedRun struct {
	url      string
	out      bytes.Buffer // once it has ended
	progress *bufio.Reader
	end      context.CancelFunc
	status   chan int
}

func watchRun(t *testing.T, args ...string) *watchedRun {
	t.Helper()
	reader, writer := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r := &watchedRun{progress: bufio.NewReader(reader), end: cancel, status: make(chan int, 1)}
	args = append([]string{"--web=127.0.0.1:0", "--quiet", "--window", "20ms", "--rate", "20k", "--targets", "500"}, args...)
	go func() {
		r.status <- run(ctx, args, &r.out, writer)
		writer.Close()
	}()
	line, err := r.progress.ReadString('\n')
	require.NoError(t, err)
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "watch at ")
	require.True(t, ok, line)
	r.url = url
	return r
}

// get asks the page, as soon as the run has begun.
func (r *watchedRun) get(t *testing.T, path, host string) (status int, body string) {
	t.Helper()
	for {
		q, err := http.NewRequest("GET", r.url+path, nil)
		require.NoError(t, err)
		q.Host = host
		answer, err := http.DefaultClient.Do(q)
		require.NoError(t, err)
		content, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(content), "has not begun") {
			return answer.StatusCode, string(content)
		}
	}
}

// The page of a running load, which goes on until it is interrupted.
func TestWeb(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := watchRun(t)
	status, body := r.get(t, "", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, "live.js")
	status, body = r.get(t, "metrics.json", "")
	require.Equal(t, 200, status)
	require.True(t, json.Valid([]byte(body)), body)
	status, body = r.get(t, "health/live", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"staged_bound":10000`)

	answer, err := http.Get(r.url + "events")
	require.NoError(t, err)
	defer answer.Body.Close()
	events := bufio.NewScanner(answer.Body)
	events.Buffer(nil, 1<<20)
	for events.Scan() && !strings.Contains(events.Text(), `"winner":{"name":"`) {
	}
	require.NoError(t, events.Err())
	require.Regexp(t, `"winner":\{"name":"(heal|attack|loot|trade|move|shield|repair)"`, events.Text())

	for host, want := range map[string]int{"localhost": 200, "127.0.0.1:80": 200, "[::1]:1": 200, "elsewhere.example": 421, "10.0.0.1": 421, "localhost.example": 421} {
		status, _ = r.get(t, "health/live", host)
		assert.Equal(t, want, status, host)
	}
	r.end()
	require.Equal(t, exitOK, <-r.status, "with a page open")
	require.Contains(t, r.out.String(), "interrupted")
}

// With --stay the page outlives the run.
func TestStay(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	r := watchRun(t, "--duration", "50ms", "--stay")
	line, err := r.progress.ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "until Ctrl-C")
	status, body := r.get(t, "health/ready", "")
	require.Equal(t, 503, status)
	require.Contains(t, body, `"stopped"`)
	r.end()
	require.Equal(t, exitOK, <-r.status)
	require.Contains(t, r.out.String(), "agree with the reference model")
	require.NotContains(t, r.out.String(), "interrupted")
}

// Without, it ends with the run.
func TestWebEndsWithTheRun(t *testing.T) {
	for _, args := range [][]string{{"--duration", "50ms"}, {"--operations", "1000"}, {"--operations", "1000", "--rung", "handles"}, {"--operations", "1000", "--rung", "blocking"}} {
		r := watchRun(t, args...)
		require.Equal(t, exitOK, <-r.status, args)
		require.Contains(t, r.out.String(), "agree with the reference model")
	}
}

func TestBadWeb(t *testing.T) {
	for args, want := range map[string]string{
		"--stay":                 "--stay needs --web",
		"--web=8080":             "want an address such as",
		"--web=203.0.113.1:1":    "--web: listen",
		"--degraded-above=-1":    "--degraded-above must be positive",
		"--web --duration=0s":    "--duration must be positive",
		"--web=127.0.0.1:999999": "--web: listen",
	} {
		status, out, errs := loadgen(context.Background(), strings.Fields(args)...)
		assert.Equal(t, exitUsage, status, args)
		assert.Empty(t, out, args)
		assert.Contains(t, errs, want, args)
	}
}
