package engine

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"example.com/contend/shard"
)

// watchdog reports shards that do not advance beyond the time at which they
// promised to look again. It has no goroutine: a timer calls check, and is set only
// while a shard is busy. An owner that begins to work after a rest finds it asleep
// and wakes it; once awake it checks at most every patience or so, until all rest.
//
// The handshake is Dekker's: the owner stores its promise, then looks whether the
// watchdog is awake; the watchdog says that it is not, then looks at all promises
// again.
type watchdog struct {
	engine   *Engine
	shards   []*shard.Shard
	patience time.Duration
	awake    atomic.Bool
	timer    *time.Timer
	suspects []suspect     // check's
	checks   atomic.Uint64 // how often it looked
}

// suspect is what the watchdog knows of one shard.
type suspect struct {
	promise  int64 // that was found broken
	broken   bool
	reported bool
}

// newWatchdog makes a generation's watchdog, asleep; nil for none.
func (e *Engine) newWatchdog() *watchdog {
	if e.config.Watchdog < 0 {
		return nil
	}
	return &watchdog{
		engine: e, patience: e.config.Watchdog,
		suspects: make([]suspect, e.config.Shards),
	}
}

// watch begins to watch. The shards do not run yet.
func (w *watchdog) watch(shards []*shard.Shard) {
	if w == nil {
		return
	}
	w.shards = shards
	w.timer = time.AfterFunc(time.Hour, w.check)
	w.timer.Stop()
}

// busy returns what a shard calls when it begins to work after a rest.
func (w *watchdog) busy() func() {
	if w == nil {
		return nil
	}
	return w.wake
}

func (w *watchdog) wake() {
	if !w.awake.Load() && !w.awake.Swap(true) {
		w.timer.Reset(w.patience)
	}
}

// stop ends the watch. All shards have ended, and rest.
func (w *watchdog) stop() {
	if w != nil {
		w.timer.Stop()
	}
}

// check looks at all shards and sets the timer for the next time, if one is busy.
func (w *watchdog) check() {
	looked := false
	defer func() {
		if !looked { // Logger has ended the goroutine
			w.timer.Reset(w.patience)
		}
	}()
	w.checks.Add(1)
	now := w.engine.Now()
	next, busy := now+int64(w.patience), false
	for i, s := range w.shards {
		v := s.Vitals()
		if w.suspects[i].look(&v, w.patience) {
			w.report(i, s, &v)
		}
		if !v.Resting {
			busy = true
			next = min(next, v.Wakes+int64(w.patience)+1)
		}
	}
	looked = true
	if busy {
		w.timer.Reset(max(time.Duration(next-now), w.patience/4))
		return
	}
	w.awake.Store(false)
	for _, s := range w.shards {
		if !s.Vitals().Resting {
			w.wake()
		}
	}
}

// look takes note of how a shard is and reports whether that is to be reported: if
// the same promise was found broken the time before, too. After the whole process
// was suspended, every promise is broken, but no shard is stuck.
func (s *suspect) look(v *shard.Vitals, patience time.Duration) (report bool) {
	switch {
	case v.Overdue <= patience:
		*s = suspect{}
	case !s.broken || s.promise != v.Wakes:
		*s = suspect{promise: v.Wakes, broken: true}
	case !s.reported:
		s.reported = true
		return true
	}
	return false
}

// report logs that a shard does not advance, with its goroutine's stack.
func (w *watchdog) report(index int, s *shard.Shard, v *shard.Vitals) {
	w.engine.report("contend: a shard does not advance",
		slog.Int("shard", index), slog.Duration("for", v.Overdue), slog.Int("staged", v.Staged),
		slog.String("stack", stackOf(s.Goroutine())))
}

// The world stops while stacks are written: some microseconds per goroutine.
const (
	maxStacks     = 100_000
	maxStackBytes = 64 << 20
)

// stackOf returns the stack of a goroutine.
func stackOf(goroutine uint64) string {
	n := runtime.NumGoroutine()
	if n > maxStacks {
		return fmt.Sprintf("not taken: there are %d goroutines", n)
	}
	all := make([]byte, min(maxStackBytes, 64<<10+n<<10))
	all = all[:runtime.Stack(all, true)]
	_, stack, ok := bytes.Cut(append([]byte("\n\n"), all...), fmt.Appendf(nil, "\n\ngoroutine %d ", goroutine))
	if !ok {
		return fmt.Sprintf("not found among those of %d goroutines", n)
	}
	stack, _, _ = bytes.Cut(stack, []byte("\n\n"))
	return fmt.Sprintf("goroutine %d %s", goroutine, stack)
}
