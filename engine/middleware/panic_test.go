package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/stretchr/testify/require"
)

// What a handler panics with goes on as it is, and the engine counts a failure.
func TestPanicGoesOn(t *testing.T) {
	for name, value := range map[string]any{
		"abort": http.ErrAbortHandler, "text": "broken", "pointer": &struct{ int }{1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEngine(t, engine.Config{})
				var outcome error
				h := middleware.Middleware(e, toOrder7, middleware.Options{
					Ended: func(_ *http.Request, err error) { outcome = err },
				})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { explode(value) }))
				a := serve(h, request("POST", 0))
				<-a.done
				require.True(t, a.panicked == value, a.panicked)
				require.Empty(t, a.recorder.Body.String())
				require.EqualValues(t, 1, e.Stats().Failed)
				var panicked *engine.PanicError
				require.ErrorAs(t, outcome, &panicked)
				require.Contains(t, string(panicked.Stack), "explode", "the stack is the handler's")
			})
		})
	}
}

//go:noinline
func explode(value any) { panic(value) }

// A panic is not lost when the engine gives up on the winner before.
func TestPanicAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Rules: engine.Rules{Size: 1}})
		release := make(chan struct{})
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				<-release
				panic(http.ErrAbortHandler)
			}))
		a := serve(h, request("POST", 0))
		over, cancel := context.WithCancel(background)
		cancel()
		require.Error(t, e.Stop(over))
		close(release)
		<-a.done
		require.True(t, a.panicked == http.ErrAbortHandler, a.panicked)
	})
}

// A handler that ends its goroutine ends it.
func TestGoexitGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		returned, done := false, make(chan struct{})
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }))
		go func() {
			defer close(done)
			h.ServeHTTP(httptest.NewRecorder(), request("POST", 0))
			returned = true
		}()
		<-done
		require.False(t, returned)
		require.EqualValues(t, 1, e.Stats().Failed)
	})
}

var errBroken = errors.New("broken")

// A panic before the handler, in the registry, is answered.
func TestRegistryPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := middleware.Middleware(newEngine(t, engine.Config{Registry: panicking{}}), toOrder7, middleware.Options{})(never(t))
		require.Equal(t, http.StatusInternalServerError, serve(h, request("POST", 0)).problem(t).Status)
	})
}

type panicking struct{ refusing }

func (panicking) Register(engine.Entry) error { panic(errBroken) }
