package engine

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"example.com/contend/shard"
	"github.com/google/uuid"
	"go.uber.org/atomic"
)

// winning is what the context of a winner of an exclusive target carries.
type winning struct {
	engine *Engine
	hold   shard.Hold
	outer  *winning // of the function in which the operation was submitted
	ended  atomic.Bool
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

// carriesToken reports whether a winner's function would find another winner's
// token in its context.
func carriesToken(ctx context.Context) bool { return ctx.Value(winningKey{}) != nil }

// Release frees an exclusive target for its next winner: the one with that token
// (Verdict.Token) has ended. It is for winners of Stage and Batch; those of Do,
// Submit and Contend are released by themselves or by Win.Finish. A token that
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
	index, _ := e.router.route(h.Target)
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

// holders are the winners of one shard's exclusive targets that run or will run,
// by token. It outlives generations, as a winner may. Its lock may be taken under
// runs.mu.
type holders struct {
	mu   sync.Mutex
	runs map[uint64]*run
	most int // since the map was made, whose memory only grows
}

func (h *holders) add(r *run) {
	if r.hold.Token == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs == nil {
		h.runs = make(map[uint64]*run)
	}
	h.runs[r.hold.Token] = r
	h.most = max(h.most, len(h.runs))
}

func (h *holders) remove(r *run) { h.removeToken(r.hold.Token) }

func (h *holders) removeToken(token uint64) {
	if token == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.runs, token)
	if h.most > 128 && len(h.runs) < h.most/4 { // gives a burst's memory back
		few := make(map[uint64]*run, len(h.runs))
		maps.Copy(few, h.runs)
		h.runs, h.most = few, len(few)
	}
}

// preempt marks a winner as preempted, and returns how to cancel it if it has
// begun.
func (h *holders) preempt(token uint64) context.CancelCauseFunc {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.runs[token]
	if r == nil {
		return nil
	}
	r.preempted = true
	return r.cancel
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

// exclusively makes the context for the function of a winner: one that carries
// its token and ends when it is preempted. The function returned must be called
// when the winner has ended.
func (r *run) exclusively(ctx context.Context) (context.Context, func()) {
	e := r.runs.engine
	outer, _ := ctx.Value(winningKey{}).(*winning)
	w := &winning{engine: e, hold: r.hold, outer: outer}
	ctx = context.WithValue(ctx, winningKey{}, w)
	ctx, cancel := context.WithCancelCause(ctx)
	r.setCancel(cancel)
	return ctx, func() {
		w.ended.Store(true)
		r.setCancel(nil)
		cancel(nil)
	}
}

// setCancel publishes how the winner can be preempted, and does so if it was.
func (r *run) setCancel(cancel context.CancelCauseFunc) {
	h := r.runs.holders
	h.mu.Lock()
	r.cancel = cancel
	preempted := r.preempted
	h.mu.Unlock()
	if preempted && cancel != nil {
		cancel(ErrPreempted)
	}
}

// checkWait refuses to wait for a target from inside the winner that holds it:
// the wait would not end.
func (e *Engine) checkWait(ctx context.Context, target uuid.UUID) error {
	if !e.rulebook.exclusive {
		return nil
	}
	w, _ := ctx.Value(winningKey{}).(*winning)
	for ; w != nil; w = w.outer {
		if w.engine == e && w.hold.Target == target && !w.ended.Load() {
			return &InvalidError{"Op.Target", target, fmt.Sprintf("another target, or Submit with a context that outlives the function (context.WithoutCancel): the caller's own winner holds this one (token %d) and would wait for itself", w.hold.Token)}
		}
	}
	return nil
}
