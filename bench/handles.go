package bench

import (
	"context"
	"sync"

	"example.com/contend/engine"
)

// handleSubmitter uses Submit. A second goroutine waits for the handles.
type handleSubmitter struct {
	mu      sync.Mutex
	changed sync.Cond // on mu
	pending []pendingHandle
	closed  bool

	collecting sync.WaitGroup
}

type pendingHandle struct {
	key    key
	handle *engine.Handle[struct{}]
}

func newHandleSubmitter(r *runner) *handleSubmitter {
	s := &handleSubmitter{}
	s.changed.L = &s.mu
	s.collecting.Go(func() { s.collect(r) })
	return s
}

func nothing(context.Context) (struct{}, error) { return struct{}{}, nil }

func (s *handleSubmitter) submit(p *producer, op *operation) error {
	h, err := engine.Submit(context.Background(), p.runner.engine,
		engine.Op{Target: op.target, Priority: engine.Priority(op.priority), Name: p.runner.name(op.index)}, nothing)
	if err != nil {
		return err
	}
	k := key{h.ID().Shard, h.ID().Sequence}
	p.staged(op, k, k.id)
	if op.withdraw {
		p.late = append(p.late, withdrawal{k, h.Withdraw})
	}
	s.put(pendingHandle{k, h}, p.runner.workload.Rate == FlatOut)
	return nil
}

// put hands a handle to the goroutine that waits. An open loop never waits here.
func (s *handleSubmitter) put(h pendingHandle, flatOut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for flatOut && len(s.pending) >= maxBacklog {
		s.changed.Wait()
	}
	s.pending = append(s.pending, h)
	s.changed.Signal()
}

// take returns all handles that were put, or none at the end. The memory of used is
// put to use again.
func (s *handleSubmitter) take(used []pendingHandle) []pendingHandle {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pending) == 0 && !s.closed {
		s.changed.Wait()
	}
	clear(used)
	taken := s.pending
	s.pending = used[:0]
	s.changed.Signal()
	return taken
}

func (s *handleSubmitter) flush(*producer) error { return nil }

func (s *handleSubmitter) close(*producer) {
	s.mu.Lock()
	s.closed = true
	s.changed.Signal()
	s.mu.Unlock()
	s.collecting.Wait()
}

func (s *handleSubmitter) collect(r *runner) {
	var handles []pendingHandle
	var outcomes []told
	for handles = s.take(handles); len(handles) > 0; handles = s.take(handles) {
		for _, h := range handles {
			_, err := h.handle.Wait(context.Background())
			if o := outcomeOfError(err); r.feed != nil && o != toldWithdrawn { // the producer tells that
				outcomes = append(outcomes, told{h.key, o})
			}
			if len(outcomes) == flatOutBurst {
				r.feed.reportDecided(nil, outcomes)
				outcomes = outcomes[:0]
			}
		}
	}
	if len(outcomes) > 0 {
		r.feed.reportDecided(nil, outcomes)
	}
}
