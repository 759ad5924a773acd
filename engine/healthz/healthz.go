// Package healthz answers liveness and readiness probes with an engine's health.
//
//	http.Handle("/health/", http.StripPrefix("/health", healthz.Handler(e)))
//
// GET /health/live fails only when a new process would help: a shard does not
// advance any more, or was given up. GET /health/ready fails as long as no work
// should be sent here: the engine is down, failed or degraded. Both answer 200 or
// 503 with the engine.Health as JSON.
package healthz

import (
	"encoding/json"
	"net/http"

	"example.com/contend/engine"
)

// Source is what is probed: an *engine.Engine.
type Source interface{ Health() engine.Health }

// Option changes what a handler answers.
type Option func(*options)

type options struct {
	degraded bool
	down     bool
}

// ReadyWhenDegraded lets the readiness probe succeed while the engine is degraded:
// for a service that would rather be slow than gone.
func ReadyWhenDegraded() Option { return func(o *options) { o.degraded = true } }

// ReadyWhenDown lets it succeed while the engine is down: for one that starts with
// its first submission, which would not come without.
func ReadyWhenDown() Option { return func(o *options) { o.down = true } }

// Handler serves /live and /ready. It is safe for concurrent use, and asks nothing
// of the shards.
func Handler(e Source, change ...Option) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /live", Live(e))
	mux.Handle("GET /ready", Ready(e, change...))
	return mux
}

// Live is the liveness probe alone.
func Live(e Source) http.Handler {
	return probe(e, func(h *engine.Health) bool { return !h.Hopeless })
}

// Ready is the readiness probe alone.
func Ready(e Source, change ...Option) http.Handler {
	var o options
	for _, c := range change {
		c(&o)
	}
	return probe(e, func(h *engine.Health) bool {
		switch h.State {
		case engine.StateHealthy:
			return true
		case engine.StateDegraded:
			return o.degraded
		case engine.StateDown:
			return o.down
		}
		return false
	})
}

// probe answers with the health.
func probe(e Source, passes func(*engine.Health) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h := e.Health()
		body, err := json.Marshal(h)
		if err != nil { // there is nothing in it that could fail
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		status := http.StatusOK
		if !passes(&h) {
			status = http.StatusServiceUnavailable
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		w.Write(append(body, '\n'))
	})
}
