package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// Of two requests in a window the better one is handled, and the other one is told
// to whom it lost, before the winner's handler has ended.
func TestLesserRequestGetsConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{Priority: byHeader})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				<-release
				w.WriteHeader(http.StatusAccepted)
			}))
		lesser, better := serve(h, request("PUT", 2)), serve(h, request("DELETE", 8))
		p := lesser.problem(t)
		require.Equal(t, http.StatusConflict, p.Status)
		require.Equal(t, middleware.TypeRejected, p.Type)
		require.Equal(t, "lost pre-ECS priority conflict (priority 2 vs winner 8)", p.Detail)
		require.Equal(t, &middleware.Rejection{
			Priority: 2, Contenders: 2, Rank: 2, Winner: middleware.Winner{Name: "DELETE /orders/7", Priority: 8},
		}, p.Rejection)
		select {
		case <-better.done:
			t.Fatal("the winner was not waited for")
		default:
		}
		close(release)
		require.Equal(t, http.StatusAccepted, better.status(t))
	})
}

// The zero Options: the first wins, and priority 0 is told, too.
func TestZeroOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{})(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		first, second := serve(h, request("POST", 0)), serve(h, request("POST", 9))
		require.Equal(t, http.StatusOK, first.status(t))
		require.Equal(t, http.StatusConflict, second.problem(t).Status)
		require.Contains(t, second.recorder.Body.String(), `"priority":0,`)
	})
}

// The handler gets the very writer, request, context and goroutine of the server's.
func TestNothingIsWrapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		r := request("POST", 1)
		r = r.WithContext(context.WithValue(r.Context(), key{}, 1))
		w := httptest.NewRecorder()
		server := goroutine()
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{})(
			http.HandlerFunc(func(gotW http.ResponseWriter, gotR *http.Request) {
				require.Same(t, w, gotW)
				require.Same(t, r, gotR)
				require.Equal(t, server, goroutine())
				gotW.(http.Flusher).Flush()
			}))
		h.ServeHTTP(w, r)
		require.True(t, w.Flushed)
	})
}

// goroutine returns the first line of the caller's stack, which names it.
func goroutine() string {
	b := make([]byte, 32)
	b = b[:runtime.Stack(b, false)]
	for i, c := range b {
		if c == '[' {
			return string(b[:i])
		}
	}
	return string(b)
}

// Safe requests, and those aimed at nothing, are handled at once.
func TestWhoDoesNotContend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		handled := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(handled)
		for method, contends := range map[string]bool{
			"GET": false, "HEAD": false, "OPTIONS": false, "TRACE": false,
			"POST": true, "PUT": true, "PATCH": true, "DELETE": true, "PURGE": true,
		} {
			start := time.Now()
			require.Equal(t, http.StatusOK, serve(h, request(method, 0)).status(t))
			want := time.Duration(0)
			if contends {
				want = engine.DefaultWindow
			}
			require.InDelta(t, want, time.Since(start), float64(2*time.Millisecond), method)
		}
		nothing := func(*http.Request) (uuid.UUID, bool) { return uuid.Nil, false }
		h = middleware.Middleware(e, nothing, middleware.Options{})(handled)
		require.Equal(t, http.StatusOK, serve(h, request("PUT", 0)).status(t))
		h = middleware.Middleware(e, toOrder7, middleware.Options{Contends: func(*http.Request) bool { return false }})(handled)
		require.Equal(t, http.StatusOK, serve(h, request("PUT", 0)).status(t))
		require.EqualValues(t, 5, e.Stats().Submitted)
		require.Zero(t, e.Stats().Direct)
	})
}

// The context of an exclusive target's winner carries its token, and the next one
// waits until the handler has returned.
func TestExclusiveTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Rules: engine.Rules{Exclusive: true}})
		var tokens []uint64
		running := 0
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(
			http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				running++
				require.Equal(t, 1, running)
				token, ok := engine.FencingToken(r.Context())
				require.True(t, ok)
				tokens = append(tokens, token)
				time.Sleep(time.Minute)
				running--
			}))
		first := serve(h, request("POST", 0))
		time.Sleep(time.Second) // virtual
		second := serve(h, request("POST", 0))
		require.Equal(t, http.StatusOK, first.status(t))
		require.Equal(t, http.StatusOK, second.status(t))
		require.Len(t, tokens, 2)
		require.Greater(t, tokens[1], tokens[0])
	})
}

// What the operations of all requests have in common is kept, and an outcome is
// told once, before the answer.
func TestCommonOpAndEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		ended := make(chan error, 2)
		h := middleware.Middleware(e, toOrder7, middleware.Options{
			Op:    engine.Op{Priority: engine.High, Window: time.Second, Type: "order", Retry: engine.Retry{Limit: 1}},
			Name:  func(*http.Request) string { return "change" },
			Ended: func(_ *http.Request, err error) { ended <- err },
		})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		start := time.Now()
		first, second := serve(h, request("POST", 0)), serve(h, request("POST", 0))
		require.Equal(t, http.StatusOK, first.status(t))
		require.GreaterOrEqual(t, time.Since(start), time.Second)
		require.Equal(t, http.StatusOK, second.status(t), "it tries again")
		require.NoError(t, errors.Join(<-ended, <-ended))
		require.Empty(t, ended)
		for entry := range e.Registry().(*engine.Memory).All() {
			require.Equal(t, "change", entry.Name)
			require.Equal(t, "order", entry.Type)
			require.Equal(t, engine.High, entry.Priority)
		}
		require.EqualValues(t, 1, e.Stats().Retried)
	})
}

func TestNilArguments(t *testing.T) {
	e := newEngine(t, engine.Config{})
	require.Panics(t, func() { middleware.Middleware(nil, toOrder7, middleware.Options{}) })
	require.Panics(t, func() { middleware.Middleware(e, nil, middleware.Options{}) })
}

// A request's context may be of a type that cannot be compared.
func TestContextThatCannotBeCompared(t *testing.T) {
	e := newEngine(t, engine.Config{Shards: 1, Window: time.Millisecond})
	handler := middleware.Middleware(e, func(*http.Request) (uuid.UUID, bool) { return uuid.New(), true }, middleware.Options{})(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	r := httptest.NewRequest(http.MethodPut, "/x", nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r.WithContext(tagged{r.Context(), []string{"a"}}))
	require.Equal(t, http.StatusNoContent, w.Code)
}

type tagged struct {
	context.Context
	tags []string
}
