// Package middleware lets HTTP requests contend for what they are about to
// change: of those aimed at one target in one window, one reaches its handler,
// and the others are answered 409 Conflict with the reason.
//
//	PUT /orders/7  ─┐   window of       ┌▶ handler, on the request's own goroutine
//	PUT /orders/7  ─┼▶  order 7       ──┤
//	PUT /orders/7  ─┘                   └▶ 409, application/problem+json: who won, why
//	GET /orders/7  ──────────────────────▶ handler
//
// Contention happens before the handler is called, and nothing else changes: the
// handler gets the request's own ResponseWriter, goroutine and context, so that
// flushing, hijacking and trailers work, and what it panics with reaches whoever
// serves, http.ErrAbortHandler included.
//
// # Answers
//
// A request that does not reach its handler is answered with a [Problem]
// (RFC 9457), but for the first:
//
//	client gone before the verdict       499, without body
//	other end of the context before it   503
//	lost                                 409, with the winner
//	a lock on the target (Engine.Lock)   423
//	overloaded                           503, with Retry-After
//	stopped                              503
//	the zero UUID for a target           400
//	anything else                        500
//
// 499 is what proxies log for a client that left; nobody is there to read it. It
// is written nevertheless, since net/http would take silence for 200 OK, and
// access logs would show a success.
//
// With HTTP/1, net/http notices that a client has left only once the request's
// body has been read: a waiting request with an unread body stays in its window.
//
// # Concurrency
//
// Everything is safe for concurrent use. The functions that users give are called
// on the requests' goroutines.
package middleware

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// Options say how requests contend. The zero value is ready for use: requests
// that are not safe contend with equal priority, so that the first one wins.
type Options struct {
	// Op holds what the operations of all requests have in common: Priority,
	// Type, Window, Retry and so on. Its Target is ignored.
	Op engine.Op
	// Priority returns a request's priority. Nil means Op.Priority.
	Priority func(*http.Request) engine.Priority
	// Name returns what losers are told about a request that won. Nil means
	// Op.Name or, if that is empty, the method and the path. The losers are
	// other clients: return nothing that is the winner's secret.
	Name func(*http.Request) string
	// Contends reports whether a request contends; the others go to the handler
	// directly. Nil means all whose method is not safe in the sense of RFC 9110,
	// so not GET, HEAD, OPTIONS and TRACE.
	Contends func(*http.Request) bool
	// RetryAfter is what clients of an overloaded engine are told to wait,
	// rounded up to a second. 0 means a second. A window is enough.
	RetryAfter time.Duration
	// Ended gets what became of a request that contended, before its answer is
	// written or its handler's panic goes on: nil if the handler returned, else
	// engine.Do's error. That is the place to log it: an *engine.PanicError in it
	// has the handler's stack, which net/http, that recovers later, does not see.
	// It is not called for a handler that ends its goroutine. Nil for none.
	Ended func(*http.Request, error)
}

// Middleware returns a function that puts contention in front of a handler.
// targetOf returns what a request is aimed at, and false for a request that is
// aimed at nothing: that goes to the handler directly. Middleware panics if the
// engine or targetOf is nil.
func Middleware(e *engine.Engine, targetOf func(*http.Request) (uuid.UUID, bool), o Options) func(http.Handler) http.Handler {
	if e == nil || targetOf == nil {
		panic("middleware: an engine and a function that finds targets are needed")
	}
	if o.Contends == nil {
		o.Contends = unsafe
	}
	if o.RetryAfter <= 0 {
		o.RetryAfter = time.Second
	}
	return func(next http.Handler) http.Handler {
		return &gate{engine: e, targetOf: targetOf, options: o, next: next}
	}
}

// unsafe reports whether a request's method may change something.
func unsafe(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return true
}

// gate is a handler with contention in front. It is immutable.
type gate struct {
	engine   *engine.Engine
	targetOf func(*http.Request) (uuid.UUID, bool)
	options  Options
	next     http.Handler
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !g.options.Contends(r) {
		g.next.ServeHTTP(w, r)
		return
	}
	target, ok := g.targetOf(r)
	if !ok {
		g.next.ServeHTTP(w, r)
		return
	}
	if target == uuid.Nil && g.options.Op.Mode != engine.None {
		noTarget.write(w) // Do would take it for an operation without target, and let it through
		return
	}
	g.contend(w, r, g.op(r, target))
}

// op describes a request.
func (g *gate) op(r *http.Request, target uuid.UUID) engine.Op {
	op := g.options.Op
	op.Target = target
	if g.options.Priority != nil {
		op.Priority = g.options.Priority(r)
	}
	if g.options.Name != nil {
		op.Name = g.options.Name(r)
	} else if op.Name == "" {
		op.Name = r.Method + " " + r.URL.Path
	}
	return op
}

// contend calls the handler if the request wins, and answers it if not.
func (g *gate) contend(w http.ResponseWriter, r *http.Request, op engine.Op) {
	var c call
	_, err := engine.Do(r.Context(), g.engine, op, func(ctx context.Context) (struct{}, error) {
		c.serve(g.next, w, within(r, ctx))
		return struct{}{}, nil
	})
	if g.options.Ended != nil {
		g.options.Ended(r, err)
	}
	if c.panicked != nil {
		panic(c.panicked)
	}
	if err != nil && !c.begun { // else the answer is the handler's own
		g.answer(w, r, err)
	}
}

// within returns the request with the winner's context, which for an exclusive
// target is not the request's own: it carries the fencing token.
func within(r *http.Request, ctx context.Context) *http.Request {
	if own := r.Context(); reflect.TypeOf(own).Kind() == reflect.Pointer && ctx == own { // some others cannot be compared
		return r
	}
	return r.WithContext(ctx)
}

// call is what became of a call of the handler. The engine's error does not tell
// all of it: one that was stopped meanwhile hides a panic, and a registry that
// fails looks like a handler that does.
type call struct {
	begun    bool
	panicked any
}

// serve calls the handler, and takes note of its panic on the way to the engine,
// which counts it.
func (c *call) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	c.begun = true
	returned := false
	defer func() {
		if returned {
			return
		}
		if c.panicked = recover(); c.panicked != nil { // else the goroutine is ending
			panic(c.panicked)
		}
	}()
	next.ServeHTTP(w, r)
	returned = true
}
