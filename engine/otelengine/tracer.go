package otelengine

import (
	"sync"

	"example.com/contend/engine"
	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"go.opentelemetry.io/otel/trace"
)

// DefaultLimit is how many spans a Tracer holds open unless told otherwise.
const DefaultLimit = 8192

// Tracer makes spans of one engine's operations. It learns of them through its
// Hooks, which go into engine.Config.Hooks. It is safe for concurrent use.
//
// Its memory is bounded: beyond the limit, the oldest open spans are ended without
// an outcome, as are those whose last events were dropped; see Dropped.
type Tracer struct {
	tracer trace.Tracer

	limit int

	mu       sync.Mutex
	awaited  *simplelru.LRU[uuid.UUID, *operation]   // of Do and Submit, until they are staged, by Op.ID
	open     *simplelru.LRU[engine.OpID, *operation] // from staged to the outcome
	winners  *simplelru.LRU[engine.OpID, *operation] // that ended lately, for losers to link to
	dropped  uint64                                  // spans
	unlinked uint64
}

// operation is the span of one.
type operation struct {
	span     trace.Span
	executes bool      // Do or Submit makes the execution's span
	entry    uuid.UUID // of a winner; guarded by Tracer.mu
}

// NewTracer makes a tracer that holds up to limit spans open; 0 means DefaultLimit.
func NewTracer(provider trace.TracerProvider, limit int) *Tracer {
	if limit < 1 {
		limit = DefaultLimit
	}
	t := &Tracer{tracer: provider.Tracer(scope), limit: limit}
	t.awaited, _ = simplelru.NewLRU[uuid.UUID, *operation](limit, nil) // fails for a limit below 1
	t.open, _ = simplelru.NewLRU[engine.OpID, *operation](limit, nil)
	t.winners, _ = simplelru.NewLRU[engine.OpID, *operation](limit, nil)
	return t
}

// Dropped returns how many spans were ended without an outcome, and how many links
// to winners are missing because nothing was known of the winner. Both only grow.
func (t *Tracer) Dropped() (spans, links uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dropped, t.unlinked
}

// Close ends all spans that are still open, after the engine's Stop.
func (t *Tracer) Close() {
	t.mu.Lock()
	left := append(t.open.Values(), t.awaited.Values()...)
	t.open.Purge()
	t.awaited.Purge()
	t.winners.Purge()
	t.dropped += uint64(len(left))
	t.mu.Unlock()
	for _, o := range left {
		o.drop()
	}
}

// drop ends a span of whose outcome nothing is known.
func (o *operation) drop() {
	if o != nil {
		o.span.AddEvent("dropped")
		o.span.End()
	}
}

// put puts an operation into a table. It returns the one that has to go, if any:
// under the same key, or the oldest. Under t.mu.
func put[K comparable](t *Tracer, table *simplelru.LRU[K, *operation], key K, o *operation) (gone *operation) {
	if old, ok := table.Peek(key); ok {
		table.Remove(key)
		gone = old
	} else if table.Len() == t.limit {
		_, gone, _ = table.RemoveOldest()
	}
	table.Add(key, o)
	if gone != nil {
		t.dropped++
	}
	return gone
}
