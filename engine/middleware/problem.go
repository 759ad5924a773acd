package middleware

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"example.com/contend/engine"
)

// The types of problems, which tell a Problem of this package from others with
// the same status. They are tag URIs (RFC 4151): names, not addresses.
const (
	TypeRejected   = "tag:example.com,2026:contend/rejected"
	TypeMasked     = "tag:example.com,2026:contend/masked"
	TypeOverloaded = "tag:example.com,2026:contend/overloaded"
	TypeStopped    = "tag:example.com,2026:contend/stopped"
	TypeWithdrawn  = "tag:example.com,2026:contend/withdrawn"
	TypeNoTarget   = "tag:example.com,2026:contend/no-target"
	TypeFailed     = "tag:example.com,2026:contend/failed"
)

// ContentType is that of an answer with a Problem.
const ContentType = "application/problem+json"

// statusClientGone is not a registered status: what proxies log for a request
// whose client left before it was answered.
const statusClientGone = 499

// Problem is the body of an answer to a request that did not reach its handler,
// as RFC 9457 has it.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`

	*Rejection // of TypeRejected, else nil
}

// Rejection is what a request is told that lost.
type Rejection struct {
	Priority   engine.Priority `json:"priority"`       // its own, aged by its retries
	Contenders int             `json:"contenders"`     // requests in the window, the winner included
	Rank       int             `json:"rank,omitempty"` // its place among them, 1 being the winner's; absent if not known
	Retries    int             `json:"retries"`        // windows that it had lost before
	Winner     Winner          `json:"winner"`
}

// Winner is who a request lost to.
type Winner struct {
	Name     string          `json:"name"`
	Priority engine.Priority `json:"priority"`
}

var noTarget = Problem{
	Type: TypeNoTarget, Title: "The request names no target", Status: http.StatusBadRequest,
	Detail: "the target's ID is zero",
}

// answer tells a client why its request did not reach the handler.
func (g *gate) answer(w http.ResponseWriter, r *http.Request, err error) {
	// net/http ends the context of a client that left with exactly that; a time
	// that ran out, or a cause of the user's, has a client that waits.
	if errors.Is(err, engine.ErrWithdrawn) && context.Cause(r.Context()) == context.Canceled {
		w.WriteHeader(statusClientGone)
		return
	}
	if errors.Is(err, engine.ErrOverloaded) {
		seconds := (g.options.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	problem := problemOf(err)
	problem.write(w)
}

// problemOf says what became of a request, and nothing of the service's inside:
// not the text of errors that are for its operator.
func problemOf(err error) Problem {
	var rejected *engine.RejectedError
	var masked *engine.MaskedError
	switch {
	case errors.As(err, &rejected):
		return rejection(rejected)
	case errors.As(err, &masked):
		return Problem{
			Type: TypeMasked, Title: "The target is locked", Status: http.StatusLocked,
			Detail: masked.Reason(),
		}
	case errors.Is(err, engine.ErrOverloaded):
		return Problem{
			Type: TypeOverloaded, Title: "Too many requests are waiting", Status: http.StatusServiceUnavailable,
			Detail: "nothing was done; try again later",
		}
	case errors.Is(err, engine.ErrStopped):
		return Problem{
			Type: TypeStopped, Title: "The service is stopping", Status: http.StatusServiceUnavailable,
			Detail: "nothing was done",
		}
	case errors.Is(err, engine.ErrWithdrawn):
		return Problem{
			Type: TypeWithdrawn, Title: "Given up before it was decided", Status: http.StatusServiceUnavailable,
			Detail: "nothing was done; the request's time or its service ended",
		}
	}
	return Problem{
		Type: TypeFailed, Title: "The request could not be decided", Status: http.StatusInternalServerError,
		Detail: "nothing was done",
	}
}

func rejection(e *engine.RejectedError) Problem {
	return Problem{
		Type: TypeRejected, Title: "Another request won", Status: http.StatusConflict,
		Detail: e.Reason(),
		Rejection: &Rejection{
			Priority: e.Priority, Contenders: e.Contenders, Rank: e.Rank, Retries: e.Retries,
			Winner: Winner{Name: e.Winner.Name, Priority: e.Winner.Priority},
		},
	}
}

// write answers with the problem. That a client does not take it is nobody's
// fault here.
func (p Problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n'))
}
