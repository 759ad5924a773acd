package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"example.com/contend/engine"
	"example.com/contend/engine/healthz"
	"example.com/contend/engine/live"
	"example.com/contend/engine/promengine"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// paths are what is answered, in the order in which it is announced.
var paths = []struct{ path, what string }{
	{"/", "the page"},
	{"/health/ready", "200 while calm, 503 with the reasons in an overload"},
	{"/health/live", "503 only if a new process would help"},
	{"/metrics", "for Prometheus"},
}

// handlerOf answers who watches an engine.
func handlerOf(e *engine.Engine) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		promengine.New(e, nil), // labelled with the engine's name
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("/", live.Handler(e, live.Options{Name: "contend monitored"}))
	mux.Handle("/health/", http.StripPrefix("/health", healthz.Handler(e)))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// server answers on one listener.
type server struct {
	listener net.Listener
	http     http.Server
	end      context.CancelFunc // of the requests, which open pages are
	served   chan struct{}
}

func newServer(l net.Listener, h http.Handler) *server {
	requests, end := context.WithCancel(context.Background())
	s := &server{listener: l, end: end, served: make(chan struct{})}
	s.http = http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
	}
	go func() {
		defer close(s.served)
		s.http.Serve(l)
	}()
	return s
}

func (s *server) url() string { return "http://" + s.listener.Addr().String() }

// announce tells where there is something to see.
func announce(out io.Writer, url string) {
	fmt.Fprintln(out, "watch at")
	for _, p := range paths {
		fmt.Fprintf(out, "  %-36s %s\n", url+p.path, p.what)
	}
}

// closeTime is how long requests have to end.
const closeTime = time.Second

// close ends open pages, and answers nobody any more.
func (s *server) close() {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.served
}
