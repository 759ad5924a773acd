package middleware_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	background = context.Background()
	order7     = uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
)

// newEngine makes an engine that is stopped when the bubble ends.
func newEngine(t *testing.T, config engine.Config) *engine.Engine {
	t.Helper()
	e, err := engine.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Stop(background)) })
	return e
}

// toOrder7 aims all requests at one order.
func toOrder7(*http.Request) (uuid.UUID, bool) { return order7, true }

// byHeader is the priority that a request asks for.
func byHeader(r *http.Request) engine.Priority {
	p, _ := strconv.Atoi(r.Header.Get("Priority"))
	return engine.Priority(p)
}

func request(method string, priority engine.Priority) *http.Request {
	r := httptest.NewRequest(method, "/orders/7", nil)
	r.Header.Set("Priority", strconv.Itoa(int(priority)))
	return r
}

// answered is a request that is served on a goroutine of its own.
type answered struct {
	recorder *httptest.ResponseRecorder
	panicked any
	done     chan struct{}
}

// serve starts serving a request, which waits for its verdict when serve returns,
// or has been answered.
func serve(h http.Handler, r *http.Request) *answered {
	a := &answered{recorder: httptest.NewRecorder(), done: make(chan struct{})}
	go func() {
		defer close(a.done)
		defer func() { a.panicked = recover() }()
		h.ServeHTTP(a.recorder, r)
	}()
	synctest.Wait()
	return a
}

func (a *answered) status(t *testing.T) int {
	t.Helper()
	<-a.done
	require.Nil(t, a.panicked)
	return a.recorder.Code
}

// problem returns the answer, which must be a problem, and whole.
func (a *answered) problem(t *testing.T) (p middleware.Problem) {
	t.Helper()
	status := a.status(t)
	require.Equal(t, middleware.ContentType, a.recorder.Header().Get("Content-Type"))
	require.NoError(t, json.Unmarshal(a.recorder.Body.Bytes(), &p))
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	return p
}
