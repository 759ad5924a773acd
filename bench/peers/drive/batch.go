package drive

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"example.com/contend/bench"
	"example.com/contend/bench/peers"
	"example.com/contend/engine"
)

// batcher is what takes operations that have only a tag, some at a time. Its groups and
// told are complete when it has been closed.
type batcher interface {
	add(op *peers.Tagged) error
	close() error
	counts() (groups, told int64)
}

// tally counts what was told about groups; it is the deciding goroutine's.
type tally struct{ groups, told int64 }

func (t *tally) counts() (groups, told int64) { return t.groups, t.told }

// contendBatch is contend's batches, told through the hook.
type contendBatch struct {
	tally
	engine *engine.Engine
	batch  *engine.Batch
}

func newContendBatch(window time.Duration) *contendBatch {
	b := &contendBatch{}
	b.engine = peers.NewEngine(peers.Config{Window: window, Shards: 1}, func(decisions []engine.Decision) {
		for i := range decisions {
			b.groups++
			b.told += int64(decisions[i].Contenders)
		}
	})
	b.batch = b.engine.NewBatch(peers.BatchSize)
	return b
}

func (b *contendBatch) add(op *peers.Tagged) error {
	return b.batch.Add(&engine.Bid{Target: op.Target, Priority: engine.Priority(op.Priority), Tag: op.Tag})
}

func (b *contendBatch) close() error {
	if err := b.batch.Flush(); err != nil {
		return err
	}
	return b.engine.Stop(context.Background())
}

// peerBatch is what the peers have instead.
type peerBatch struct {
	tally
	batched *peers.Batched
}

func newPeerBatch(window time.Duration) *peerBatch {
	b := &peerBatch{}
	b.batched = peers.NewBatched(window, func(v peers.GroupVerdict) {
		b.groups++
		b.told += int64(v.Contenders)
	})
	return b
}

func (b *peerBatch) add(op *peers.Tagged) error {
	b.batched.Add(op)
	return nil
}

func (b *peerBatch) close() error {
	b.batched.Close()
	return nil
}

// measureBatch submits operations sixteen at a time, each with a tag and without
// memory of its own, and learns of a group at a time who has won and how many
// contended. It is measured when that has gone on for some windows.
func measureBatch(s Spec) (*Result, error) {
	w, err := s.workload()
	if err != nil {
		return nil, err
	}
	w.Producers = 1
	var b batcher
	switch s.By {
	case peers.Contend:
		b = newContendBatch(w.Window)
	case peers.BatchedName:
		b = newPeerBatch(w.Window)
	default:
		return nil, fmt.Errorf("drive: %s takes no batches", s.By)
	}
	stream := w.Stream(0)
	runtime.GC()
	warm, err := addFor(b, stream, time.Duration(warmWindows*float64(w.Window)))
	if err != nil {
		return nil, err
	}
	result, meter := &Result{}, startMeter()
	if result.Operations, err = addFor(b, stream, w.Duration); err != nil {
		return nil, err
	}
	meter.stop(result, 0, 0)
	if err := b.close(); err != nil {
		return nil, err
	}
	if groups, told := b.counts(); told != warm+result.Operations || groups == 0 {
		result.fault("%d were submitted, %d are in the %d groups", warm+result.Operations, told, groups)
	}
	return result, nil
}

// addFor submits operations for some time, and returns how many.
func addFor(b batcher, stream *bench.Stream, duration time.Duration) (n int64, err error) {
	var op peers.Tagged // one for all: it is copied
	for start := time.Now(); n == 0 || time.Since(start) < duration; {
		for range flatOutBurst {
			op.Tag = uint64(stream.Index())
			op.Target, op.Priority, _ = stream.Next()
			if err := b.add(&op); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}
