package engine

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"example.com/contend/shard"
	"github.com/google/uuid"
)

// WhenSilent is what becomes of a lock whose owner sends no heartbeat in time.
type WhenSilent uint8

const (
	// Open ends the lock: operations pass again.
	Open WhenSilent = iota
	// Locked leaves it in force until somebody unlocks it; see Engine.Locks.
	Locked
)

// LockConfig describes a lock.
type LockConfig struct {
	// Name is what masked operations are told.
	Name string
	// Target is what is locked, unless All targets are.
	Target uuid.UUID
	All    bool
	// Below is the priority from which on operations pass. Those below are
	// rejected with a MaskedError, when they arrive or, if they were staged
	// already, when they would be decided. What is running is not disturbed.
	Below Priority
	// For is how long the lock holds without a heartbeat.
	For        time.Duration
	WhenSilent WhenSilent
}

func (c *LockConfig) validate() error {
	switch {
	case c.All == (c.Target != uuid.Nil):
		return &InvalidError{"LockConfig.Target", c.Target, "either a target or All"}
	case c.For <= 0:
		return &InvalidError{"LockConfig.For", c.For, "a positive duration: how long the lock holds without a heartbeat"}
	case c.WhenSilent > Locked:
		return &InvalidError{"LockConfig.WhenSilent", c.WhenSilent, "Open or Locked"}
	}
	return nil
}

// Lock keeps operations below a priority from a target, or from all. Its methods
// are safe for concurrent use.
type Lock struct {
	config LockConfig
	engine *Engine
	id     uint64

	mu       mutex
	expires  int64 // on the engine's clock
	unlocked bool
}

// lockbook is the locks of an engine, by ID.
type lockbook struct {
	mu     mutex
	lastID uint64
	locks  book[uint64, *Lock]
	full   int // how many there are when it looks for some that have ended by themselves
}

// sweep forgets the locks that have ended by themselves; under the lock.
func (b *lockbook) sweep() {
	for id, l := range b.locks.entries {
		if l.Silent() && l.config.WhenSilent == Open {
			b.locks.delete(id)
		}
	}
	b.full = 2 * len(b.locks.entries)
}

// Lock puts a lock into force and returns when it is: no operation that it masks
// wins from then on. It fails with an InvalidError, a StoppedError or, if ctx
// ends first, ctx's cause; then there is no lock. Locks outlive Stop and Start.
// On a shard's own goroutine it cannot wait: there it is in force a moment after.
func (e *Engine) Lock(ctx context.Context, config LockConfig) (*Lock, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	if _, err := e.live(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	stopped := e.stopped
	e.mu.Unlock()
	if stopped {
		return nil, &StoppedError{}
	}
	l := &Lock{config: config, engine: e, expires: later(e.Now(), config.For)}
	e.locks.add(l)
	l.mu.Lock()
	var set []applied
	if !l.unlocked { // by somebody who found it in Locks
		set = l.set()
	}
	l.mu.Unlock()
	if err := awaitAll(ctx, set); err != nil {
		l.Unlock()
		return nil, err
	}
	return l, nil
}

// later adds a duration to a time, as far as there is one.
func later(at int64, d time.Duration) int64 {
	if at > math.MaxInt64-int64(d) {
		return math.MaxInt64
	}
	return at + int64(d)
}

// awaitAll waits until a lock is in force in all shards.
func awaitAll(ctx context.Context, set []applied) error {
	if onShard() {
		return nil
	}
	for _, s := range set {
		select {
		case <-s.inForce:
		case <-s.ended: // its successor will know
		case <-ctx.Done():
			if !reachedYet(s.inForce) && !reachedYet(s.ended) {
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

func (b *lockbook) add(l *Lock) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.locks.entries) >= max(fewEntries, b.full) {
		b.sweep()
	}
	b.lastID++
	l.id = b.lastID
	b.locks.set(l.id, l)
}

func (b *lockbook) remove(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.locks.delete(id)
}

// Locks returns the locks that are in force, in the order in which they were
// made: those of silent owners, too, so that somebody can unlock them.
func (e *Engine) Locks() []*Lock {
	e.locks.mu.Lock()
	defer e.locks.mu.Unlock()
	var all []*Lock
	for id, l := range e.locks.locks.entries {
		if l.Silent() && l.config.WhenSilent == Open {
			e.locks.locks.delete(id)
			continue
		}
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *Lock) int { return cmp.Compare(a.id, b.id) })
	return all
}

// Config returns what the lock was made with.
func (l *Lock) Config() LockConfig { return l.config }

// Silent reports whether the last heartbeat is longer ago than LockConfig.For.
func (l *Lock) Silent() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.engine.Now() >= l.expires
}

// Heartbeat renews the lock for another LockConfig.For. It fails with
// ErrLockLost if the lock was unlocked, or had expired to Open: its target was
// open meanwhile, so that what the lock protected is to be looked at anew.
func (l *Lock) Heartbeat() error {
	if l.renew() {
		return nil
	}
	l.engine.locks.remove(l.id)
	return fmt.Errorf("%w: %q", ErrLockLost, l.config.Name)
}

func (l *Lock) renew() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.engine.Now()
	if l.unlocked || now >= l.expires && l.config.WhenSilent == Open {
		l.unlocked = true
		return false
	}
	l.expires = later(now, l.config.For)
	if l.config.WhenSilent == Open {
		l.set()
	} // else the shards do not let it expire
	return true
}

// Unlock ends the lock. Doing so twice is harmless.
func (l *Lock) Unlock() {
	l.engine.locks.remove(l.id)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unlocked {
		return
	}
	l.unlocked = true
	for _, index := range l.shards() {
		l.engine.tellShard(index, func(s *shard.Shard) bool {
			_, ok := s.Unlock(l.id)
			return ok
		})
	}
}

// applied is how a shard answers.
type applied struct{ inForce, ended <-chan struct{} }

// set puts the lock, as it is now, into its shards. It is called under l.mu, so
// that a heartbeat cannot come after Unlock.
func (l *Lock) set() (all []applied) {
	told := shard.Lock{
		ID: l.id, Name: l.config.Name, Target: l.config.Target, All: l.config.All,
		Below: int32(l.config.Below), Expires: l.expires, Stay: l.config.WhenSilent == Locked,
	}
	for _, index := range l.shards() {
		l.engine.tellShard(index, func(s *shard.Shard) bool {
			inForce, ok := s.Lock(told)
			if ok {
				all = append(all, applied{inForce, s.Done()})
			}
			return ok
		})
	}
	return all
}

// shards returns the shards that the lock concerns.
func (l *Lock) shards() []int {
	if !l.config.All {
		index, _ := l.engine.router.route(&l.config.Target)
		return []int{index}
	}
	all := make([]int, l.engine.config.Shards)
	for i := range all {
		all[i] = i
	}
	return all
}
