package engine

import (
	"context"
	"fmt"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// winning is what the context of a winner of an exclusive target carries.
type winning struct {
	engine *Engine
	hold   shard.Hold
	outer  *winning // of the function in which the operation was submitted
	ended  atomicBool
}

type winningKey struct{}

// FencingToken returns the token of the winner that is running with the context,
// if its target is exclusive. Tokens of a target grow from winner to winner, over
// restarts of the engine too, and, by the wall clock, over those of the process:
// whatever winners write to can keep the greatest it has seen and refuse a
// smaller one, whose writer was thought to have ended.
func FencingToken(ctx context.Context) (token uint64, ok bool) {
	w, ok := ctx.Value(winningKey{}).(*winning)
	if !ok || w.hold.Token == 0 {
		return 0, false
	}
	return w.hold.Token, true
}

// Release frees an exclusive target for its next winner: the one with that token
// (Verdict.Token) has ended. It is for winners of Stage and Batch; those of Do,
// Submit and Contend are released by themselves or by Win.Finish. It has to be
// called whatever happens, as if the contender panics when it is told. A token that
// does not hold the target changes nothing. It is safe for concurrent use.
func (e *Engine) Release(target uuid.UUID, token uint64) {
	e.release(shard.Hold{Target: target, Token: token})
}

// release tells a target's shard that its winner has ended, or will not run. It
// does nothing for a winner without token.
func (e *Engine) release(h shard.Hold) {
	if h.Token == 0 {
		return
	}
	index, _ := e.router.route(&h.Target)
	e.tellShard(index, func(s *shard.Shard) bool { return s.Ended(h.Target, h.Token) })
}

// tellShard tells a shard something that outlives generations: if the shard has
// ended and its successor is being made, the successor.
func (e *Engine) tellShard(index int, tell func(*shard.Shard) bool) {
	g := e.current.Load()
	for g != nil && !tell(g.shards[index]) {
		e.mu.Lock() // whoever makes the successor holds it
		g = e.current.Load()
		e.mu.Unlock()
	}
}

// holder is a winner that keeps an exclusive target from its next.
type holder struct {
	hold      shard.Hold              // immutable
	cancel    context.CancelCauseFunc // of the running function; guarded by holders.mu
	preempted bool                    // guarded by holders.mu
}

// holders are the winners of one shard's exclusive targets that run or will run,
// by token. It outlives generations, as a winner may. Its lock may be taken under
// runs.mu.
type holders struct {
	mu  mutex
	all book[uint64, *holder]
}

// add takes a winner in, unless its target is not exclusive and it is nil.
func (hs *holders) add(h *holder) {
	if h == nil {
		return
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.all.set(h.hold.Token, h)
}

func (hs *holders) remove(h *holder) {
	if h == nil {
		return
	}
	hs.mu.Lock()
	defer hs.mu.Unlock()
	hs.all.delete(h.hold.Token)
}

// preempt marks a winner as preempted, and returns how to cancel it if it has
// begun.
func (hs *holders) preempt(token uint64) context.CancelCauseFunc {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	h := hs.all.entries[token]
	if h == nil {
		return nil
	}
	h.preempted = true
	return h.cancel
}

// setCancel publishes how a winner can be preempted, and does so if it was.
func (hs *holders) setCancel(h *holder, cancel context.CancelCauseFunc) {
	if h == nil {
		return
	}
	hs.mu.Lock()
	h.cancel = cancel
	preempted := h.preempted
	hs.mu.Unlock()
	if preempted && cancel != nil {
		cancel(ErrPreempted)
	}
}

// preempt cancels the contexts of winners that are to make way, on the shard's
// goroutine.
func (rs *runs) preempt(batch []Preemption) {
	for _, p := range batch {
		if cancel := rs.holders.preempt(p.Token); cancel != nil {
			cancel(ErrPreempted)
		}
	}
	if hook := rs.engine.config.Preempted; hook != nil {
		hook(batch)
	}
}

// isNested reports whether a context is that of a winner of an exclusive target. It is
// asked before an operation is staged: a context of the user's may panic.
func isNested(ctx context.Context) bool { return ctx.Value(winningKey{}) != nil }

// apart reports whether the function of a winner needs a context of its own:
// because its target is exclusive, or because its caller's context isNested.
func (r *run) apart(nested bool) bool { return r.holder != nil || nested }

// executeApart is execute with a context of its own for the function.
func (e *Engine) executeApart(ctx context.Context, r *run, call func(context.Context) error, done func(error)) {
	e.execute(ctx, r, func(ctx context.Context) error {
		ctx, ended := r.exclusively(ctx)
		defer ended()
		return call(ctx)
	}, done)
}

// exclusively makes that context: one that carries the winner's token, if it has
// one, and ends when it is preempted. The function returned must be called when
// the winner has ended.
func (r *run) exclusively(ctx context.Context) (context.Context, func()) {
	w := &winning{engine: r.runs.engine, hold: r.held()}
	w.outer, _ = ctx.Value(winningKey{}).(*winning)
	ctx = context.WithValue(ctx, winningKey{}, w)
	ctx, cancel := context.WithCancelCause(ctx)
	h, hs := r.holder, r.runs.holders
	hs.setCancel(h, cancel)
	return ctx, func() {
		w.ended.Store(true)
		hs.setCancel(h, nil)
		cancel(nil)
	}
}

// held returns what a run keeps from its target's next window; its token is 0 if
// that is nothing.
func (r *run) held() shard.Hold {
	if r.holder == nil {
		return shard.Hold{}
	}
	return r.holder.hold
}

// checkWait refuses to wait for a target from inside the winner that holds it:
// the wait would not end.
func (e *Engine) checkWait(ctx context.Context, target *uuid.UUID) error {
	w, _ := ctx.Value(winningKey{}).(*winning)
	for ; w != nil; w = w.outer {
		if w.engine == e && w.hold.Target == *target && !w.ended.Load() {
			return &InvalidError{"Op.Target", *target, fmt.Sprintf("another target, or Submit with a context that outlives the function (context.WithoutCancel): the caller's own winner holds this one (token %d) and would wait for itself", w.hold.Token)}
		}
	}
	return nil
}
