package live_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/contend/engine"
	"example.com/contend/engine/live"
)

// A service mounts the page below a path of its own. Who may see it, the service says.
func Example() {
	e, _ := engine.New(engine.Config{Hottest: 64}) // so that the page names the hottest targets
	defer e.Stop(context.Background())
	mux := http.NewServeMux()
	mux.Handle("/live/", live.Handler(e, live.Options{Name: "orders"}))
	server := httptest.NewServer(mux)
	defer server.Close()

	page, err := server.Client().Get(server.URL + "/live/")
	if err != nil {
		panic(err)
	}
	defer page.Body.Close()
	fmt.Println(page.StatusCode, page.Header.Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
