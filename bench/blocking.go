package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"

	"example.com/contend/engine"
	"github.com/google/uuid"
)

// blockingSubmitter calls Do on a goroutine for each operation. Which place it
// had in the order of submission is only known with its outcome, if at all: a
// withdrawn one never learns it.
type blockingSubmitter struct {
	mu       sync.Mutex
	accepted []staged
	outcomes []told
	withdrew int64
	refused  int64
	calls    sync.WaitGroup
}

func (s *blockingSubmitter) submit(p *producer, op *operation) error {
	s.calls.Add(1)
	ctx := context.Background()
	if op.withdraw {
		withdrawn, cancel := context.WithCancel(ctx)
		ctx = withdrawn
		p.late = append(p.late, withdrawal{withdraw: func() bool { cancel(); return false }})
	}
	go s.call(ctx, p.runner, *op)
	return nil
}

func (s *blockingSubmitter) call(ctx context.Context, r *runner, op operation) {
	defer s.calls.Done()
	_, err := engine.Do(ctx, r.engine, engine.Op{
		Target: op.target, Priority: engine.Priority(op.priority), ID: indexID(op.index), Name: r.name(op.index),
	}, nothing)
	id := engine.OpID{}
	o := outcomeOfError(err)
	var lost *engine.RejectedError
	switch {
	case o == toldWon:
		won, _ := r.winners.LoadAndDelete(op.index)
		id = won.(engine.OpID)
	case errors.As(err, &lost):
		id = lost.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case o == toldWithdrawn && accepted(err):
		s.withdrew++
	case o == toldWithdrawn || errors.Is(err, engine.ErrOverloaded):
		s.refused++
	case r.feed != nil:
		k := key{id.Shard, id.Sequence}
		s.accepted = append(s.accepted, staged{key: k, target: op.target, priority: op.priority, begun: op.begun})
		s.outcomes = append(s.outcomes, told{k, o})
	}
}

// accepted reports whether a withdrawn operation had been staged.
func accepted(err error) bool {
	var withdrawn *engine.WithdrawnError
	return errors.As(err, &withdrawn) && withdrawn.Accepted
}

// flush hands over what has come back.
func (s *blockingSubmitter) flush(p *producer) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.accepted = append(p.accepted, s.accepted...)
	p.outcomes = append(p.outcomes, s.outcomes...)
	p.withdrew += s.withdrew
	p.refused += s.refused
	s.accepted, s.outcomes, s.withdrew, s.refused = s.accepted[:0], s.outcomes[:0], 0, 0
	return nil
}

func (s *blockingSubmitter) close(p *producer) {
	s.calls.Wait()
	s.flush(p)
}

// indexID carries an operation's number to the registry.
func indexID(index int64) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[8:], uint64(index)+1)
	return id
}

// winners is the registry of a blocking run: it tells the winners their place
// in the order of submission.
type winners struct{ sync.Map }

func (w *winners) Register(e engine.Entry) error {
	w.Store(int64(binary.BigEndian.Uint64(e.Key[8:])-1), e.Op)
	return nil
}

func (w *winners) Finish(uuid.UUID, error) {}
