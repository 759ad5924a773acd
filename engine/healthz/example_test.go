package healthz_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/healthz"
	"github.com/google/uuid"
)

// A service that is sent no more work while too much is staged, and is left running.
func Example() {
	e, _ := engine.New(engine.Config{Window: time.Hour, Health: engine.HealthBounds{Staged: 2, Lateness: -1}})
	ctx, order := context.Background(), uuid.New()
	defer e.Stop(ctx)
	e.Start()
	mux := http.NewServeMux()
	mux.Handle("/health/", http.StripPrefix("/health", healthz.Handler(e)))
	probe := func(path string) {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		var h struct {
			State   string
			Reasons []string
		}
		json.Unmarshal(answer.Body.Bytes(), &h)
		fmt.Println(path, answer.Code, h.State, h.Reasons)
	}

	probe("/health/ready")
	for range 3 {
		engine.Submit(ctx, e, engine.Op{Target: order}, func(context.Context) (int, error) { return 0, nil })
	}
	probe("/health/ready")
	probe("/health/live")
	e.Clear(ctx, order)
	for e.Health().State != engine.StateHealthy { // which is when the shard has looked again
		time.Sleep(time.Millisecond)
	}
	probe("/health/ready")
	// Output:
	// /health/ready 200 healthy []
	// /health/ready 503 degraded [3 operations staged, more than 2]
	// /health/live 200 degraded [3 operations staged, more than 2]
	// /health/ready 200 healthy []
}
