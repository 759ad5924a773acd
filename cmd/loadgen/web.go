package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"example.com/contend/bench"
	"example.com/contend/engine"
	"example.com/contend/engine/healthz"
	"example.com/contend/engine/live"
	"github.com/alecthomas/kong"
)

// defaultAddress is where the page is unless said otherwise: on this machine only.
const defaultAddress = "127.0.0.1:8080"

// address is the value of --web, which need not have one.
type address string

// IsBool lets --web stand alone.
func (*address) IsBool() bool { return true }

// Decode is called by kong.
func (a *address) Decode(c *kong.DecodeContext) error {
	*a = defaultAddress
	if next := c.Scan.Peek(); next.Type == kong.FlagValueToken {
		*a = address(fmt.Sprint(c.Scan.Pop().Value))
	}
	if _, _, err := net.SplitHostPort(string(*a)); err != nil {
		return fmt.Errorf("want an address such as %s: %w", defaultAddress, err)
	}
	return nil
}

// names are those of the operations of a load that is watched.
var names = []string{"heal", "attack", "loot", "trade", "move", "shield", "repair"}

// hottestWatched is how many targets each shard counts for the page.
const hottestWatched = 256

// watched sets up what there is to see.
func (f *flags) watched(o *bench.Options, w *bench.Workload) {
	o.Names = names
	bound := f.DegradedAbove
	if bound == 0 {
		bound = engine.DefaultStagedBound
		if w.Rate > 0 {
			bound = max(bound, int(3*float64(w.Rate)*w.Window.Seconds()))
		}
	}
	o.Configure = func(c *engine.Config) {
		c.Name, c.Hottest, c.Health.Staged = "loadgen", hottestWatched, bound
	}
}

// page serves the page of a run.
type page struct {
	listener net.Listener
	server   http.Server
	end      context.CancelFunc // of the requests
	served   chan struct{}
	pages    atomic.Pointer[http.Handler] // nil before the run has begun
}

func openPage(at string) (*page, error) {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return nil, err
	}
	p := &page{listener: l, served: make(chan struct{})}
	requests, end := context.WithCancel(context.Background())
	p.end = end
	p.server = http.Server{
		Handler:           p.guard(http.HandlerFunc(p.serve)),
		BaseContext:       func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
	}
	go func() {
		defer close(p.served)
		p.server.Serve(l)
	}()
	return p, nil
}

func (p *page) url() string { return "http://" + p.listener.Addr().String() + "/" }

// show begins to show an engine.
func (p *page) show(e *engine.Engine) {
	mux := http.NewServeMux()
	mux.Handle("/health/", http.StripPrefix("/health", healthz.Handler(e)))
	mux.HandleFunc("GET /metrics.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		io.WriteString(w, e.Var().String()+"\n")
	})
	mux.Handle("/", live.Handler(e, live.Options{Name: "contend loadgen"}))
	var h http.Handler = mux
	p.pages.Store(&h)
}

func (p *page) serve(w http.ResponseWriter, r *http.Request) {
	h := p.pages.Load()
	if h == nil {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "the run has not begun yet", http.StatusServiceUnavailable)
		return
	}
	(*h).ServeHTTP(w, r)
}

// guard answers nobody who asks for another host than this one, while only this
// machine is served: another site's name may have been made to mean it.
func (p *page) guard(next http.Handler) http.Handler {
	at, err := netip.ParseAddrPort(p.listener.Addr().String())
	if err != nil || !at.Addr().IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "this is served as localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// closeTime is how long requests have to end.
const closeTime = time.Second

func (p *page) close() {
	p.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if p.server.Shutdown(ctx) != nil {
		p.server.Close()
	}
	<-p.served
}
