package healthz_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/healthz"
	"github.com/stretchr/testify/require"
)

// source is a health that is as it is.
type source engine.Health

func (s source) Health() engine.Health { return engine.Health(s) }

func TestProbes(t *testing.T) {
	for name, c := range map[string]struct {
		health      engine.Health
		live, ready int
		change      []healthz.Option
	}{
		"healthy":       {engine.Health{State: engine.StateHealthy}, 200, 200, nil},
		"degraded":      {engine.Health{State: engine.StateDegraded}, 200, 503, nil},
		"degraded, but": {engine.Health{State: engine.StateDegraded}, 200, 200, []healthz.Option{healthz.ReadyWhenDegraded()}},
		"down":          {engine.Health{State: engine.StateDown}, 200, 503, []healthz.Option{healthz.ReadyWhenDegraded()}},
		"down, but":     {engine.Health{State: engine.StateDown}, 200, 200, []healthz.Option{healthz.ReadyWhenDown()}},
		"failed":        {engine.Health{State: engine.StateFailed}, 200, 503, []healthz.Option{healthz.ReadyWhenDown(), healthz.ReadyWhenDegraded()}},
		"hopeless":      {engine.Health{State: engine.StateFailed, Hopeless: true}, 503, 503, nil},
		"of no state":   {engine.Health{}, 200, 503, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := healthz.Handler(source(c.health), c.change...)
			for path, want := range map[string]int{"/live": c.live, "/ready": c.ready} {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
				require.Equal(t, want, w.Code, path)
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
			}
		})
	}
}

// What a probe reads: the state in words, reasons and figures.
func TestBody(t *testing.T) {
	w := httptest.NewRecorder()
	healthz.Ready(source{
		State: engine.StateDegraded, Reasons: []string{"12 operations staged, more than 10"},
		Staged: 12, StagedBound: 10, Lateness: time.Millisecond, Shards: 2,
	}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, "degraded", body["state"])
	require.Equal(t, []any{"12 operations staged, more than 10"}, body["reasons"])
	require.EqualValues(t, 12, body["staged"])
	require.EqualValues(t, 1e6, body["lateness_ns"])
}

// The real thing.
func TestOfAnEngine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where nothing is late
		e, err := engine.New(engine.Config{})
		require.NoError(t, err)
		defer e.Stop(t.Context())
		probe := func() int {
			w := httptest.NewRecorder()
			healthz.Handler(e).ServeHTTP(w, httptest.NewRequest("GET", "/ready", nil))
			return w.Code
		}
		require.Equal(t, 503, probe())
		e.Start()
		synctest.Wait()
		require.Equal(t, 200, probe())
	})
}
