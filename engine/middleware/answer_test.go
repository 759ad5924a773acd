package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// never is a handler that no request of the test may reach.
func never(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("handled") })
}

func TestOverloadedAnswer(t *testing.T) {
	for after, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", 1500 * time.Millisecond: "2", time.Minute: "60"} {
		synctest.Test(t, func(t *testing.T) {
			e := newEngine(t, engine.Config{Shards: 1, MaxStaged: 1})
			_, err := engine.Submit(background, e, engine.Op{Target: uuid.New()}, func(context.Context) (int, error) { return 0, nil })
			require.NoError(t, err)
			synctest.Wait()
			h := middleware.Middleware(e, toOrder7, middleware.Options{RetryAfter: after})(never(t))
			a := serve(h, request("POST", 0))
			p := a.problem(t)
			require.Equal(t, http.StatusServiceUnavailable, p.Status)
			require.Equal(t, middleware.TypeOverloaded, p.Type)
			require.Equal(t, want, a.recorder.Header().Get("Retry-After"))
		})
	}
}

// A stopped engine refuses; one that gives up while a request waits ends it, too.
func TestStoppedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(never(t))
		waiting := serve(h, request("POST", 0))
		over, cancel := context.WithCancel(background)
		cancel()
		require.Error(t, e.Stop(over))
		for _, a := range []*answered{waiting, serve(h, request("POST", 0))} {
			p := a.problem(t)
			require.Equal(t, http.StatusServiceUnavailable, p.Status)
			require.Equal(t, middleware.TypeStopped, p.Type)
			require.Empty(t, a.recorder.Header().Get("Retry-After"))
		}
	})
}

// If the engine is stopped while a handler runs, the answer remains the handler's.
func TestStoppedWhileHandling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{Rules: engine.Rules{Size: 1}})
		release := make(chan struct{})
		var outcome error
		h := middleware.Middleware(e, toOrder7, middleware.Options{
			Ended: func(_ *http.Request, err error) { outcome = err },
		})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-release
			w.WriteHeader(http.StatusCreated)
		}))
		a := serve(h, request("POST", 0))
		over, cancel := context.WithCancel(background)
		cancel()
		require.Error(t, e.Stop(over))
		close(release)
		require.Equal(t, http.StatusCreated, a.status(t))
		require.Empty(t, a.recorder.Body.String())
		require.ErrorIs(t, outcome, engine.ErrStopped)
	})
}

func TestLockedAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEngine(t, engine.Config{})
		lock, err := e.Lock(background, engine.LockConfig{Target: order7, Below: engine.Critical, Name: "stocktaking", For: time.Hour})
		require.NoError(t, err)
		defer lock.Unlock()
		h := middleware.Middleware(e, toOrder7, middleware.Options{})(never(t))
		p := serve(h, request("POST", 0)).problem(t)
		require.Equal(t, http.StatusLocked, p.Status)
		require.Equal(t, middleware.TypeMasked, p.Type)
		require.Contains(t, p.Detail, "stocktaking")
	})
}

// A client that leaves before the verdict withdraws its request: the next best one
// is handled. Nothing is written for it but what keeps silence from being 200.
func TestClientGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled []string
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{Priority: byHeader})(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { handled = append(handled, r.Method) }))
		ctx, leave := context.WithCancel(background)
		better := serve(h, request("DELETE", 8).WithContext(ctx))
		lesser := serve(h, request("PUT", 2))
		leave()
		require.Equal(t, 499, better.status(t))
		require.Empty(t, better.recorder.Body.String())
		require.Equal(t, http.StatusOK, lesser.status(t))
		require.Equal(t, []string{"PUT"}, handled)
	})
}

// Time that ran out, or a service that ended, has a client that waits.
func TestGivenUpAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{})(never(t))
		short, cancel := context.WithTimeout(background, 10*time.Millisecond)
		defer cancel()
		ending, end := context.WithCancelCause(background)
		a, b := serve(h, request("POST", 0).WithContext(short)), serve(h, request("POST", 0).WithContext(ending))
		end(errors.New("draining"))
		for _, a := range []*answered{a, b} {
			p := a.problem(t)
			require.Equal(t, http.StatusServiceUnavailable, p.Status)
			require.Equal(t, middleware.TypeWithdrawn, p.Type)
		}
	})
}

// The zero UUID is no target, and must not be taken for a request without one.
func TestZeroTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zero := func(*http.Request) (uuid.UUID, bool) { return uuid.Nil, true }
		h := middleware.Middleware(newEngine(t, engine.Config{}), zero, middleware.Options{})(never(t))
		p := serve(h, request("POST", 0)).problem(t)
		require.Equal(t, http.StatusBadRequest, p.Status)
		require.Equal(t, middleware.TypeNoTarget, p.Type)
	})
}

// refusing is a registry that fails.
type refusing struct{ err error }

func (r refusing) Register(engine.Entry) error { return r.err }
func (r refusing) Finish(_ uuid.UUID, _ error) {}

// What keeps a winner from its handler is told to nobody but the operator.
func TestUndecidedAnswer(t *testing.T) {
	for name, config := range map[string]engine.Config{
		"registry": {Registry: refusing{errors.New("secret")}},
		"policy":   {Rules: engine.Rules{Choose: func([]engine.Standing) int { panic("secret") }}},
		"rules":    {RulesOf: func(uuid.UUID) int { return 5 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var outcome error
				h := middleware.Middleware(newEngine(t, config), toOrder7, middleware.Options{
					Ended: func(_ *http.Request, err error) { outcome = err },
				})(never(t))
				a := serve(h, request("POST", 0))
				p := a.problem(t)
				require.Equal(t, http.StatusInternalServerError, p.Status)
				require.Equal(t, middleware.TypeFailed, p.Type)
				require.NotContains(t, a.recorder.Body.String(), "secret")
				require.Error(t, outcome)
			})
		})
	}
}

// What a winner's name says is data in the answer, whatever it looks like.
func TestNameIsEscaped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		name := "<script>alert(1)</script>\"\n"
		h := middleware.Middleware(newEngine(t, engine.Config{}), toOrder7, middleware.Options{
			Name: func(*http.Request) string { return name },
		})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		serve(h, request("POST", 0))
		a := serve(h, request("POST", 0))
		require.Equal(t, name, a.problem(t).Winner.Name)
		require.NotContains(t, a.recorder.Body.String(), "<script>")
	})
}
