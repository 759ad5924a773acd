package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	dto "github.com/prometheus/client_model/go"
)

// running is a service in a bubble, whose time is virtual, and what it answers.
type running struct {
	*service
	handler http.Handler
	lines   bytes.Buffer // these three once ended is closed
	sum     summary
	err     error
	end     context.CancelFunc
	ended   chan struct{}
}

func start(t *testing.T, f *flags, sleep func(time.Duration)) *running {
	t.Helper()
	r := &running{ended: make(chan struct{})}
	var err error
	r.service, err = newService(f, &r.lines)
	require.NoError(t, err)
	r.handler = handlerOf(r.engine)
	ctx, cancel := context.WithCancel(background)
	r.end = cancel
	go func() {
		defer close(r.ended)
		r.sum, r.err = r.service.run(ctx, sleep)
	}()
	t.Cleanup(func() {
		cancel()
		<-r.ended
	})
	return r
}

// until lets virtual time pass until some time since the bubble's beginning, and a
// bit more, so that nothing happens at that very moment.
func until(began time.Time, elapsed time.Duration) {
	time.Sleep(time.Until(began.Add(elapsed + 300*time.Microsecond)))
	synctest.Wait()
}

// get asks without a network.
func (r *running) get(path string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	r.handler.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	return answer
}

// probe returns what a probe is answered.
func (r *running) probe(t *testing.T, path string) (status int, state, reasons string) {
	t.Helper()
	answer := r.get(path)
	var h struct {
		State   string
		Reasons []string
	}
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &h), answer.Body)
	return answer.Code, h.State, strings.Join(h.Reasons, "; ")
}

// scrape returns what Prometheus is answered.
func (r *running) scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	answer := r.get("/metrics")
	require.Equal(t, http.StatusOK, answer.Code)
	format := expfmt.ResponseFormat(answer.Header())
	require.Equal(t, expfmt.TypeTextPlain, format.FormatType())
	families, decoder := map[string]*dto.MetricFamily{}, expfmt.NewDecoder(answer.Body, format)
	for {
		family := new(dto.MetricFamily)
		if decoder.Decode(family) != nil {
			return families
		}
		families[family.GetName()] = family
	}
}

// labelOf returns the value of a metric's label, empty if it does not have it.
func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// value returns that of the metric with a label, -1 if there is none.
func value(f *dto.MetricFamily, label, want string) float64 {
	for _, m := range f.GetMetric() {
		if labelOf(m, label) == want {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return -1
}

// Each overload is seen by all that watch, and over when it is calm again.
func TestHealthFollowsTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, flagsOf(t, "--duration=4900ms"), time.Sleep)
		refused := 0.0
		for second := range 5 {
			until(began, time.Duration(second)*time.Second+500*time.Millisecond)
			status, state, reasons := r.probe(t, "/health/ready")
			families := r.scrape(t)
			now := value(families["contend_overloaded_total"], "engine", "monitored")
			if second%2 == 0 {
				require.Equal(t, http.StatusOK, status, "second %d: %s: %s", second, state, reasons)
				require.Equal(t, "healthy", state)
				require.Empty(t, reasons)
			} else {
				require.Equal(t, http.StatusServiceUnavailable, status)
				require.Equal(t, "degraded", state)
				require.Regexp(t, `^\d+ operations staged, more than 500$`, reasons)
				require.Greater(t, now, refused)
			}
			require.Equal(t, 1.0, value(families["contend_health"], "state", state))
			status, _, _ = r.probe(t, "/health/live")
			require.Equal(t, http.StatusOK, status, "a new process would not help")
			refused = now
		}

		<-r.ended
		require.NoError(t, r.err)
		lines := strings.Split(strings.TrimSpace(r.lines.String()), "\n")
		require.Len(t, lines, 4, r.lines.String())
		for i, line := range lines {
			if i%2 == 0 {
				require.Regexp(t, `^ *\ds  calm  .* completed +[1-9].* healthy$`, line)
			} else {
				require.Regexp(t, `^ *\ds  overload  .* degraded: \d+ operations staged, more than 500$`, line)
				require.InEpsilon(t, 40_000, perSecond(t, line), 0.05, line)
			}
		}
		require.Equal(t, states{last: engine.StateHealthy, degraded: 2, recovered: 2}, r.sum.states)
		var out bytes.Buffer
		r.sum.print(&out)
		require.Contains(t, out.String(), "health: degraded 2 times, healthy again 2 times\n")
	})
}

var rates = regexp.MustCompile(`per second completed +([\d,]+), rejected +([\d,]+), refused +([\d,]+),`)

// perSecond returns how many operations ended in a second, by its line: each in all
// ways that there are.
func perSecond(t *testing.T, line string) (sum int) {
	t.Helper()
	found := rates.FindStringSubmatch(line)
	require.NotNil(t, found, line)
	for _, text := range found[1:] {
		n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
		require.NoError(t, err)
		require.Positive(t, n, line)
		sum += n
	}
	return sum
}

// Prometheus can tell this engine from others, and sees the process, too.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, flagsOf(t), time.Sleep)
		until(began, 500*time.Millisecond)
		families := r.scrape(t)
		ours := 0
		for name, f := range families {
			if !strings.HasPrefix(name, "contend_") {
				continue
			}
			ours++
			for _, m := range f.Metric {
				require.Equal(t, "monitored", labelOf(m, "engine"), name)
			}
		}
		require.Greater(t, ours, 20)
		require.Positive(t, value(families["contend_operations_total"], "outcome", "completed"))
		require.Positive(t, value(families["contend_operations_total"], "outcome", "rejected"))
		require.Contains(t, families, "go_goroutines")
	})
}

func TestPage(t *testing.T) {
	r := &running{handler: handlerOf(newEngine(t))}
	page := r.get("/")
	require.Equal(t, http.StatusOK, page.Code)
	require.Contains(t, page.Body.String(), "live.js")
	require.Equal(t, http.StatusOK, r.get("/live.js").Code)
	require.Equal(t, http.StatusNotFound, r.get("/elsewhere").Code)
}

func newEngine(t *testing.T) *engine.Engine {
	t.Helper()
	s, err := newService(flagsOf(t), nil)
	require.NoError(t, err)
	return s.engine
}

// At the end nothing is sent here any more, and what was accepted is decided first.
func TestEndsGracefully(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, flagsOf(t), time.Sleep)
		until(began, 500*time.Millisecond)
		r.end()
		until(began, 550*time.Millisecond)
		status, state, reasons := r.probe(t, "/health/ready")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "down", state)
		require.Equal(t, "stopped", reasons)
		require.Positive(t, r.engine.Stats().Staged)
		select {
		case <-r.ended:
			t.Fatal("while windows are open")
		default:
		}

		<-r.ended
		require.NoError(t, r.err)
		st := r.sum.stats
		require.Positive(t, st.Completed)
		require.Zero(t, st.Staged)
		require.Zero(t, st.Stopped)
		require.Equal(t, st.Submitted, st.Completed+st.Rejected)
		require.Equal(t, states{last: engine.StateHealthy}, r.sum.states)
	})
}

// An engine that somebody else stops is not taken for an overload.
func TestFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, flagsOf(t), time.Sleep)
		until(began, 500*time.Millisecond)
		require.NoError(t, r.engine.Stop(background))
		<-r.ended
		require.Equal(t, exitFailed, statusOf(r.err))
		require.ErrorIs(t, r.err, engine.ErrStopped)
	})
}
