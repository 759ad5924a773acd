package engine

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

type (
	// Window is a target's open window at one moment; see shard.Window.
	Window = shard.Window
	// Hot is a much contended target; see shard.Hot.
	Hot = shard.Hot
)

// Windows iterates over the windows that are open, shard by shard. The shards go on
// meanwhile: each copies 128 of its windows at a time, some microseconds' work,
// between two looks, and waits for nobody.
//
// A window to which a submission had returned before the iteration began, and that
// is open until it ends, appears exactly once. One that opens or closes meanwhile
// appears at most once, so a target may appear with two windows that followed each
// other. Every window is as it was at one moment, though not all at the same.
// Operations that wait to be retried, and those of windows that were closed early
// and are about to be decided, are in no open window.
//
// The iteration ends early when ctx does. On a shard's own goroutine it is empty.
func (e *Engine) Windows(ctx context.Context) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		g := e.current.Load()
		if g == nil || ctx.Err() != nil || onShard() {
			return
		}
		for _, s := range g.shards {
			stopped := false
			s.Windows(ctx.Done(), func(w *Window) bool {
				stopped = !yield(*w)
				return !stopped
			})
			if stopped || ctx.Err() != nil {
				return
			}
		}
	}
}

// WindowsOf is Windows for one shard, from 0 to Shards()-1. It is empty for any
// other.
func (e *Engine) WindowsOf(ctx context.Context, index int) iter.Seq[Window] {
	return func(yield func(Window) bool) {
		g := e.current.Load()
		if g == nil || index < 0 || index >= len(g.shards) || ctx.Err() != nil || onShard() {
			return
		}
		g.shards[index].Windows(ctx.Done(), func(w *Window) bool { return yield(*w) })
	}
}

// Clear takes everything out that is staged for a target, and what waits to be
// retried on it, and returns how many operations that were. Each gets its outcome
// at once, a ClearedError, and nothing of them stays behind. All operations are
// cleared whose submission had returned before the call and which were not decided
// by then; none whose submission begins after it returned. A winner that runs is
// not disturbed, and an exclusive target stays held by it.
//
// It fails with an InvalidError, with a StoppedError if the engine is not running,
// or with ctx's cause if that ends first; the target may be cleared all the same
// then. On a shard's own goroutine it cannot wait, and fails with an InvalidError.
func (e *Engine) Clear(ctx context.Context, target uuid.UUID) (n int, err error) {
	if target == uuid.Nil {
		return 0, &InvalidError{"target", target, "a target"}
	}
	if onShard() {
		return 0, &InvalidError{"goroutine", "a shard's", "any other: the shard would wait for itself"}
	}
	g := e.current.Load()
	if g == nil {
		return 0, &StoppedError{}
	}
	index, hash := e.router.route(&target)
	n, ok := g.shards[index].Clear(target, hash, ctx.Done())
	switch {
	case ok:
		return n, nil
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	return 0, &StoppedError{}
}

// ClearedError tells an operation that its target was cleared before its window
// closed; see Engine.Clear.
type ClearedError struct {
	ID       OpID
	Target   uuid.UUID
	Name     string
	Priority Priority // its own, without ageing
	Retries  int
}

// Reason returns why it was rejected, in words.
func (e *ClearedError) Reason() string { return "the target was cleared" }

func (e *ClearedError) Error() string {
	return fmt.Sprintf("contend: %s on %v rejected: %s, retries %d", named(e.Name, e.ID), e.Target, e.Reason(), e.Retries)
}

// Is makes errors.Is(err, ErrCleared) and errors.Is(err, ErrRejected) true.
func (e *ClearedError) Is(target error) bool { return target == ErrCleared || target == ErrRejected }

// Hottest returns the targets that were contended for most lately, at most n, the
// hottest first: with how many operations, counted when they were decided and halved
// every ten seconds. Counts are estimates from little memory (see Hot), of at most
// Config.Hottest targets of each shard; without that, there are none. It is safe at
// any time and for concurrent use, and wakes no shard. Counts begin anew at Start.
func (e *Engine) Hottest(n int) []Hot {
	var all []Hot
	if g := e.current.Load(); g != nil {
		for _, s := range g.shards {
			all = append(all, s.Hottest()...)
		}
	}
	slices.SortFunc(all, func(a, b Hot) int {
		return cmp.Or(cmp.Compare(b.Operations, a.Operations), cmp.Compare(a.Excess, b.Excess), slices.Compare(a.Target[:], b.Target[:]))
	})
	return all[:min(max(n, 0), len(all))]
}
