package bench

import (
	"errors"
	"time"

	"example.com/contend/engine"
)

// newSubmitter makes the submitter of a producer.
func (r *runner) newSubmitter() submitter {
	switch r.options.Rung {
	case Decisions:
		if r.options.Batch > 1 {
			return &batchSubmitter{batch: r.engine.NewBatch(r.options.Batch)}
		}
		return tagSubmitter{}
	case Handles:
		return newHandleSubmitter(r)
	case Blocking:
		return &blockingSubmitter{}
	}
	return &callbackSubmitter{}
}

// name returns the name of an operation, which is empty unless asked for.
func (r *runner) name(index int64) string {
	if len(r.options.Names) == 0 {
		return ""
	}
	return r.options.Names[index%int64(len(r.options.Names))]
}

// verifiedOp is the caller memory of an operation of a run that is verified.
type verifiedOp struct {
	engine.Ticket
	runner *runner
	begun  int64
}

// Decided is told the verdict on the shard's goroutine.
func (op *verifiedOp) Decided(v *engine.Verdict) { op.runner.taps[v.Op.Shard].tell(v) }

func (op *verifiedOp) intended() int64 { return op.begun }

// callbackSubmitter stages operations with a ticket each.
type callbackSubmitter struct{ memory opMemory }

func (s *callbackSubmitter) submit(p *producer, op *operation) error {
	if p.runner.feed != nil || op.withdraw { // one that is withdrawn may be told nothing
		return submitVerified(p, op)
	}
	c := s.memory.take(p.runner, op.begun)
	if len(p.runner.options.Names) > 0 { // else the memory is not touched for it
		c.Name = p.runner.name(op.index)
	}
	_, err := p.runner.engine.Stage(&engine.Bid{
		Target: op.target, Priority: engine.Priority(op.priority), Ticket: &c.Ticket,
	})
	if err != nil {
		s.memory.refused(c)
	}
	return err
}

func submitVerified(p *producer, op *operation) error {
	c := &verifiedOp{runner: p.runner, begun: op.begun}
	c.To, c.Withdrawable, c.Name = c, op.withdraw, p.runner.name(op.index)
	id, err := p.runner.engine.Stage(&engine.Bid{
		Target: op.target, Priority: engine.Priority(op.priority), Ticket: &c.Ticket,
	})
	if err != nil {
		return err
	}
	k := key{id.Shard, id.Sequence}
	p.staged(op, k, id.Sequence)
	if op.withdraw {
		p.late = append(p.late, withdrawal{k, c.Withdraw})
	}
	return nil
}

func (s *callbackSubmitter) flush(*producer) error { return nil }
func (s *callbackSubmitter) close(*producer)       {}

// tagSubmitter stages operations without memory of their own, one by one.
type tagSubmitter struct{}

func (tagSubmitter) submit(p *producer, op *operation) error {
	id, err := p.runner.engine.Stage(&engine.Bid{
		Target: op.target, Priority: engine.Priority(op.priority), Tag: uint64(op.index),
	})
	if err == nil {
		p.staged(op, key{tagged, uint64(op.index)}, id.Sequence)
	}
	return err
}

func (tagSubmitter) flush(*producer) error { return nil }
func (tagSubmitter) close(*producer)       {}

// batchSubmitter stages them in batches. Their sequences are not known, so
// their order is only if there is one producer.
type batchSubmitter struct {
	batch   *engine.Batch
	pending []operation
}

func (s *batchSubmitter) submit(p *producer, op *operation) error {
	err := s.batch.Add(&engine.Bid{
		Target: op.target, Priority: engine.Priority(op.priority), Tag: uint64(op.index),
	})
	if err == nil && p.runner.feed != nil {
		s.pending = append(s.pending, *op)
	}
	return err
}

// flush waits until everything is accepted: what is refused stays in the batch.
func (s *batchSubmitter) flush(p *producer) error {
	for err := s.batch.Flush(); err != nil; err = s.batch.Flush() {
		if !errors.Is(err, engine.ErrOverloaded) {
			return err
		}
		time.Sleep(Burst)
	}
	for i := range s.pending {
		op := &s.pending[i]
		p.staged(op, key{tagged, uint64(op.index)}, uint64(op.index))
	}
	s.pending = s.pending[:0]
	return nil
}

func (s *batchSubmitter) close(*producer) {}

func outcomeOfError(err error) outcome {
	switch {
	case err == nil:
		return toldWon
	case errors.Is(err, engine.ErrRejected):
		return toldLost
	case errors.Is(err, engine.ErrWithdrawn):
		return toldWithdrawn
	}
	return toldStopped
}
