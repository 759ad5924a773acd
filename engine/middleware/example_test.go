package middleware_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/middleware"
	"github.com/google/uuid"
)

// A service in which two clients change the same order: support is worth more
// than the shop.
func Example() {
	// The window ends with the second request here, so that the example is quick.
	e, _ := engine.New(engine.Config{Window: time.Hour, Rules: engine.Rules{Size: 2}})
	defer e.Stop(context.Background())

	order := func(r *http.Request) (uuid.UUID, bool) {
		id, err := uuid.Parse(r.PathValue("id"))
		return id, err == nil
	}
	contend := middleware.Middleware(e, order, middleware.Options{
		Priority: func(r *http.Request) engine.Priority {
			if r.Header.Get("Role") == "support" { // of somebody authenticated, in earnest
				return engine.High
			}
			return engine.Normal
		},
	})
	mux := http.NewServeMux()
	mux.Handle("PUT /orders/{id}", contend(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "changed by %s", r.Header.Get("Role"))
	})))

	answers := make(chan *httptest.ResponseRecorder, 2)
	for _, role := range []string{"shop", "support"} {
		go func() {
			r := httptest.NewRequest("PUT", "/orders/6ba7b810-9dad-11d1-80b4-00c04fd430c8", nil)
			r.Header.Set("Role", role)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			answers <- w
		}()
	}
	for range 2 {
		w := <-answers
		if w.Code == http.StatusOK {
			fmt.Println(w.Code, w.Body)
			continue
		}
		var p middleware.Problem
		json.Unmarshal(w.Body.Bytes(), &p)
		fmt.Println(w.Code, p.Detail)
	}
	// Unordered output:
	// 200 changed by support
	// 409 lost pre-ECS priority conflict (priority 5 vs winner 8)
}
