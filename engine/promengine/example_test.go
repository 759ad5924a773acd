package promengine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/promengine"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func Example() {
	// The window closes with the second operation here, so that the example is quick.
	e, _ := engine.New(engine.Config{Name: "arena", Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())
	registry := prometheus.NewRegistry()
	registry.MustRegister(promengine.New(e, nil))
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()

	ctx, player := context.Background(), uuid.New()
	nothing := func(context.Context) (int, error) { return 0, nil }
	heal, _ := engine.Submit(ctx, e, engine.Op{Target: player, Priority: engine.High, Name: "heal"}, nothing)
	strike, _ := engine.Submit(ctx, e, engine.Op{Target: player, Priority: engine.Low, Name: "strike"}, nothing)
	heal.Wait(ctx)
	strike.Wait(ctx)

	response, err := http.Get(server.URL)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	text, _ := io.ReadAll(response.Body)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "contend_conflicts_total") || strings.HasPrefix(line, "contend_operations_total") && !strings.HasSuffix(line, " 0\n") {
			fmt.Print(line)
		}
	}
	// Output:
	// contend_conflicts_total{engine="arena"} 1
	// contend_operations_total{engine="arena",outcome="completed"} 1
	// contend_operations_total{engine="arena",outcome="rejected"} 1
}
