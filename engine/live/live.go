// Package live is a page that shows an engine at work: throughput, what is staged,
// conflicts and who beat whom, lateness, the load of each shard, the hottest
// targets and the engine's health.
//
//	http.Handle("/live/", live.Handler(e, live.Options{}))
//
// The page needs nothing but this handler: no framework, nothing from elsewhere. It
// is updated by server-sent events, once a second:
//
//	engine ──Metrics, Health, Hottest──┐
//	   └───Subscribe──▶ watch ─────────┴▶ page, one goroutine each ──events──▶ browser
//
// An engine nobody looks at pays nothing. While a page is open it is asked for
// snapshots, which cost it nothing, and tells the page's subscription who lost, of
// so few operations that the page can show them. Nothing waits for a page: one
// whose browser does not keep up is closed.
//
// The page names operations and targets, so it is for those who may know them: it
// has no authentication of its own. It can be looked at only, not operated.
package live

import (
	"net/http"
	"path"
	"strings"
	"time"

	"example.com/contend/engine"
)

// Options say what a page shows. The zero value is ready for use; what is zero or
// less means the default.
type Options struct {
	// Name is the page's heading. Empty means contend.
	Name string
	// Every is the time between two updates. The default is a second, the least
	// 100 ms.
	Every time.Duration
	// Pages is how many may be open at a time, in all browsers; more are answered
	// 503. The default is 8. Each has a goroutine and keeps some 100 KB.
	Pages int
	// Patience is how long a browser may take to accept an update before its page is
	// closed. The default is 5 seconds.
	Patience time.Duration
	// Conflicts is how many of the latest conflicts an update tells at most. The
	// default is 20.
	Conflicts int
	// Targets is how many of the hottest targets an update tells at most, of those
	// that Config.Hottest counts. The default is 10.
	Targets int
}

const leastEvery = 100 * time.Millisecond

func (o Options) withDefaults() Options {
	if o.Name == "" {
		o.Name = "contend"
	}
	if o.Every <= 0 {
		o.Every = time.Second
	}
	o.Every = max(o.Every, leastEvery)
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	for _, n := range []struct {
		value     *int
		otherwise int
	}{{&o.Pages, 8}, {&o.Conflicts, 20}, {&o.Targets, 10}} {
		if *n.value <= 0 {
			*n.value = n.otherwise
		}
	}
	return o
}

// Handler serves the page of an engine, which may be started, stopped and started
// again meanwhile. It is mounted under any path that ends with a slash, with or
// without http.StripPrefix, and answers GET and HEAD only.
//
// An open page ends with its request's context. http.Server.Shutdown waits for open
// pages, unless http.Server.BaseContext returns a context that ends before.
func Handler(e *engine.Engine, o Options) http.Handler {
	o = o.withDefaults()
	return &handler{engine: e, options: o, slots: make(chan struct{}, o.Pages)}
}

type handler struct {
	engine  *engine.Engine
	options Options
	slots   chan struct{} // one for each open page
}

// policy lets the page load and reach what this handler serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

// ServeHTTP goes by the last element of the path, so that it works below any
// prefix.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "this page can be looked at only", http.StatusMethodNotAllowed)
		return
	}
	switch name := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]; {
	case r.URL.Path == "" && h.addSlash(w, r):
	case name == "events":
		h.events(w, r)
	default:
		serveAsset(w, r, name)
	}
}

// addSlash redirects a prefix without its slash, below which the browser would not
// find the rest of the page. It reports whether that was missing.
func (h *handler) addSlash(w http.ResponseWriter, r *http.Request) bool {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	if asked == "" || strings.HasSuffix(asked, "/") {
		return false
	}
	w.Header().Set("Location", "./"+path.Base(asked)+"/")
	w.WriteHeader(http.StatusPermanentRedirect)
	return true
}

// events answers with an open page's updates, for as long as it is open.
func (h *handler) events(w http.ResponseWriter, r *http.Request) {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		http.Error(w, "another site's page is not answered", http.StatusForbidden)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "as many pages as may be are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect updates
	if r.Method == http.MethodHead {
		return
	}
	newPage(h.engine, &h.options, w).run(r.Context())
}
