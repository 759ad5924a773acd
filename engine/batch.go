package engine

import (
	"cmp"

	"example.com/contend/shard"
)

// Batch collects bids and submits them shard by shard, each shard's with one
// claim and at most one reading of the clock. A bid is accepted when its batch
// is flushed. A Batch belongs to one goroutine.
type Batch struct {
	engine  *Engine
	pending [][]shard.Op // by shard
	size    int
}

// NewBatch makes a batch that flushes a shard's bids by itself when there are
// size of them; 16 is a good number. A size below 1 counts as 1.
func (e *Engine) NewBatch(size int) *Batch {
	b := &Batch{engine: e, size: max(1, size), pending: make([][]shard.Op, e.config.Shards)}
	for i := range b.pending {
		b.pending[i] = make([]shard.Op, 0, b.size)
	}
	return b
}

// Add appends a bid. It fails with an InvalidError, or with Flush's error if
// the shard's bids had to be flushed first and could not; the bid is not in
// the batch then. The bid is copied.
func (b *Batch) Add(bid *Bid) error {
	terms, err := b.engine.terms(bid)
	if err != nil {
		return b.engine.refused(err)
	}
	index, hash := b.engine.router.route(&bid.Target)
	if len(b.pending[index]) == b.size {
		if err := b.flush(index); err != nil {
			return err
		}
	}
	ops := b.pending[index][:len(b.pending[index])+1]
	fill(&ops[len(ops)-1], bid, terms, hash)
	if b.pending[index] = ops; len(ops) == b.size {
		b.flush(index) // what is refused now stays and is reported when it matters
	}
	return nil
}

// Flush submits what was added. What is refused stays in the batch: flush again, or
// Discard. With an OverloadedError or a StoppedError that is the rest of a shard's bids,
// with an InvalidError only those whose tickets are in use.
func (b *Batch) Flush() error {
	var first error
	for index := range b.pending {
		if len(b.pending[index]) > 0 {
			if err := b.flush(index); err != nil && first == nil {
				first = err
			}
		}
	}
	return first
}

// Len returns how many bids wait to be flushed.
func (b *Batch) Len() (n int) {
	for _, ops := range b.pending {
		n += len(ops)
	}
	return n
}

// Discard drops the bids that wait to be flushed.
func (b *Batch) Discard() {
	for i := range b.pending {
		clear(b.pending[i])
		b.pending[i] = b.pending[i][:0]
	}
}

func (b *Batch) flush(index int) error {
	g, err := b.engine.live()
	if err != nil {
		return b.engine.refused(err)
	}
	var inUse error
	for staying := 0; ; staying++ { // at the front, in use
		ops := b.pending[index]
		n, err := b.engine.pushAll(g.shards[index], ops[staying:])
		left := staying + copy(ops[staying:], ops[staying+n:])
		clear(ops[left:])
		b.pending[index] = ops[:left]
		if err == shard.ErrInUse && staying+1 < left {
			inUse = err
			continue
		}
		if err = cmp.Or(err, inUse); err != nil {
			return b.engine.refused(b.engine.explain(err, g.shards[index], index))
		}
		return nil
	}
}

// pushAll submits a shard's bids, parking while its ring is full if so
// configured, until all are accepted or one is refused.
func (e *Engine) pushAll(s *shard.Shard, ops []shard.Op) (n int, err error) {
	for n < len(ops) {
		_, more, err := s.StageAll(ops[n:])
		n += more
		if err == shard.ErrFull && e.parks() {
			more, err = s.StageAllWait(ops[n:], nil)
			n += more
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
